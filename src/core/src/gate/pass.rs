//! Leave to ask the next handler, and what becomes of its answer.

use alloc::{borrow::Cow, string::String, vec};

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

/// Whether [`decide`](super::decide) looks at the header `name`, given in lower case: credentials, who
/// may read the answer, and what goes on to the next handler.
#[must_use]
pub fn reads(name: &str) -> bool {
    matches!(name, "cookie" | "origin") || TO_NEXT.contains(&name)
}

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
    target: String,
    headers: Headers,
    proof: Proof,
    set_cookie: Option<SetCookie>,
}

impl Pass {
    pub(super) fn new<H: HeaderSource + ?Sized>(
        request: &H,
        audience: Audience,
        key: ObjectKey,
        target: String,
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
            target,
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

    /// What to ask for: the canonical path, without session; with a query for a clip alone, and in it
    /// nothing but what makes the clip.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.target
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
        for name in passed_on(status) {
            copy(name, upstream, &mut headers);
        }
        if status < 400 {
            headers.extend(self.on_success());
        } else {
            headers.push(("cache-control", Cow::Borrowed(NO_STORE.as_bytes())));
        }
        self.audience.finish(&mut headers, &self.log_fields());
        Head { status, headers }
    }

    /// What an answer below 400 carries beside what every answer does: how long it may be kept, and the
    /// session. An error carries `Cache-Control:` [`NO_STORE`] instead.
    #[must_use]
    pub fn on_success(&self) -> Headers {
        let Some(cookie) = &self.set_cookie else {
            let cache_control = Cow::Borrowed(self.key.cache_control().as_bytes());
            return vec![("cache-control", cache_control)];
        };
        vec![
            ("cache-control", Cow::Borrowed(NO_STORE.as_bytes())),
            (
                "set-cookie",
                Cow::Owned(cookie.as_str().as_bytes().to_vec()),
            ),
        ]
    }

    /// The request's origin, if its page may read the answer.
    #[must_use]
    pub fn origin(&self) -> Option<&str> {
        self.audience.origin.as_deref()
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

/// The headers of the next handler that an answer of `status` keeps, each if it is there just once. Of
/// an error only its text and, with 416, the object's size; a 304 speaks of no body, and a length beside
/// none misleads hosts that count.
pub fn passed_on(status: u16) -> impl Iterator<Item = &'static str> {
    let kept = move |name: &&'static str| match status {
        304 => *name != "content-length",
        416 => matches!(*name, "content-type" | "content-length" | "content-range"),
        400.. => matches!(*name, "content-type" | "content-length"),
        _ => true,
    };
    let retry_after = (status == 503).then_some("retry-after");
    TO_PLAYER.into_iter().filter(kept).chain(retry_after)
}

/// Copies a header that must not repeat; one that does is left out.
fn copy<H: HeaderSource + ?Sized>(name: &'static str, from: &H, to: &mut Headers) {
    let mut values = from.values(name);
    if let (Some(value), None) = (values.next(), values.next()) {
        to.push((name, Cow::Owned(value.to_vec())));
    }
}
