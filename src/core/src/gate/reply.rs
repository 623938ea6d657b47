//! Answers the gate makes itself.

use alloc::{
    borrow::Cow,
    format,
    string::{String, ToString},
};

use serde::Serialize;

use super::{
    LogFields,
    common::{Audience, NO_STORE},
};
use crate::{
    clip::BadClip,
    cookie::SetCookie,
    cors,
    http::{Answer, Method},
    key::ObjectKey,
    token::{Reason, session::Session},
};

const ALLOW: &[u8] = b"GET, HEAD, OPTIONS";

/// What the gate answers without asking anybody.
#[derive(Debug)]
pub enum Outcome {
    /// `OPTIONS`: 204, and what a page of an allowed origin may do.
    Preflight,
    /// Another method than GET, HEAD, OPTIONS: 405.
    MethodNotAllowed,
    /// No route, or a path that names no object: 404.
    NotFound,
    /// A clip of nothing: 400.
    BadRequest(BadClip),
    /// No credential that opens the game: 403.
    Forbidden(Reason),
    /// `session.json`: 200.
    SessionInfo(SessionInfo),
}

/// What `session.json` tells a player without a cookie jar.
#[derive(Debug)]
pub struct SessionInfo {
    pub(super) session: Session,
    /// `/games/{game_id}/`, escaped.
    pub(super) game_path: String,
    pub(super) set_cookie: Option<SetCookie>,
}

/// An answer of the gate's own.
#[derive(Debug)]
pub struct Reply {
    pub(super) audience: Audience,
    pub(super) outcome: Outcome,
    pub(super) key: Option<ObjectKey>,
    pub(super) subject: Option<String>,
}

impl Reply {
    /// What was decided.
    #[must_use]
    pub fn outcome(&self) -> &Outcome {
        &self.outcome
    }

    /// What the log may know.
    #[must_use]
    pub fn log_fields(&self) -> LogFields<'_> {
        let reason = match self.outcome {
            Outcome::Forbidden(reason) => Some(reason),
            _ => None,
        };
        let game = self.key.as_ref().map(|key| key.game().as_str());
        LogFields::new(game, self.subject.as_deref(), reason)
    }

    /// The request's origin, if its page may read the answer.
    #[must_use]
    pub fn origin(&self) -> Option<&str> {
        self.audience.origin.as_deref()
    }

    /// The answer to send.
    #[must_use]
    pub fn render(&self) -> Answer {
        let mut answer = self.answer();
        self.audience
            .finish(&mut answer.head.headers, &self.log_fields());
        answer
    }

    /// The answer without what every answer carries ([`add_common`](super::add_common)).
    #[must_use]
    pub fn answer(&self) -> Answer {
        let answer = match &self.outcome {
            Outcome::Preflight => self.preflight(),
            Outcome::MethodNotAllowed => with_allow(error(405, "Method Not Allowed")),
            Outcome::NotFound => error(404, "Not Found"),
            Outcome::BadRequest(bad) => error(400, &format!("Bad Request: {bad}")),
            Outcome::Forbidden(reason) => self.forbidden(*reason),
            Outcome::SessionInfo(info) => Self::session_info(info),
        };
        answer.for_method(self.audience.method)
    }

    fn preflight(&self) -> Answer {
        let mut answer = with_allow(Answer::empty(204));
        let origin = self.audience.origin.as_deref();
        if let Some(request_headers) = &self.audience.request_headers {
            cors::add_preflight(&mut answer.head.headers, origin, request_headers);
        }
        answer
    }

    fn forbidden(&self, reason: Reason) -> Answer {
        let mut answer = error(403, "Forbidden");
        // To a stranger the reason would say which guess was nearly right.
        if self.audience.origin.is_some() {
            let value = Cow::Borrowed(reason.as_str().as_bytes());
            answer.head.headers.push(("x-reelgate-reason", value));
        }
        answer
    }

    fn session_info(info: &SessionInfo) -> Answer {
        #[derive(Serialize)]
        struct Body {
            prefix: String,
            expires_at: String,
        }
        let body = Body {
            prefix: format!("/s/{}{}", info.session.token(), info.game_path),
            expires_at: info.session.expires().to_rfc3339(),
        };
        // Two strings: nothing that could fail to serialize.
        let json = serde_json::to_vec(&body).unwrap_or_default();
        let mut answer = Answer::with_body(200, "application/json", json);
        answer
            .head
            .headers
            .push(("cache-control", Cow::Borrowed(NO_STORE.as_bytes())));
        if let Some(cookie) = &info.set_cookie {
            answer.head.headers.push((
                "set-cookie",
                Cow::Owned(cookie.as_str().to_string().into_bytes()),
            ));
        }
        answer
    }
}

/// The answer when the gate's own configuration is broken: 500, and nothing about what is wrong. The log
/// has that.
#[must_use]
pub fn misconfigured(method: Method) -> Answer {
    let mut answer = error(500, "misconfigured");
    Audience::unknown(method).finish(&mut answer.head.headers, &LogFields::default());
    answer.for_method(method)
}

/// An error with its text, kept by no cache.
pub(super) fn error(status: u16, text: &str) -> Answer {
    let mut answer = Answer::text(status, text);
    answer
        .head
        .headers
        .push(("cache-control", Cow::Borrowed(NO_STORE.as_bytes())));
    answer
}

fn with_allow(mut answer: Answer) -> Answer {
    answer.head.headers.push(("allow", Cow::Borrowed(ALLOW)));
    answer
}
