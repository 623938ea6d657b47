//! The little of HTTP that rules need, independent of any host's types.

use alloc::{
    borrow::Cow,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;

/// Request methods a rule tells apart (RFC 9110 §9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// `GET`
    Get,
    /// `HEAD`: as `GET`, the body left out.
    Head,
    /// `OPTIONS`: a CORS preflight.
    Options,
    /// `POST`: a command, a report.
    Post,
    /// `PUT`: an upload; only asked for, never taken.
    Put,
    /// `DELETE`
    Delete,
    /// Everything else; refused with 405.
    Other,
}

/// Where header values are looked up: a component's field list, a host's header map, a test's array.
pub trait HeaderSource {
    /// Every value of the header `name` in the order received; `name` is given in lower case and
    /// matched without regard to case (RFC 9110 §5.1).
    fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]>;

    /// The value of a header that must not repeat: `None` when absent, repeated or not visible ASCII.
    fn single<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        let mut values = self.values(name);
        let value = values.next()?;
        if values.next().is_some() || !value.is_ascii() {
            return None;
        }
        core::str::from_utf8(value).ok()
    }
}

impl<N: AsRef<str>, V: AsRef<[u8]>> HeaderSource for [(N, V)] {
    fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.iter()
            .filter(move |(candidate, _)| candidate.as_ref().eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_ref())
    }
}

impl<N: AsRef<str>, V: AsRef<[u8]>> HeaderSource for Vec<(N, V)> {
    fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.as_slice().values(name)
    }
}

/// The token of a request's one `Authorization: Bearer` header (RFC 6750 §2.1). The scheme's name has no
/// case (RFC 9110 §11.1).
pub fn bearer<H: HeaderSource + ?Sized>(headers: &H) -> Option<&str> {
    let (scheme, token) = headers.single("authorization")?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// A request as a rule sees it, without its body, which few routes read. `Debug` shows
/// its method alone, for target and headers hold credentials.
pub struct Request<'a, H: ?Sized> {
    /// The method.
    pub method: Method,
    /// Path and query as received, percent-encoding untouched; `/` when the client sent none.
    pub target: &'a str,
    /// The headers as received.
    pub headers: &'a H,
}

impl<H: ?Sized> fmt::Debug for Request<'_, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}

/// Header fields in the order they are to be sent, names in lower case.
pub type Headers = Vec<(&'static str, Cow<'static, [u8]>)>;

/// Status and headers of an answer whose body comes from elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The status code (RFC 9110 §15).
    pub status: u16,
    /// The header fields.
    pub headers: Headers,
}

/// A whole answer made by a rule itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Status and headers; `content-length` is set where a body may be.
    pub head: Head,
    /// The body; empty for HEAD, 204 and 304.
    pub body: Cow<'static, [u8]>,
}

impl Answer {
    /// A short plain-text answer, as every error is.
    #[must_use]
    pub fn text(status: u16, body: impl Into<String>) -> Self {
        Self::with_body(
            status,
            "text/plain; charset=utf-8",
            body.into().into_bytes(),
        )
    }

    /// An answer with `body`, its `content-type` and its `content-length`.
    #[must_use]
    pub fn with_body(status: u16, content_type: &'static str, body: Vec<u8>) -> Self {
        let headers = alloc::vec![
            ("content-type", Cow::Borrowed(content_type.as_bytes())),
            (
                "content-length",
                Cow::Owned(body.len().to_string().into_bytes())
            ),
        ];
        Self {
            head: Head { status, headers },
            body: Cow::Owned(body),
        }
    }

    /// An answer that never has a body: 204 and 304.
    #[must_use]
    pub fn empty(status: u16) -> Self {
        Self {
            head: Head {
                status,
                headers: Headers::new(),
            },
            body: Cow::Borrowed(&[]),
        }
    }

    /// The same answer as `method` wants it: to HEAD the headers stay and the body goes (RFC 9110 §9.3.2).
    #[must_use]
    pub fn for_method(mut self, method: Method) -> Self {
        if method == Method::Head {
            self.body = Cow::Borrowed(&[]);
        }
        self
    }
}
