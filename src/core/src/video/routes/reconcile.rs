//! The route by which a sweep is asked for: `POST /api/internal/reconcile`.

use crate::video::{
    routes::bearer,
    routes::problem::{json_answer, method_not_allowed},
    sweep::Summary,
};
use crate::{
    http::{Answer, HeaderSource, Method, Request},
    secret::Secret,
};

/// The route's path.
pub const PATH: &str = "/api/internal/reconcile";

/// Lets a request through that may ask for a sweep. Its body is not read.
///
/// # Errors
/// The answer: 405, 503 while `admin_token` is not set, 401.
pub fn authorise<H: HeaderSource + ?Sized>(
    request: &Request<'_, H>,
    admin: Option<&Secret>,
) -> Result<(), Answer> {
    if request.method != Method::Post {
        return Err(method_not_allowed("POST").for_method(request.method));
    }
    bearer::authorise(request.headers, admin)
}

/// The answer after a sweep; or, with a reason in `disabled`, after none.
#[must_use]
pub fn done(summary: &Summary, disabled: Option<&str>) -> Answer {
    json_answer(200, summary.to_json(disabled))
}
