//! What every answer of the gate carries, forwarded or its own.

use alloc::{borrow::Cow, string::String};

use super::{Config, LogFields};
use crate::{
    cors::{self, RequestHeaders},
    http::{HeaderSource, Headers, Method, Request},
};

/// The header in which a gate tells its host what to log (see [`LogFields`]). The host must take it out
/// of the answer; without a host that asks for it, it is not sent.
pub const LOG_HEADER: &str = "x-reelgate-log";

/// `Cache-Control` of answers that hold a session, and of errors: no cache may keep them.
pub const NO_STORE: &str = "private, no-store";

/// What of the request decides how its answer looks.
#[derive(Clone, Debug)]
pub(super) struct Audience {
    pub(super) method: Method,
    /// The request's origin, when it may read the answer.
    pub(super) origin: Option<String>,
    /// What its page may send along; `Some` where it asks.
    pub(super) request_headers: Option<RequestHeaders>,
    log_header: bool,
}

impl Audience {
    pub(super) fn of<H: HeaderSource + ?Sized>(request: &Request<'_, H>, config: &Config) -> Self {
        Self {
            method: request.method,
            origin: config.origins.allowed(request.headers).map(String::from),
            request_headers: (request.method == Method::Options)
                .then(|| config.request_headers.clone()),
            log_header: config.log_header,
        }
    }

    /// Nobody in particular, for want of a configuration that could tell.
    pub(super) fn unknown(method: Method) -> Self {
        Self {
            method,
            origin: None,
            request_headers: None,
            log_header: false,
        }
    }

    /// Adds the headers that no answer goes without.
    pub(super) fn finish(&self, headers: &mut Headers, log: &LogFields<'_>) {
        add_common(headers, self.origin.as_deref());
        if self.log_header {
            headers.push((LOG_HEADER, Cow::Owned(log.to_header().into_bytes())));
        }
    }
}

/// Adds what every answer of a gate carries. `origin` is the request's, if its page may read the answer.
pub fn add_common(headers: &mut Headers, origin: Option<&str>) {
    headers.push(("x-content-type-options", Cow::Borrowed(b"nosniff")));
    headers.push(("referrer-policy", Cow::Borrowed(b"no-referrer")));
    headers.push((
        "cross-origin-resource-policy",
        Cow::Borrowed(b"cross-origin"),
    ));
    cors::add(headers, origin);
}
