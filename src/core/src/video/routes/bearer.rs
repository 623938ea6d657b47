//! The operator's token on a request.

use super::problem::{Kind, Problem};
use crate::{
    http::{Answer, HeaderSource, bearer},
    secret::Secret,
};

/// Lets a request with the operator's token through (RFC 6750 §2.1).
///
/// # Errors
/// The answer: 503 while there is no token to compare with, 401 for none, several or another one.
pub(super) fn authorise<H: HeaderSource + ?Sized>(
    headers: &H,
    admin: Option<&Secret>,
) -> Result<(), Answer> {
    let Some(admin) = admin else {
        let problem = Problem::new(Kind::NotConfigured).detail("admin_token is not set");
        return Err(problem.render());
    };
    if bearer(headers).is_some_and(|token| admin.is(token)) {
        return Ok(());
    }
    Err(Problem::new(Kind::Unauthorized).render())
}
