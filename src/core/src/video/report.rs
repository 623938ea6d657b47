//! What Stream says about a video, by webhook or when it is asked: the Video object of its API.
//!
//! Only what a row keeps is taken out of it. All else is passed over, above all
//! `meta["downloaded-from"]`, in which Stream repeats the signed address of the original.

use alloc::{
    format,
    string::{String, ToString},
};
use core::fmt;

use serde_json::Value;

use super::{
    id::{StreamUid, VideoId},
    redact::{MAX_CODE_BYTES, MAX_MESSAGE_BYTES, redact},
    row::{Failure, GONE},
};

/// Longest address that is kept, in bytes; players and proxies take no longer one.
const MAX_URL_BYTES: usize = 2048;

/// How far Stream is with a copy; the order is that in which one report outdoes another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Progress {
    /// Waiting, downloading, encoding, or in a state that we do not know.
    Encoding,
    /// State `ready` and `readyToStream`.
    Ready,
    /// State `error`.
    Failed,
}

/// Which submission a copy came from: `meta.name = "{id}#{attempt}"` and `meta.reelgate_id = id`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label {
    /// The video.
    pub id: VideoId,
    /// The number of the submission.
    pub attempt: u32,
    /// `meta.reelgate_nonce`: which of several rows that had this id one after the other. `None` where
    /// Stream does not say.
    pub nonce: Option<String>,
}

impl Label {
    /// The copy's name at Stream: `{id}#{attempt}`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}#{}", self.id, self.attempt)
    }

    /// Whether what a report says of its origin means this submission.
    #[must_use]
    pub fn matches(&self, reported: &Self) -> bool {
        let same_row = match (&self.nonce, &reported.nonce) {
            (Some(own), Some(theirs)) => own == theirs,
            _ => true,
        };
        same_row && self.id == reported.id && self.attempt == reported.attempt
    }

    fn read(meta: &Value) -> Option<Self> {
        let text = |name: &str| meta.get(name).and_then(Value::as_str);
        let id = text("reelgate_id")?;
        let attempt = text("name")?.strip_prefix(id)?.strip_prefix('#')?;
        // One way to write a number, so that one name means one submission.
        let number: u32 = attempt.parse().ok()?;
        if number.to_string() != attempt {
            return None;
        }
        Some(Self {
            id: VideoId::new(id).ok()?,
            attempt: number,
            nonce: text("reelgate_nonce").map(String::from),
        })
    }
}

/// What Stream says about one copy, reduced to what a row can learn from it.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The copy.
    pub uid: StreamUid,
    /// Which submission it came from, where Stream says so.
    pub label: Option<Label>,
    /// How far it is.
    pub progress: Progress,
    /// 0 to 100.
    pub pct_complete: Option<f64>,
    /// Why it failed; `Some` exactly when it did.
    pub failure: Option<Failure>,
    /// In seconds.
    pub duration_seconds: Option<f64>,
    /// `playback.hls`.
    pub hls_url: Option<String>,
    /// `playback.dash`.
    pub dash_url: Option<String>,
    /// `thumbnail`.
    pub thumbnail_url: Option<String>,
}

/// A body that is no report, with the reason as a clause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadReport {
    /// Not JSON.
    NotJson,
    /// No JSON object.
    NotAnObject,
    /// No `uid`, or one that cannot be used.
    NoUid,
    /// No `status.state`.
    NoState,
}

impl fmt::Display for BadReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotJson => "is not JSON",
            Self::NotAnObject => "is no JSON object",
            Self::NoUid => "has no `uid` of 1 to 128 letters, digits, `.`, `_` and `-`",
            Self::NoState => "has no text in `status.state`",
        })
    }
}

impl core::error::Error for BadReport {}

impl Report {
    /// Reads a Video object: the body of a webhook.
    ///
    /// Unknown fields and unknown states are data, and a field of an unexpected type counts as missing.
    /// Only a uid and a state there must be.
    ///
    /// # Errors
    /// [`BadReport`] when it is not JSON, no object, or has no uid or no state.
    pub fn parse(json: &[u8]) -> Result<Self, BadReport> {
        let video: Value = serde_json::from_slice(json).map_err(|_| BadReport::NotJson)?;
        Self::read(&video)
    }

    /// Reads a Video object that has been parsed already: one of a list.
    ///
    /// # Errors
    /// As for [`Report::parse`].
    pub fn read(video: &Value) -> Result<Self, BadReport> {
        if !video.is_object() {
            return Err(BadReport::NotAnObject);
        }
        let uid = video["uid"].as_str().ok_or(BadReport::NoUid)?;
        let uid = StreamUid::new(uid).map_err(|_| BadReport::NoUid)?;
        let status = &video["status"];
        let state = status["state"].as_str().ok_or(BadReport::NoState)?;
        let progress = progress(state, &video["readyToStream"]);
        Ok(Self {
            uid,
            label: Label::read(&video["meta"]),
            progress,
            pct_complete: percent(&status["pctComplete"]),
            failure: (progress == Progress::Failed).then(|| failure(status)),
            duration_seconds: number(&video["duration"]).filter(|seconds| *seconds >= 0.0),
            hls_url: url(&video["playback"]["hls"]),
            dash_url: url(&video["playback"]["dash"]),
            thumbnail_url: url(&video["thumbnail"]),
        })
    }

    /// What it means that Stream knows nothing of `uid`: the copy is gone, unless another report says that it is
    /// ready (see [`Failure::is_gone`]).
    #[must_use]
    pub fn gone(uid: StreamUid) -> Self {
        Self {
            uid,
            label: None,
            progress: Progress::Failed,
            pct_complete: None,
            failure: Some(Failure {
                code: GONE.into(),
                message: "Stream knows no copy of this uid; it may have been deleted there".into(),
            }),
            duration_seconds: None,
            hls_url: None,
            dash_url: None,
            thumbnail_url: None,
        }
    }
}

/// A video in state `ready` need not be ready to stream, and only with both it is playable.
fn progress(state: &str, ready_to_stream: &Value) -> Progress {
    match state {
        "error" => Progress::Failed,
        "ready" if *ready_to_stream == Value::Bool(true) => Progress::Ready,
        _ => Progress::Encoding,
    }
}

/// Both spellings occur: `errorReason…` in the API, `errReason…` in the documentation of webhooks.
fn failure(status: &Value) -> Failure {
    let text = |names: [&str; 2]| {
        names
            .into_iter()
            .filter_map(|name| status[name].as_str())
            .find(|text| !text.is_empty())
    };
    let code = text(["errorReasonCode", "errReasonCode"]).unwrap_or("ERR_UNKNOWN");
    let message = text(["errorReasonText", "errReasonText"]).unwrap_or_default();
    Failure {
        code: redact(code, MAX_CODE_BYTES),
        message: redact(message, MAX_MESSAGE_BYTES),
    }
}

/// `pctComplete` is text in the API and may be a number.
fn percent(value: &Value) -> Option<f64> {
    number(value).filter(|percent| (0.0..=100.0).contains(percent))
}

/// A number, or text that holds one. Zero has one sign, so that equal rows are equal as text.
fn number(value: &Value) -> Option<f64> {
    let number = match value {
        Value::String(text) => text.trim().parse().ok()?,
        value => value.as_f64()?,
    };
    Some(number + 0.0).filter(|number: &f64| number.is_finite())
}

fn url(value: &Value) -> Option<String> {
    let url = value.as_str()?;
    let plain = url.bytes().all(|byte| byte.is_ascii_graphic());
    let web = url.starts_with("https://") || url.starts_with("http://");
    (plain && web && url.len() <= MAX_URL_BYTES).then(|| url.to_string())
}

#[cfg(test)]
mod tests;
