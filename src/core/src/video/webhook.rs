//! The webhook: Stream reports, and proves that it is Stream.
//!
//! `POST /api/webhooks/stream` with `Webhook-Signature: time=…,sig1=…`, where `sig1` is HMAC-SHA256 in
//! hexadecimal over the time, a dot and the body, byte for byte.
//!
//! A driver first asks [`precheck`], which needs no body. Then it reads at most [`MAX_BODY_BYTES`] and one
//! more, and asks [`decide`]. A [`Report`] goes to the catalog; what became of it is answered by
//! [`received`] or [`unavailable`].

use alloc::format;

use serde::Serialize;

use super::{
    problem::{Kind, Problem, json_answer, method_not_allowed},
    report::{BadReport, Report},
    row::{Status, json},
};
use crate::{
    hex,
    http::{Answer, HeaderSource, Method, Request},
    secret::Secret,
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

    /// Checks it against a body.
    ///
    /// # Errors
    /// [`Unauthentic::Signature`], [`Unauthentic::Stale`].
    pub fn verify(&self, secret: &Secret, body: &[u8], now: UnixTime) -> Result<(), Unauthentic> {
        if !secret.verify(&[self.time.as_bytes(), b".", body], &self.tag) {
            return Err(Unauthentic::Signature);
        }
        if self.at.0.abs_diff(now.0) > TOLERANCE_SECONDS {
            return Err(Unauthentic::Stale);
        }
        Ok(())
    }
}

/// Answers what needs no body: 405, and 503 while no secret is configured.
#[must_use]
pub fn precheck(method: Method, secret: Option<&Secret>) -> Option<Answer> {
    if method != Method::Post {
        return Some(method_not_allowed("POST").for_method(method));
    }
    secret.is_none().then(|| {
        Problem::new(Kind::NotConfigured)
            .detail("cf_stream_webhook_secret is not set")
            .render()
    })
}

/// The report in an authentic body.
///
/// # Errors
/// The answer: 413, 401 or 400, in this order.
pub fn decide<H: HeaderSource + ?Sized>(
    request: &Request<'_, H>,
    body: &[u8],
    secret: &Secret,
    now: UnixTime,
) -> Result<Report, Answer> {
    if body.len() > MAX_BODY_BYTES {
        let detail = format!("at most {MAX_BODY_BYTES} bytes");
        return Err(Problem::new(Kind::TooLarge).detail(detail).render());
    }
    let header = request.headers.single("webhook-signature");
    header
        .ok_or(Unauthentic::Missing)
        .and_then(Signature::parse)
        .and_then(|signature| signature.verify(secret, body, now))
        .map_err(Unauthentic::render)?;
    Report::parse(body).map_err(not_a_report)
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
mod tests {
    use alloc::string::{String, ToString};

    use super::*;
    use crate::{
        vectors::{self, WebhookVector},
        video::Progress,
    };

    fn vector() -> WebhookVector {
        vectors::stream().webhook
    }

    fn asked(header: Option<&str>, body: &[u8], now: UnixTime) -> Result<Report, (u16, String)> {
        let headers: alloc::vec::Vec<(&str, &str)> = header
            .into_iter()
            .map(|value| ("Webhook-Signature", value))
            .collect();
        let request = Request {
            method: Method::Post,
            target: PATH,
            headers: &headers,
        };
        let secret = Secret::new(vector().secret).unwrap();
        decide(&request, body, &secret, now).map_err(|answer| {
            let body = core::str::from_utf8(&answer.body).unwrap();
            let body: serde_json::Value = serde_json::from_str(body).unwrap();
            let reason = body["reason"].as_str().unwrap_or_default().to_string();
            (answer.head.status, reason)
        })
    }

    fn signed(time: &str, body: &[u8]) -> String {
        let secret = Secret::new(vector().secret).unwrap();
        let tag = secret.sign(&[time.as_bytes(), b".", body]);
        format!("time={time},sig1={}", hex::lower(&tag))
    }

    #[test]
    fn the_vector_is_a_report() {
        let WebhookVector {
            time, body, sig1, ..
        } = vector();
        assert_eq!(
            signed(&time.to_string(), body.as_bytes()),
            format!("time={time},sig1={sig1}")
        );
        for header in [
            format!("time={time},sig1={sig1}"),
            format!("time={time}, sig1={}", sig1.to_uppercase()),
            format!("sig1={sig1},time={time},sig2=00"),
        ] {
            for now in [time - 300, time, time + 300] {
                let report = asked(Some(&header), body.as_bytes(), UnixTime(now)).unwrap();
                assert_eq!(report.uid.as_str(), "6b9e68b07dfee8cc2d116e4c51d6a957");
                assert_eq!(report.progress, Progress::Ready);
                assert_eq!(report.pct_complete, Some(39.0));
                assert_eq!(report.duration_seconds, Some(5.5));
                assert_eq!(report.failure, None);
                let label = report.label.unwrap();
                assert_eq!(
                    (label.id.as_str(), label.attempt, label.nonce),
                    ("v1", 1, None)
                );
            }
        }
    }

    #[test]
    fn what_is_not_authentic_says_why() {
        let WebhookVector {
            time, body, sig1, ..
        } = vector();
        let good = format!("time={time},sig1={sig1}");
        let (at, bytes) = (UnixTime(time), body.as_bytes());
        let mismatch = Err((401, "signature_mismatch".to_string()));
        let malformed = Err((401, "signature_malformed".to_string()));
        let stale = Err((401, "signature_stale".to_string()));
        let other_time = format!("time={},sig1={sig1}", time + 1);
        assert_eq!(
            asked(None, bytes, at),
            Err((401, "signature_missing".into()))
        );
        assert_eq!(asked(Some(&other_time), bytes, at), mismatch);
        assert_eq!(asked(Some(&good), &bytes[1..], at), mismatch);
        assert_eq!(asked(Some(&good), bytes, UnixTime(time + 301)), stale);
        assert_eq!(asked(Some(&good), bytes, UnixTime(time - 301)), stale);
        for header in [
            "",
            "time=1",
            &format!("sig1={sig1}"),
            &format!("time=x,sig1={sig1}"),
            &format!("time=+{time},sig1={sig1}"),
            &format!("time={time},sig1=abc"),
            &format!("time={time},time={time},sig1={sig1}"),
            &format!("time={time};sig1={sig1}"),
        ] {
            assert_eq!(asked(Some(header), bytes, at), malformed, "{header}");
        }
    }

    #[test]
    fn an_authentic_body_may_be_no_report() {
        for (body, expected) in [
            (&b"{"[..], "not_json"),
            (b"\xff", "not_json"),
            (b"", "not_json"),
            (b"[]", "not_a_report"),
            (b"{}", "not_a_report"),
            (br#"{"uid":7,"status":{"state":"ready"}}"#, "not_a_report"),
            (
                br#"{"uid":"a/b","status":{"state":"ready"}}"#,
                "not_a_report",
            ),
            (br#"{"uid":"u1","status":{}}"#, "not_a_report"),
        ] {
            let header = signed("100", body);
            let answer = asked(Some(&header), body, UnixTime(100));
            assert_eq!(answer, Err((400, expected.to_string())));
        }
        let long = alloc::vec![b' '; MAX_BODY_BYTES + 1];
        let answer = asked(Some(&signed("100", &long)), &long, UnixTime(100));
        assert_eq!(answer, Err((413, String::new())));
    }

    #[test]
    fn before_the_body_come_method_and_secret() {
        let secret = Secret::new("s");
        let status = |method, secret| precheck(method, secret).map(|answer| answer.head.status);
        assert_eq!(status(Method::Get, None), Some(405));
        assert_eq!(status(Method::Post, None), Some(503));
        assert_eq!(status(Method::Post, secret.as_ref()), None);
    }

    #[test]
    fn what_became_of_a_report_is_told() {
        let (matched, unknown) = (received(Some(Status::Ready)), received(None));
        assert_eq!((matched.head.status, unknown.head.status), (200, 202));
        assert_eq!(
            &*matched.body,
            br#"{"ok":true,"matched":1,"status":"ready"}"#
        );
        assert_eq!(&*unknown.body, br#"{"ok":true,"matched":0}"#);
    }
}
