//! The handler behind this one.

use crate::bindings::wasi::http::handler;
use crate::fetch::bodiless;
use reelgate_core::http::{Headers, Method};
use wasip3::http::types::{ErrorCode, Response};

/// Asks the next handler for `target` (path and query). No body is sent.
///
/// # Errors
///
/// What the next handler failed with; it gave no answer then.
pub async fn next(method: Method, target: &str, headers: &Headers) -> Result<Response, ErrorCode> {
    let request = bodiless(method, headers, None)?;
    request
        .set_path_with_query(Some(target))
        .map_err(|()| ErrorCode::HttpRequestUriInvalid)?;
    handler::handle(request).await
}
