//! What the routes answer: problems as RFC 9457 tells them, and CORS on everything.

use alloc::{
    borrow::Cow,
    format,
    string::{String, ToString},
};

use serde::Serialize;

use super::Config;
use crate::{
    cors,
    gate::{LOG_HEADER, LogFields},
    http::{Answer, HeaderSource, Request},
    token::Reason,
    video::routes::problem::{self, Kind, Problem},
};

const ALLOW: &str = "GET, HEAD, OPTIONS";

/// Why a viewer gets no token: 401 without a good JWT, 403 where it does not allow what is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    reason: Reason,
    subject: Option<String>,
}

impl From<Reason> for Refusal {
    fn from(reason: Reason) -> Self {
        Self::new(reason)
    }
}

impl Refusal {
    pub(super) fn new(reason: Reason) -> Self {
        Self {
            reason,
            subject: None,
        }
    }

    pub(super) fn of(reason: Reason, subject: &str) -> Self {
        Self {
            reason,
            subject: Some(subject.to_string()),
        }
    }

    /// The reason.
    #[must_use]
    pub fn reason(&self) -> Reason {
        self.reason
    }

    /// The viewer, where a good token names one.
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        self.subject.as_deref()
    }

    /// The answer.
    #[must_use]
    pub fn render(&self) -> Answer {
        let kind = match self.reason {
            Reason::NoPermission | Reason::NoEntitlements | Reason::WrongGame => Kind::Forbidden,
            _ => Kind::Unauthorized,
        };
        let mut answer = Problem::new(kind).reason(self.reason.as_str()).render();
        let reason = Cow::Borrowed(self.reason.as_str().as_bytes());
        answer.head.headers.push(("x-reelgate-reason", reason));
        answer
    }
}

impl Config {
    /// Adds what every answer to `request` carries, and takes its body away from HEAD.
    #[must_use]
    pub fn finish<H: HeaderSource + ?Sized>(
        &self,
        mut answer: Answer,
        request: &Request<'_, H>,
        log: &LogFields<'_>,
    ) -> Answer {
        let origin = self.origins.allowed(request.headers);
        let headers = &mut answer.head.headers;
        cors::add(headers, origin);
        if answer.head.status == 204 {
            cors::add_preflight(headers, origin, &self.request_headers);
        }
        if self.log_header {
            headers.push((LOG_HEADER, Cow::Owned(log.to_header().into_bytes())));
        }
        answer.for_method(request.method)
    }
}

/// 503: the keys of the sign-in service cannot be had now.
#[must_use]
pub fn keys_unavailable(retry_after: u64) -> Answer {
    let problem = Problem::new(Kind::KeysUnavailable)
        .detail("the sign-in service cannot be asked for its keys; the log says why");
    with_retry_after(problem.render(), retry_after)
}

/// 500, for a component whose own variables cannot be used.
#[must_use]
pub fn misconfigured() -> Answer {
    problem::misconfigured()
}

pub(super) fn not_found() -> Answer {
    Problem::new(Kind::NotFound).render()
}

pub(super) fn not_configured(reason: &'static str) -> Answer {
    Problem::new(Kind::NotConfigured).detail(reason).render()
}

/// The bucket's trouble passes or is in the log; a viewer can only come back.
pub(super) fn film_unavailable() -> Answer {
    with_retry_after(Problem::new(Kind::FilmUnavailable).render(), 5)
}

pub(super) fn preflight() -> Answer {
    let mut answer = Answer::empty(204);
    let allow = Cow::Borrowed(ALLOW.as_bytes());
    answer.head.headers.push(("allow", allow));
    answer
}

pub(super) fn method_not_allowed() -> Answer {
    problem::method_not_allowed(ALLOW)
}

pub(super) fn granted(body: &impl Serialize) -> Answer {
    // Texts alone: nothing that could fail to serialize.
    problem::json_answer(200, serde_json::to_vec(body).unwrap_or_default())
}

fn with_retry_after(mut answer: Answer, seconds: u64) -> Answer {
    let seconds = Cow::Owned(format!("{seconds}").into_bytes());
    answer.head.headers.push(("retry-after", seconds));
    answer
}
