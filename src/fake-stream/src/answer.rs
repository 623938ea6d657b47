//! Answers: Cloudflare's envelope, plain JSON, and files.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::Full;
use serde_json::{Value, json};

/// An answer on its way.
pub(crate) type Answer = Response<Full<Bytes>>;

/// An error of the API: status, code and message, as Cloudflare writes them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ApiError(
    pub(crate) StatusCode,
    pub(crate) u32,
    pub(crate) &'static str,
);

impl ApiError {
    pub(crate) const UNAUTHENTICATED: Self =
        Self(StatusCode::FORBIDDEN, 10_000, "Authentication error");
    pub(crate) const NO_TOKEN: Self = Self(
        StatusCode::BAD_REQUEST,
        9_106,
        "Missing X-Auth-Key, X-Auth-Email or Authorization headers",
    );
    pub(crate) const NOT_FOUND: Self = Self(StatusCode::NOT_FOUND, 10_003, "Not Found");
    pub(crate) const BAD_REQUEST: Self = Self(StatusCode::BAD_REQUEST, 10_005, "Bad Request");
    pub(crate) const NO_METHOD: Self =
        Self(StatusCode::METHOD_NOT_ALLOWED, 10_405, "Method not allowed");
    pub(crate) const RATE: Self = Self(
        StatusCode::TOO_MANY_REQUESTS,
        971,
        "Please wait and consider throttling your request speed",
    );
    pub(crate) const FULL: Self = Self(
        StatusCode::TOO_MANY_REQUESTS,
        10_008,
        "Too many videos are queued or being encoded",
    );

    pub(crate) fn answer(self) -> Answer {
        let Self(status, code, message) = self;
        let errors = json!([{"code": code, "message": message}]);
        let envelope = json!({"success": false, "errors": errors, "messages": [], "result": null});
        json_answer(status, &envelope)
    }
}

/// A result in Cloudflare's envelope.
pub(crate) fn result(result: Value) -> Answer {
    let envelope = json!({"success": true, "errors": [], "messages": [], "result": result});
    json_answer(StatusCode::OK, &envelope)
}

pub(crate) fn json_answer(status: StatusCode, value: &Value) -> Answer {
    content(status, "application/json", value.to_string().into())
}

pub(crate) fn content(status: StatusCode, kind: &'static str, body: Bytes) -> Answer {
    let mut answer = Response::new(Full::new(body));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    answer
}

pub(crate) fn empty(status: StatusCode) -> Answer {
    let mut answer = Response::new(Full::default());
    *answer.status_mut() = status;
    answer
}
