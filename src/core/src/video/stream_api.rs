//! Stream's API: what to send, and what its answers mean.
//!
//! A driver sends a [`Call`] as it stands, within [`CONNECT`](crate::origin::CONNECT) and
//! [`FIRST_BYTE`](crate::origin::FIRST_BYTE), reads at most [`MAX_ANSWER_BYTES`] of the answer's body,
//! and hands an [`Answered`] back, or `None` when there was no whole answer.

use alloc::{
    borrow::Cow,
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;

use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::{
    config::StreamAccess,
    id::StreamUid,
    lifecycle::Event,
    redact::{MAX_CODE_BYTES, MAX_MESSAGE_BYTES, redact},
    report::{Label, Report},
    routes::source,
    row::{Failure, Row, json as to_json},
};
use crate::{
    endpoint::Scheme,
    http::{HeaderSource, Headers, Method},
    key::SourceKey,
    time::UnixTime,
};

/// The longest answer that is read, in bytes; fifty videos have some 150 KB.
pub const MAX_ANSWER_BYTES: usize = 1024 * 1024;

/// How many uids one call asks for: a query of some 2 KB.
pub const MAX_LISTED: usize = 50;

/// The least and the most that is waited after a 429, in seconds, whatever Stream says.
const WAIT_SECONDS: core::ops::RangeInclusive<u64> = 1..=3600;

/// How long is waited after the first 429 that does not say how long, in seconds; twice as long after
/// each further attempt.
const FIRST_WAIT_SECONDS: u64 = 30;

/// The longest of these waits, in seconds: encoding a film takes about as long.
const LONGEST_WAIT_SECONDS: u64 = 900;

/// One request to Stream, or to the catalog's bucket. `Debug` shows neither its query nor its headers nor
/// its body, for they hold the API token, a signed address or a signature.
pub struct Call {
    /// The method.
    pub method: Method,
    /// How to connect.
    pub scheme: Scheme,
    /// Host and port.
    pub authority: String,
    /// Path and query, escaped.
    pub path_and_query: String,
    /// The header fields; `Host` and `Content-Length` are left to the driver.
    pub headers: Headers,
    /// The body; empty when there is none.
    pub body: Vec<u8>,
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path_and_query.split('?').next();
        f.debug_struct("Call")
            .field("method", &self.method)
            .field("authority", &self.authority)
            .field("path", &path.unwrap_or_default())
            .finish_non_exhaustive()
    }
}

/// An answer of Stream, read whole.
#[derive(Debug)]
pub struct Answered<'a, H: ?Sized> {
    /// The status code.
    pub status: u16,
    /// The header fields.
    pub headers: &'a H,
    /// The body.
    pub body: &'a [u8],
}

/// One copy that is to be made. Whoever has one may send it, once.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Submission {
    /// What Stream is told about it.
    pub label: Label,
    /// The original.
    pub source_key: SourceKey,
}

impl Submission {
    /// The submission of a row that has just become `encoding`.
    #[must_use]
    pub fn of(row: &Row) -> Self {
        Self {
            label: row.label(),
            source_key: row.source_key.clone(),
        }
    }
}

/// What became of a submission.
#[derive(Clone, Debug, PartialEq)]
pub enum Submitted {
    /// Stream makes the copy.
    Taken(StreamUid),
    /// Stream will not.
    Refused(Failure),
    /// Stream has too much to do until then.
    Busy(UnixTime),
    /// Nobody knows; the reconciler will find out. The reason is for the log.
    Unknown(String),
}

impl Submitted {
    /// What the row of `submission` is to be told; `None` when nothing is known.
    #[must_use]
    pub fn event(self, submission: &Submission) -> Option<Event> {
        let attempt = submission.label.attempt;
        match self {
            Self::Taken(uid) => Some(Event::Submitted { attempt, uid }),
            Self::Refused(failure) => Some(Event::SubmitRefused { attempt, failure }),
            Self::Busy(retry_at) => Some(Event::SubmitBusy { attempt, retry_at }),
            Self::Unknown(_) => None,
        }
    }
}

/// Why Stream could not be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallFailed {
    /// It has been asked too much.
    Busy,
    /// It does not let us in: the API token or the account is wrong.
    Denied(String),
    /// It refused this question, and would again.
    Refused(String),
    /// No answer, or none that can be used; another time perhaps.
    Passing(String),
}

impl fmt::Display for CallFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy => f.write_str("Stream has been asked too much"),
            Self::Denied(reason) => write!(
                f,
                "Stream does not let us in: {reason}; check cf_stream_api_token and cloudflare_account_id"
            ),
            Self::Refused(reason) => write!(f, "Stream refused: {reason}"),
            Self::Passing(reason) => write!(f, "Stream gave no answer: {reason}"),
        }
    }
}

impl core::error::Error for CallFailed {}

/// What a list of videos says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listed {
    /// What could be read.
    pub reports: Vec<Report>,
    /// How many entries could not.
    pub unreadable: usize,
}

impl StreamAccess {
    /// Asks Stream to copy an original: `POST …/stream/copy`. The address of the original is signed for
    /// six hours from `now`.
    #[must_use]
    pub fn copy(&self, submission: &Submission, now: UnixTime) -> Call {
        let Submission { label, source_key } = submission;
        let end = now.plus(source::LIFE_SECONDS);
        let signed = source::sign(&self.source_secrets, source_key, end);
        let mut meta = json!({ "name": label.name(), "reelgate_id": label.id });
        if let Some(nonce) = &label.nonce {
            meta["reelgate_nonce"] = json!(nonce);
        }
        let input = format!("{}{signed}", self.source_origin);
        let body = json!({ "input": input, "meta": meta });
        self.call(Method::Post, "/copy", Some(&body))
    }

    /// What Stream's answer to [`StreamAccess::copy`] means.
    ///
    /// 4xx is a refusal, except 408, after which nothing is known, and 429, after which there is nothing.
    #[must_use]
    pub fn read_copy<H: HeaderSource + ?Sized>(
        &self,
        answered: Option<&Answered<'_, H>>,
        submission: &Submission,
        now: UnixTime,
    ) -> Submitted {
        let Some(answered) = answered else {
            return Submitted::Unknown("no answer in time".into());
        };
        match answered.status {
            200..=299 => match result(answered.body).as_ref().map(Report::read) {
                Some(Ok(report)) => Submitted::Taken(report.uid),
                _ => Submitted::Unknown(format!("answer {} that names no copy", answered.status)),
            },
            429 => Submitted::Busy(retry_at(answered.headers, submission.label.attempt, now)),
            status @ (400..=407 | 409..=499) => Submitted::Refused(Failure {
                code: redact(&format!("submit_{status}"), MAX_CODE_BYTES),
                message: self.reason(answered),
            }),
            _ => Submitted::Unknown(self.reason(answered)),
        }
    }

    /// Asks for up to [`MAX_LISTED`] videos at once: `GET …/stream?id=a,b,c`.
    #[must_use]
    pub fn list(&self, uids: &[StreamUid]) -> Call {
        let mut query = String::from("?id=");
        for (at, uid) in uids.iter().enumerate() {
            query.push_str(if at == 0 { "" } else { "," });
            query.push_str(uid.as_str());
        }
        self.call(Method::Get, &query, None)
    }

    /// Asks which copies have a label's name: `GET …/stream?video_name=…`.
    #[must_use]
    pub fn find(&self, label: &Label) -> Call {
        // A name's only character that needs an escape is the `#`.
        let query = format!("?video_name={}%23{}", label.id, label.attempt);
        self.call(Method::Get, &query, None)
    }

    /// What Stream's answer to [`StreamAccess::list`] or [`StreamAccess::find`] means.
    ///
    /// # Errors
    /// [`CallFailed`].
    pub fn read_list<H: HeaderSource + ?Sized>(
        &self,
        answered: Option<&Answered<'_, H>>,
    ) -> Result<Listed, CallFailed> {
        let answered = self.usable(answered)?;
        let Some(Value::Array(videos)) = result(answered.body) else {
            return Err(CallFailed::Passing("its answer is no list".into()));
        };
        let mut listed = Listed::default();
        for video in &videos {
            match Report::read(video) {
                Ok(report) => listed.reports.push(report),
                Err(_) => listed.unreadable += 1,
            }
        }
        Ok(listed)
    }

    /// Asks for one video: `GET …/stream/{uid}`.
    #[must_use]
    pub fn get(&self, uid: &StreamUid) -> Call {
        self.call(Method::Get, &format!("/{uid}"), None)
    }

    /// What Stream's answer to [`StreamAccess::get`] means. That there is no such video is an answer too.
    ///
    /// # Errors
    /// [`CallFailed`].
    pub fn read_get<H: HeaderSource + ?Sized>(
        &self,
        answered: Option<&Answered<'_, H>>,
        uid: &StreamUid,
    ) -> Result<Report, CallFailed> {
        if answered.is_some_and(is_not_found) {
            return Ok(Report::gone(uid.clone()));
        }
        let answered = self.usable(answered)?;
        match result(answered.body).as_ref().map(Report::read) {
            Some(Ok(report)) if report.uid == *uid => Ok(report),
            _ => Err(CallFailed::Passing("its answer is not the video".into())),
        }
    }

    /// Asks Stream to send its webhooks to `url`: `PUT …/stream/webhook`. An account has one address.
    #[must_use]
    pub fn subscribe(&self, url: &str) -> Call {
        let body = json!({ "notificationUrl": url });
        self.call(Method::Put, "/webhook", Some(&body))
    }

    /// The secret in Stream's answer to [`StreamAccess::subscribe`].
    ///
    /// # Errors
    /// [`CallFailed`].
    pub fn read_subscribe<H: HeaderSource + ?Sized>(
        &self,
        answered: Option<&Answered<'_, H>>,
    ) -> Result<Zeroizing<String>, CallFailed> {
        let answered = self.usable(answered)?;
        result(answered.body)
            .and_then(|result| Some(Zeroizing::new(result["secret"].as_str()?.to_string())))
            .ok_or_else(|| CallFailed::Passing("its answer holds no secret".into()))
    }

    fn call(&self, method: Method, rest: &str, body: Option<&Value>) -> Call {
        let mut authorization = Zeroizing::new(String::from("Bearer "));
        authorization.push_str(&self.token);
        let mut headers: Headers = alloc::vec![
            ("accept", Cow::Borrowed(&b"application/json"[..])),
            (
                "authorization",
                Cow::Owned(authorization.as_bytes().to_vec())
            ),
        ];
        if body.is_some() {
            headers.push(("content-type", Cow::Borrowed(b"application/json")));
        }
        Call {
            method,
            scheme: self.api.scheme,
            authority: self.api.authority.clone(),
            path_and_query: format!("{}/accounts/{}/stream{rest}", self.api.path, self.account),
            headers,
            body: body.map(to_json).unwrap_or_default(),
        }
    }

    fn usable<'a, 'b, H: HeaderSource + ?Sized>(
        &self,
        answered: Option<&'a Answered<'b, H>>,
    ) -> Result<&'a Answered<'b, H>, CallFailed> {
        let Some(answered) = answered else {
            return Err(CallFailed::Passing("no answer in time".into()));
        };
        match answered.status {
            200..=299 => Ok(answered),
            429 => Err(CallFailed::Busy),
            408 => Err(CallFailed::Passing(self.reason(answered))),
            401 | 403 => Err(CallFailed::Denied(self.reason(answered))),
            400..=499 => Err(CallFailed::Refused(self.reason(answered))),
            _ => Err(CallFailed::Passing(self.reason(answered))),
        }
    }

    /// The first of Cloudflare's errors, `10005: …`, or else the status.
    fn reason<H: ?Sized>(&self, answered: &Answered<'_, H>) -> String {
        let envelope: Value = serde_json::from_slice(answered.body).unwrap_or_default();
        let error = &envelope["errors"][0];
        let reason = match (error["code"].as_i64(), error["message"].as_str()) {
            (Some(code), Some(message)) => format!("{code}: {message}"),
            (None, Some(message)) => message.to_string(),
            (Some(code), None) => format!("error {code}"),
            (None, None) => format!("status {}", answered.status),
        };
        let reason = reason.replace(self.token.as_str(), "[redacted]");
        redact(&reason, MAX_MESSAGE_BYTES)
    }
}

/// What an envelope `{"success":true,"result":…}` holds.
fn result(body: &[u8]) -> Option<Value> {
    let mut envelope: Value = serde_json::from_slice(body).ok()?;
    if envelope["success"] == Value::Bool(false) {
        return None;
    }
    envelope.get_mut("result").map(Value::take)
}

/// A 404 in Cloudflare's envelope: one of somebody else on the way says nothing about a video.
fn is_not_found<H: ?Sized>(answered: &Answered<'_, H>) -> bool {
    let envelope: Option<Value> = serde_json::from_slice(answered.body).ok();
    answered.status == 404
        && envelope.is_some_and(|envelope| envelope["success"] == Value::Bool(false))
}

/// `Retry-After` in seconds, as Cloudflare sends it (RFC 9110 §10.2.3); a date counts as nothing said.
fn retry_at<H: HeaderSource + ?Sized>(headers: &H, attempt: u32, now: UnixTime) -> UnixTime {
    let (least, most) = WAIT_SECONDS.into_inner();
    let said = headers.single("retry-after");
    let said: Option<u64> = said.and_then(|seconds| seconds.trim().parse().ok());
    let wait = said.unwrap_or_else(|| {
        let doublings = attempt.saturating_sub(1).min(16);
        (FIRST_WAIT_SECONDS << doublings).min(LONGEST_WAIT_SECONDS)
    });
    now.plus(wait.clamp(least, most))
}

#[cfg(test)]
mod tests;
