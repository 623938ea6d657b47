//! A request as it arrived, in the words of the rules.

use crate::body::Body;
use reelgate_core::http::{self, Method};
use wasip3::http::types::{self, Request};

/// Header fields as WASI lists them.
pub type Fields = Vec<(String, Vec<u8>)>;

/// Method, target and headers of a request, copied out of the host once.
#[derive(Debug)]
pub struct Incoming {
    method: Method,
    target: String,
    headers: Fields,
}

impl Incoming {
    /// Reads the head of `request` and drops its body.
    #[must_use]
    pub fn read(request: Request) -> Self {
        Self::with_body(request).0
    }

    /// Reads the head of `request`, and gives its body.
    #[must_use]
    pub fn with_body(request: Request) -> (Self, Body) {
        let incoming = Self {
            method: match request.get_method() {
                types::Method::Get => Method::Get,
                types::Method::Head => Method::Head,
                types::Method::Options => Method::Options,
                types::Method::Post => Method::Post,
                types::Method::Put => Method::Put,
                types::Method::Delete => Method::Delete,
                _ => Method::Other,
            },
            target: request.get_path_with_query().unwrap_or_else(|| "/".into()),
            headers: request.get_headers().copy_all(),
        };
        (incoming, Body::of(request))
    }

    /// The request as the rules want it.
    #[must_use]
    pub fn request(&self) -> http::Request<'_, [(String, Vec<u8>)]> {
        http::Request {
            method: self.method,
            target: &self.target,
            headers: &self.headers,
        }
    }
}
