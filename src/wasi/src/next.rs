//! The handler behind this one.

use crate::fetch::bodiless;
use reelgate_core::http::{Headers, Method};
use wasip3::http::types::{ErrorCode, Request};

/// Makes a component a middleware: imports the handler behind it, and defines
/// `async fn next(method, target, headers) -> Result<Response, ErrorCode>` to ask it.
///
/// The bindings are made in the component's own crate, so that only a middleware imports a handler.
#[macro_export]
macro_rules! import_next {
    () => {
        #[allow(
            unsafe_code,
            missing_docs,
            clippy::all,
            reason = "generated: foreign calls need it"
        )]
        mod next_bindings {
            wit_bindgen::generate!({
                path: "../../wit",
                world: "middleware",
                with: {
                    "wasi:clocks/types@0.3.0": wasip3::clocks::types,
                    "wasi:http/types@0.3.0": wasip3::http::types,
                },
                generate_all,
            });
        }

        /// Asks the next handler for `target` (path and query). No body is sent.
        ///
        /// # Errors
        ///
        /// What the next handler failed with; it gave no answer then.
        async fn next(
            method: $crate::core::http::Method,
            target: &str,
            headers: &$crate::core::http::Headers,
        ) -> Result<$crate::Response, $crate::ErrorCode> {
            let request = $crate::request_for_next(method, target, headers)?;
            next_bindings::wasi::http::handler::handle(request).await
        }
    };
}

/// A request to the next handler.
///
/// # Errors
///
/// The host refused the target or a header.
#[doc(hidden)]
pub fn request_for_next(
    method: Method,
    target: &str,
    headers: &Headers,
) -> Result<Request, ErrorCode> {
    let (request, _sent) = bodiless(method, headers, None)?;
    request
        .set_path_with_query(Some(target))
        .map_err(|()| ErrorCode::HttpRequestUriInvalid)?;
    Ok(request)
}
