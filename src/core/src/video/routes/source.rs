//! The source route: Stream fetches an original by an address that is signed for one key and a time.
//!
//! `GET|HEAD /api/internal/stream-source?key=&exp=&sig=`, where `sig` is HMAC-SHA256 in hexadecimal over
//! `stream-source:v1`, key and end, a line each. The secrets are the webhook's: the first signs, and all verify.
//! One address is good for HEAD and GET, ranges included, until its end.
//!
//! A driver asks [`decide`]. On [`Decision::Forward`] it asks the next handler for
//! [`Forward::target`] with [`Forward::headers`], and answers what [`Forward::respond`] says.

use alloc::{
    borrow::Cow,
    format,
    string::{String, ToString},
};
use core::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::problem::{Kind, NO_STORE, Problem, method_not_allowed};
use crate::{
    hex,
    http::{Answer, Head, HeaderSource, Headers, Method, Request},
    key::SourceKey,
    query::{self, BadParameter},
    secret::Secrets,
    time::UnixTime,
};

/// The route's path.
pub const PATH: &str = "/api/internal/stream-source";

/// How long an address stays good, in seconds. Stream may queue a copy for hours before it fetches.
pub const LIFE_SECONDS: u64 = 6 * 3600;

/// What is signed before key and end, so that no other use of the secret gives such a tag.
const CONTEXT: &[u8] = b"stream-source:v1\n";

/// All but RFC 3986's unreserved characters.
const ESCAPED_IN_QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// What of Stream's headers the next handler gets to see.
const TO_NEXT: [&str; 7] = [
    "range",
    "if-range",
    "if-match",
    "if-none-match",
    "if-modified-since",
    "if-unmodified-since",
    "x-request-id",
];

/// What of an object's headers Stream gets to see. No `content-encoding`: originals have none.
const TO_STREAM: [&str; 6] = [
    "content-type",
    "content-length",
    "content-range",
    "etag",
    "last-modified",
    "content-encoding",
];

/// The signed path and query of an original, good until `expires`, under the first of `secrets`.
#[must_use]
pub fn sign(secrets: &Secrets, key: &SourceKey, expires: UnixTime) -> String {
    let end = expires.0.to_string();
    let tag = secrets.sign(&message(key.as_str(), &end));
    let escaped = utf8_percent_encode(key.as_str(), ESCAPED_IN_QUERY);
    format!("{PATH}?key={escaped}&exp={end}&sig={}", hex::lower(&tag))
}

/// Why an address does not open anything; the word stands in the answer as `reason`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// A parameter is missing, empty, there twice or no text.
    Parameter(&'static str),
    /// `key` is no key, or `exp` no number.
    Malformed(&'static str),
    /// `sig` is not that of key and end.
    Signature,
    /// The end is past.
    Expired,
}

impl Refused {
    /// The answer: 400 or 403.
    #[must_use]
    pub fn render(self) -> Answer {
        match self {
            Self::Parameter(name) => Problem::new(Kind::BadRequest)
                .reason("parameter")
                .detail(format!("parameter `{name}` is missing, empty or repeated")),
            Self::Malformed(name) => Problem::new(Kind::BadRequest)
                .reason("malformed")
                .detail(format!("parameter `{name}` cannot be read")),
            Self::Signature => Problem::new(Kind::SourceSignature)
                .reason("signature")
                .detail("the signature is not that of this key and end"),
            Self::Expired => Problem::new(Kind::SourceSignature)
                .reason("expired")
                .detail("the address was good until a time that is past"),
        }
        .render()
    }
}

/// What is to be done with a request.
#[derive(Debug)]
pub enum Decision {
    /// This is the answer.
    Answer(Answer),
    /// The next handler is asked.
    Forward(Forward),
}

/// Leave to ask the next handler for one original. Only [`decide`] grants it, on a signature.
pub struct Forward {
    method: Method,
    key: SourceKey,
    headers: Headers,
}

impl fmt::Debug for Forward {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Forward")
            .field("method", &self.method)
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

/// Decides about a request. `secrets` are `None` while none is configured.
#[must_use]
pub fn decide<H: HeaderSource + ?Sized>(
    request: &Request<'_, H>,
    secrets: Option<&Secrets>,
    now: UnixTime,
) -> Decision {
    let answer = |answer: Answer| Decision::Answer(answer.for_method(request.method));
    if !matches!(request.method, Method::Get | Method::Head) {
        return Decision::Answer(method_not_allowed("GET, HEAD"));
    }
    let Some(secrets) = secrets else {
        return answer(
            Problem::new(Kind::NotConfigured)
                .detail("cf_stream_webhook_secret is not set")
                .render(),
        );
    };
    match verify(query::query_of(request.target), secrets, now) {
        Ok(key) => Decision::Forward(Forward::new(request, key)),
        Err(refused) => answer(refused.render()),
    }
}

/// The key that a query opens.
///
/// # Errors
/// [`Refused`], of the signature before the end: who cannot sign learns nothing of the end.
pub fn verify(query: &str, secrets: &Secrets, now: UnixTime) -> Result<SourceKey, Refused> {
    let key = required(query, "key")?;
    let end = required(query, "exp")?;
    let signature = required(query, "sig")?;
    let key = SourceKey::new(&key).map_err(|_| Refused::Malformed("key"))?;
    let expires: u64 = end.parse().map_err(|_| Refused::Malformed("exp"))?;
    let tag = hex::tag(&signature).ok_or(Refused::Signature)?;
    if !secrets.verify(&message(key.as_str(), &end), &tag) {
        return Err(Refused::Signature);
    }
    if now.0 > expires {
        return Err(Refused::Expired);
    }
    Ok(key)
}

fn required(query: &str, name: &'static str) -> Result<String, Refused> {
    match query::parameter(query, name) {
        Ok(Some(value)) => Ok(value),
        Ok(None) | Err(BadParameter::Repeated) => Err(Refused::Parameter(name)),
        Err(BadParameter::NotText) => Err(Refused::Malformed(name)),
    }
}

fn message<'a>(key: &'a str, end: &'a str) -> [&'a [u8]; 4] {
    [CONTEXT, key.as_bytes(), b"\n", end.as_bytes()]
}

impl Forward {
    fn new<H: HeaderSource + ?Sized>(request: &Request<'_, H>, key: SourceKey) -> Self {
        let mut headers = Headers::new();
        for name in TO_NEXT {
            let values = request.headers.values(name);
            headers.extend(values.map(|value| (name, Cow::Owned(value.to_vec()))));
        }
        Self {
            method: request.method,
            key,
            headers,
        }
    }

    /// The method to ask with: GET or HEAD.
    #[must_use]
    pub fn method(&self) -> Method {
        self.method
    }

    /// The original; for the log.
    #[must_use]
    pub fn key(&self) -> &SourceKey {
        &self.key
    }

    /// The path to ask for.
    #[must_use]
    pub fn target(&self) -> String {
        self.key.to_path()
    }

    /// The headers to ask with: ranges, conditions and the request's id.
    #[must_use]
    pub fn headers(&self) -> &Headers {
        &self.headers
    }

    /// The answer when the next handler answered with `status` and `upstream`.
    #[must_use]
    pub fn respond<H: HeaderSource + ?Sized>(&self, status: u16, upstream: &H) -> Respond {
        match status {
            200 | 206 | 304 | 412 | 416 => Respond::Forward(self.head(status, upstream)),
            404 => Respond::Answer(self.problem(Kind::NotFound, "the bucket has no such object")),
            503 => Respond::Answer(self.problem(Kind::Unavailable, "the bucket is busy")),
            504 => Respond::Answer(
                self.problem(Kind::GatewayTimeout, "the bucket did not answer in time"),
            ),
            _ => Respond::Answer(self.unavailable()),
        }
    }

    /// The answer when the next handler failed to give one: 502.
    #[must_use]
    pub fn unavailable(&self) -> Answer {
        self.problem(Kind::BadGateway, "the log says more")
    }

    fn problem(&self, kind: Kind, detail: &str) -> Answer {
        Problem::new(kind)
            .detail(detail)
            .render()
            .for_method(self.method)
    }

    fn head<H: HeaderSource + ?Sized>(&self, status: u16, upstream: &H) -> Head {
        let mut headers = Headers::new();
        for name in TO_STREAM {
            if let Some(value) = upstream.single(name) {
                headers.push((name, Cow::Owned(value.as_bytes().to_vec())));
            }
        }
        if status < 300 {
            headers.push(("accept-ranges", Cow::Borrowed(b"bytes")));
        }
        // Stream reads the size from here, and a bucket's answer to HEAD has no range.
        if let (200, Method::Head, Some(size)) = (status, self.method, size(upstream)) {
            let range = format!("bytes 0-{}/{size}", size - 1);
            headers.retain(|(name, _)| *name != "content-range");
            headers.push(("content-range", Cow::Owned(range.into_bytes())));
        }
        headers.extend(NO_STORE);
        Head { status, headers }
    }
}

/// What becomes of the next handler's answer.
#[derive(Debug)]
pub enum Respond {
    /// This head, and the next handler's body as it comes.
    Forward(Head),
    /// This answer; the next handler's body is dropped.
    Answer(Answer),
}

/// The size of an object that has one byte at least: of none there is no range (RFC 9110 §14.4).
fn size<H: HeaderSource + ?Sized>(upstream: &H) -> Option<u64> {
    let length = upstream.single("content-length")?;
    length.parse().ok().filter(|size| *size > 0)
}

#[cfg(test)]
mod tests;
