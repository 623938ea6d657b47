//! The webhook: Stream reports, and proves that it is Stream.
//!
//! `POST /api/webhooks/stream` with `Webhook-Signature: time=…,sig1=…`, where `sig1` is HMAC-SHA256 in
//! hexadecimal over the time, a dot and the body, byte for byte.
//!
//! A driver first asks [`precheck`], which needs no body: whoever cannot show a signature of about now has none of
//! theirs read. Then it reads at most [`MAX_BODY_BYTES`] and one more, and asks [`Awaited::decide`]. A [`Report`]
//! goes to the catalog; what became of it is answered by [`received`] or [`unavailable`].

use alloc::format;

use serde::Serialize;

use crate::video::{
    report::{BadReport, Report},
    routes::body,
    routes::problem::{Kind, Problem, json_answer, method_not_allowed},
    row::{Status, json},
};
use crate::{
    hex,
    http::{Answer, HeaderSource, Method, Request},
    secret::Secrets,
    time::UnixTime,
};

/// The route's path.
pub const PATH: &str = "/api/webhooks/stream";

/// The longest body, in bytes; a Video object has some 2 KB.
pub const MAX_BODY_BYTES: usize = 256 * 1024;

/// How far the time of a signature may lie from ours, in seconds, both ways.
pub const TOLERANCE_SECONDS: u64 = 300;

/// Why a webhook is not authentic; the word stands in the answer as `reason`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unauthentic {
    /// No `Webhook-Signature`, or several.
    Missing,
    /// It cannot be read.
    Malformed,
    /// The signature is not that of time and body.
    Signature,
    /// The time is too far from ours, either way.
    Stale,
}

impl Unauthentic {
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Missing => ("signature_missing", "there is no one Webhook-Signature"),
            Self::Malformed => (
                "signature_malformed",
                "Webhook-Signature is not `time=…,sig1=…`",
            ),
            Self::Signature => (
                "signature_mismatch",
                "the signature is not that of time and body",
            ),
            Self::Stale => (
                "signature_stale",
                "the time of the signature is more than 300 s from ours",
            ),
        }
    }

    /// The word for programs.
    #[must_use]
    pub fn reason(self) -> &'static str {
        self.words().0
    }

    /// The answer: 401.
    #[must_use]
    pub fn render(self) -> Answer {
        let (reason, detail) = self.words();
        Problem::new(Kind::Signature)
            .reason(reason)
            .detail(detail)
            .render()
    }
}

/// What `Webhook-Signature` says. Parts that are not known are passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature<'a> {
    /// The time as it stands, for it is signed as it stands.
    time: &'a str,
    at: UnixTime,
    tag: [u8; 32],
}

impl<'a> Signature<'a> {
    /// Reads the header's value.
    ///
    /// # Errors
    /// [`Unauthentic::Malformed`] when `time` or `sig1` is missing, repeated or no number.
    pub fn parse(header: &'a str) -> Result<Self, Unauthentic> {
        let time = part(header, "time")?;
        let tag = hex::tag(part(header, "sig1")?).ok_or(Unauthentic::Malformed)?;
        if !time.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Unauthentic::Malformed);
        }
        let at = time.parse().map_err(|_| Unauthentic::Malformed)?;
        Ok(Self {
            time,
            at: UnixTime(at),
            tag,
        })
    }

    /// Whether it was made about now; needs no body.
    ///
    /// # Errors
    /// [`Unauthentic::Stale`].
    pub fn check_age(&self, now: UnixTime) -> Result<(), Unauthentic> {
        if self.at.0.abs_diff(now.0) > TOLERANCE_SECONDS {
            return Err(Unauthentic::Stale);
        }
        Ok(())
    }

    /// Checks it against a body.
    ///
    /// # Errors
    /// [`Unauthentic::Signature`].
    pub fn verify(&self, secrets: &Secrets, body: &[u8]) -> Result<(), Unauthentic> {
        if !secrets.verify(&[self.time.as_bytes(), b".", body], &self.tag) {
            return Err(Unauthentic::Signature);
        }
        Ok(())
    }
}

/// A webhook whose body is worth reading. Only [`precheck`] gives one.
#[derive(Debug)]
pub struct Awaited<'a> {
    signature: Signature<'a>,
    secrets: &'a Secrets,
}

/// Judges what needs no body.
///
/// # Errors
/// The answer: 405, 503 while no secret is configured, 413 for a length that is announced, 401.
pub fn precheck<'a, H: HeaderSource + ?Sized>(
    request: &Request<'a, H>,
    secrets: Option<&'a Secrets>,
    now: UnixTime,
) -> Result<Awaited<'a>, Answer> {
    if request.method != Method::Post {
        return Err(method_not_allowed("POST").for_method(request.method));
    }
    let Some(secrets) = secrets else {
        return Err(Problem::new(Kind::NotConfigured)
            .detail("cf_stream_webhook_secret is not set")
            .render());
    };
    body::announced(request.headers, MAX_BODY_BYTES)?;
    let header = request.headers.single("webhook-signature");
    let signature = header
        .ok_or(Unauthentic::Missing)
        .and_then(Signature::parse)
        .map_err(Unauthentic::render)?;
    signature.check_age(now).map_err(Unauthentic::render)?;
    Ok(Awaited { signature, secrets })
}

impl Awaited<'_> {
    /// The report in an authentic body.
    ///
    /// # Errors
    /// The answer: 413, 401 or 400, in this order.
    pub fn decide(&self, body: &[u8]) -> Result<Report, Answer> {
        if body.len() > MAX_BODY_BYTES {
            return Err(body::too_large(MAX_BODY_BYTES));
        }
        self.signature
            .verify(self.secrets, body)
            .map_err(Unauthentic::render)?;
        Report::parse(body).map_err(not_a_report)
    }
}

/// The answer when the catalog has taken the report: of a row that now has this status, or of none.
#[must_use]
pub fn received(matched: Option<Status>) -> Answer {
    #[derive(Serialize)]
    struct Body {
        ok: bool,
        matched: u8,
        #[serde(skip_serializing_if = "Option::is_none")]
        status: Option<Status>,
    }
    let body = json(&Body {
        ok: true,
        matched: u8::from(matched.is_some()),
        status: matched,
    });
    json_answer(if matched.is_some() { 200 } else { 202 }, body)
}

/// The answer when the catalog has failed: 503. The report may be sent again, and is asked for anyhow.
#[must_use]
pub fn unavailable() -> Answer {
    Problem::new(Kind::Unavailable).render()
}

fn not_a_report(bad: BadReport) -> Answer {
    Problem::new(Kind::BadRequest)
        .reason(match bad {
            BadReport::NotJson => "not_json",
            _ => "not_a_report",
        })
        .detail(format!("the body {bad}"))
        .render()
}

fn part<'a>(header: &'a str, name: &str) -> Result<&'a str, Unauthentic> {
    let mut values = header
        .split(',')
        .filter_map(|part| part.trim().split_once('='))
        .filter(|(own, _)| *own == name)
        .map(|(_, value)| value);
    match (values.next(), values.next()) {
        (Some(value), None) => Ok(value),
        _ => Err(Unauthentic::Malformed),
    }
}

#[cfg(test)]
mod tests;
