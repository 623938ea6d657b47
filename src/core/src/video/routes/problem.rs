//! Errors as RFC 9457 tells them: `application/problem+json` with a type that stays the same.

use alloc::{borrow::Cow, string::String};

use serde::Serialize;

use crate::http::Answer;
use crate::video::row::{Status, json};

/// What every type begins with; after it stands [`Kind::slug`].
const URN: &str = "urn:reelgate:problem:";

/// What is wrong, and the one table from that to status and words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// 400: the request's syntax, or a value in it.
    BadRequest,
    /// 401: no bearer token, or another one.
    Unauthorized,
    /// 401: a webhook that is not authentic.
    Signature,
    /// 403: a source address that is over or not ours.
    SourceSignature,
    /// 403: a good token that does not allow it.
    Forbidden,
    /// 404.
    NotFound,
    /// 405.
    MethodNotAllowed,
    /// 408: the body did not come in time.
    RequestTimeout,
    /// 409: the id has a row.
    Taken,
    /// 409: the row's status does not allow it.
    Conflict,
    /// 413.
    TooLarge,
    /// 415.
    UnsupportedMediaType,
    /// 500: variables are missing or wrong.
    Misconfigured,
    /// 500: what is stored cannot be read or trusted.
    Internal,
    /// 502: the next handler failed.
    BadGateway,
    /// 504: the next handler's bucket did not answer in time.
    GatewayTimeout,
    /// 503: the route has no secret to check with.
    NotConfigured,
    /// 503: Stream is switched off.
    StreamDisabled,
    /// 503: the catalog failed, for now.
    Unavailable,
    /// 503: the sign-in service gives no keys to check tokens with, for now.
    KeysUnavailable,
    /// 503: whether there is such a film cannot be told, for now.
    FilmUnavailable,
    /// 503: as many videos are in flight as may be.
    Full,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 22] = [
        Self::BadRequest,
        Self::Unauthorized,
        Self::Signature,
        Self::SourceSignature,
        Self::Forbidden,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::RequestTimeout,
        Self::Taken,
        Self::Conflict,
        Self::TooLarge,
        Self::UnsupportedMediaType,
        Self::Misconfigured,
        Self::Internal,
        Self::BadGateway,
        Self::GatewayTimeout,
        Self::NotConfigured,
        Self::StreamDisabled,
        Self::Unavailable,
        Self::KeysUnavailable,
        Self::FilmUnavailable,
        Self::Full,
    ];

    /// Status, last part of the type, title.
    fn entry(self) -> (u16, &'static str, &'static str) {
        match self {
            Self::BadRequest => (400, "bad-request", "The request is not valid"),
            Self::Unauthorized => (401, "unauthorized", "A valid bearer token is needed"),
            Self::Signature => (401, "signature", "The webhook is not authentic"),
            Self::SourceSignature => (403, "source-signature", "The source address is not valid"),
            Self::Forbidden => (403, "forbidden", "The viewer may not watch this"),
            Self::NotFound => (404, "not-found", "There is no such thing"),
            Self::MethodNotAllowed => (405, "method-not-allowed", "The method is not allowed here"),
            Self::RequestTimeout => (408, "request-timeout", "The body did not come in time"),
            Self::Taken => (409, "taken", "The id is taken"),
            Self::Conflict => (409, "conflict", "The video's status does not allow it"),
            Self::TooLarge => (413, "too-large", "The body is too large"),
            Self::UnsupportedMediaType => (
                415,
                "unsupported-media-type",
                "The body is to be application/json",
            ),
            Self::Misconfigured => (500, "misconfigured", "The service is misconfigured"),
            Self::Internal => (500, "internal", "The catalog cannot be used"),
            Self::BadGateway => (502, "bad-gateway", "The original cannot be reached"),
            Self::GatewayTimeout => (504, "gateway-timeout", "The original did not come in time"),
            Self::NotConfigured => (503, "not-configured", "The route is not configured"),
            Self::StreamDisabled => (503, "stream-disabled", "Encoding is switched off"),
            Self::Unavailable => (503, "unavailable", "The catalog is not available"),
            Self::KeysUnavailable => (503, "keys-unavailable", "Tokens cannot be checked now"),
            Self::FilmUnavailable => (503, "film-unavailable", "The film cannot be reached now"),
            Self::Full => (503, "full", "Too many videos are in flight"),
        }
    }

    /// The status code.
    #[must_use]
    pub fn status(self) -> u16 {
        self.entry().0
    }

    /// The last part of the type: `taken`.
    #[must_use]
    pub fn slug(self) -> &'static str {
        self.entry().1
    }
}

/// One problem, to be rendered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    kind: Kind,
    detail: Option<String>,
    reason: Option<&'static str>,
    video_status: Option<Status>,
}

impl Problem {
    /// A problem of that kind, with nothing more to say.
    #[must_use]
    pub fn new(kind: Kind) -> Self {
        Self {
            kind,
            detail: None,
            reason: None,
            video_status: None,
        }
    }

    /// Says what exactly is wrong; for the client to read, so free of secrets.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Adds a word for programs, as member `reason`.
    #[must_use]
    pub fn reason(mut self, reason: &'static str) -> Self {
        self.reason = Some(reason);
        self
    }

    /// Adds the video's status, as member `video_status`.
    #[must_use]
    pub fn video_status(mut self, status: Status) -> Self {
        self.video_status = Some(status);
        self
    }

    /// The answer. Never to be cached.
    #[must_use]
    pub fn render(&self) -> Answer {
        #[derive(Serialize)]
        struct Body<'a> {
            r#type: String,
            title: &'static str,
            status: u16,
            #[serde(skip_serializing_if = "Option::is_none")]
            detail: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            reason: Option<&'static str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            video_status: Option<Status>,
        }
        let (status, slug, title) = self.kind.entry();
        let body = json(&Body {
            r#type: alloc::format!("{URN}{slug}"),
            title,
            status,
            detail: self.detail.as_deref(),
            reason: self.reason,
            video_status: self.video_status,
        });
        let mut answer = Answer::with_body(status, "application/problem+json", body);
        let headers = &mut answer.head.headers;
        headers.extend(NO_STORE);
        match self.kind {
            Kind::Unauthorized => headers.push(("www-authenticate", Cow::Borrowed(b"Bearer"))),
            // RFC 9110 §11.6.1 wants a challenge with every 401.
            Kind::Signature => {
                headers.push(("www-authenticate", Cow::Borrowed(b"Webhook-Signature")));
            }
            Kind::Unavailable | Kind::Full => {
                headers.push(("retry-after", Cow::Borrowed(b"5")));
            }
            _ => {}
        }
        answer
    }
}

/// What every answer of these routes says: not to be kept, not to be guessed at.
pub(super) const NO_STORE: [(&str, Cow<'static, [u8]>); 2] = [
    ("cache-control", Cow::Borrowed(b"private, no-store")),
    ("x-content-type-options", Cow::Borrowed(b"nosniff")),
];

/// 405 with `Allow` (RFC 9110 §15.5.6).
pub(crate) fn method_not_allowed(allow: &'static str) -> Answer {
    let mut answer = Problem::new(Kind::MethodNotAllowed)
        .detail(alloc::format!("allowed are {allow}"))
        .render();
    let allow = Cow::Borrowed(allow.as_bytes());
    answer.head.headers.push(("allow", allow));
    answer
}

/// A JSON answer that is not to be kept.
pub(crate) fn json_answer(status: u16, body: alloc::vec::Vec<u8>) -> Answer {
    let mut answer = Answer::with_body(status, "application/json", body);
    answer.head.headers.extend(NO_STORE);
    answer
}

/// 500, for a component whose own variables cannot be used.
#[must_use]
pub fn misconfigured() -> Answer {
    Problem::new(Kind::Misconfigured)
        .detail("misconfigured; the log names the variables")
        .render()
}
