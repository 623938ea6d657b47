//! Leave to ask the next handler, and what becomes of its answer.

use alloc::{borrow::Cow, string::String};

use super::{
    LogFields,
    common::{Audience, NO_STORE},
    reply::error,
};
use crate::{
    cookie::SetCookie,
    http::{Answer, Head, HeaderSource, Headers, Method},
    key::ObjectKey,
    token::{Verified, playback, session},
};

/// What of the player's headers the next handler gets to see. Cookies, `Authorization`, addresses and
/// the browser's name are not on the list.
const TO_NEXT: [&str; 7] = [
    "range",
    "if-range",
    "if-match",
    "if-none-match",
    "if-modified-since",
    "if-unmodified-since",
    "x-request-id",
];

/// What of the next handler's headers the player gets to see.
const TO_PLAYER: [&str; 7] = [
    "content-type",
    "content-length",
    "content-encoding",
    "content-range",
    "accept-ranges",
    "etag",
    "last-modified",
];

/// The verified claims without which there is no [`Pass`].
#[derive(Debug)]
pub(super) enum Proof {
    Token(Verified<playback::Claims>),
    Session(Verified<session::Claims>),
}

impl Proof {
    fn subject(&self) -> Option<&str> {
        match self {
            Self::Token(claims) => claims.subject.as_deref(),
            Self::Session(claims) => Some(&claims.subject),
        }
    }
}

/// Leave to ask the next handler for one object. Only [`decide`](super::decide) grants it, on verified
/// claims that open the object's game.
#[derive(Debug)]
pub struct Pass {
    audience: Audience,
    key: ObjectKey,
    headers: Headers,
    proof: Proof,
    set_cookie: Option<SetCookie>,
}

impl Pass {
    pub(super) fn new<H: HeaderSource + ?Sized>(
        request: &H,
        audience: Audience,
        key: ObjectKey,
        proof: Proof,
        set_cookie: Option<SetCookie>,
    ) -> Self {
        let mut headers = Headers::new();
        for name in TO_NEXT {
            headers.extend(
                request
                    .values(name)
                    .map(|value| (name, Cow::Owned(value.to_vec()))),
            );
        }
        Self {
            audience,
            key,
            headers,
            proof,
            set_cookie,
        }
    }

    /// The method to ask with: GET or HEAD.
    #[must_use]
    pub fn method(&self) -> Method {
        self.audience.method
    }

    /// The object asked for.
    #[must_use]
    pub fn key(&self) -> &ObjectKey {
        &self.key
    }

    /// The path to ask for: canonical, without query and session.
    #[must_use]
    pub fn target(&self) -> String {
        self.key.to_path()
    }

    /// The headers to ask with: ranges, conditions and the request's id.
    #[must_use]
    pub fn headers(&self) -> &Headers {
        &self.headers
    }

    /// What the log may know.
    #[must_use]
    pub fn log_fields(&self) -> LogFields<'_> {
        LogFields::new(Some(self.key.game().as_str()), self.proof.subject(), None)
    }

    /// Status and headers for the player when the next handler answered with `status` and `upstream`;
    /// the body is passed on as it comes.
    #[must_use]
    pub fn respond<H: HeaderSource + ?Sized>(&self, status: u16, upstream: &H) -> Head {
        let mut headers = Headers::with_capacity(TO_PLAYER.len() + 10);
        for name in TO_PLAYER
            .into_iter()
            .filter(|name| is_passed_on(name, status))
        {
            copy(name, upstream, &mut headers);
        }
        if status == 503 {
            copy("retry-after", upstream, &mut headers);
        }
        let set_cookie = self.set_cookie.as_ref().filter(|_| status < 400);
        let cache_control = match set_cookie {
            None if status < 400 => self.key.cache_control().as_bytes(),
            _ => NO_STORE,
        };
        headers.push(("cache-control", Cow::Borrowed(cache_control)));
        if let Some(cookie) = set_cookie {
            headers.push((
                "set-cookie",
                Cow::Owned(cookie.as_str().as_bytes().to_vec()),
            ));
        }
        self.audience.finish(&mut headers, &self.log_fields());
        Head { status, headers }
    }

    /// The answer when the next handler failed to give one: 502.
    #[must_use]
    pub fn unavailable(&self) -> Answer {
        let mut answer = error(502, "Bad Gateway");
        self.audience
            .finish(&mut answer.head.headers, &self.log_fields());
        answer.for_method(self.audience.method)
    }
}

/// Whether an answer of that status keeps the header. Of an error only its text and, with 416, the
/// object's size; a 304 speaks of no body, and a length beside none misleads hosts that count.
fn is_passed_on(name: &str, status: u16) -> bool {
    match status {
        304 => name != "content-length",
        416 => matches!(name, "content-type" | "content-length" | "content-range"),
        400.. => matches!(name, "content-type" | "content-length"),
        _ => true,
    }
}

/// Copies a header that must not repeat; one that does is left out.
fn copy<H: HeaderSource + ?Sized>(name: &'static str, from: &H, to: &mut Headers) {
    let mut values = from.values(name);
    if let (Some(value), None) = (values.next(), values.next()) {
        to.push((name, Cow::Owned(value.to_vec())));
    }
}
