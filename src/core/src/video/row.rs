//! One video's row: what the catalog keeps, and what the API shows of it.

use alloc::{
    borrow::Cow,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::id::{StreamUid, VideoId};
use crate::key::SourceKey;
use crate::time::{UnixTime, rfc3339};

/// The version of a stored row that this code writes, and the newest that it reads.
pub const VERSION: u32 = 1;

/// How many transitions a row keeps; the oldest go first.
pub const MAX_HISTORY: usize = 50;

/// Where a video is on its way: `uploading → queued → encoding → ready | failed`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Registered. The original may not be in the bucket yet; nothing happens until `encode`.
    Uploading,
    /// To be submitted to Stream as soon as `retry_at` is past.
    Queued,
    /// Submitted, or about to be.
    Encoding,
    /// Playable. Higher qualities may still be on their way.
    Ready,
    /// Over, until a `retry`.
    Failed,
}

impl Status {
    /// All of them, in the order of the way.
    pub const ALL: [Self; 5] = [
        Self::Uploading,
        Self::Queued,
        Self::Encoding,
        Self::Ready,
        Self::Failed,
    ];

    /// The name that JSON has.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Uploading => "uploading",
            Self::Queued => "queued",
            Self::Encoding => "encoding",
            Self::Ready => "ready",
            Self::Failed => "failed",
        }
    }

    /// The status of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }

    /// Whether the system itself must move the row on; such rows stand in the index.
    #[must_use]
    pub fn is_in_flight(self) -> bool {
        matches!(self, Self::Queued | Self::Encoding)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a video failed: Stream's code or ours, and a sentence. Holds no URL's signature.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Failure {
    /// `ERR_NON_VIDEO` and the like of Stream, or one of our own in lower case: `not_found`, `submit_403`.
    pub code: String,
    /// A sentence for people; may be empty.
    pub message: String,
}

/// The code of a failure that is nothing but that Stream does not know the copy.
pub(super) const GONE: &str = "not_found";

impl Failure {
    /// Whether it is nothing but that Stream did not know the copy when it was asked. A report that the copy is ready
    /// says more.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.code == GONE
    }
}

/// What made a row change its status. Names of later versions are kept as they are.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cause(Cow<'static, str>);

impl Cause {
    /// The video was registered.
    pub const REGISTER: Self = Self(Cow::Borrowed("register"));
    /// Somebody asked for its encoding.
    pub const ENCODE: Self = Self(Cow::Borrowed("encode"));
    /// The reconciler took a queued row to submit it.
    pub const SUBMIT: Self = Self(Cow::Borrowed("submit"));
    /// Stream reported by webhook.
    pub const WEBHOOK: Self = Self(Cow::Borrowed("webhook"));
    /// Stream was asked.
    pub const POLL: Self = Self(Cow::Borrowed("poll"));
    /// Somebody asked for another attempt.
    pub const RETRY: Self = Self(Cow::Borrowed("retry"));
    /// Stream refused the copy.
    pub const SUBMIT_FAILED: Self = Self(Cow::Borrowed("submit_failed"));
    /// Stream was busy; the copy will be submitted again.
    pub const SUBMIT_BUSY: Self = Self(Cow::Borrowed("submit_busy"));
    /// The submission had no answer and Stream knows no copy of it; it will be submitted again.
    pub const SUBMIT_LOST: Self = Self(Cow::Borrowed("submit_lost"));

    /// The cause's name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One change of status.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Transition {
    /// When.
    #[serde(with = "rfc3339")]
    pub at: UnixTime,
    /// The status before; `None` for the registration.
    pub from: Option<Status>,
    /// The status after.
    pub to: Status,
    /// What made it change.
    pub cause: Cause,
}

/// One video. Made by [`Row::register`], changed by [`apply`](super::lifecycle::apply) alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    v: u32,
    /// The row's own number of its last write; see [`catalog`](super::catalog).
    #[serde(default)]
    pub(super) rev: u64,
    /// The number of the write by which it last went in flight; `None` when it never did, or when a
    /// version wrote it that did not note this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) flight: Option<u64>,
    /// Random; tells this row from another under the same id, before or at the same time.
    #[serde(default)]
    pub(super) nonce: String,
    /// When the reconciler last tried in vain to find out about it.
    #[serde(default, with = "rfc3339::option")]
    pub(super) tried_at: Option<UnixTime>,
    /// Its id.
    pub id: VideoId,
    /// The original's key in the bucket.
    pub source_key: SourceKey,
    /// Where it is on its way.
    pub status: Status,
    /// The number of the last submission; 0 before the first. Each number is submitted at most once.
    pub attempt: u32,
    /// Stream's name for the copy of this attempt.
    #[serde(default)]
    pub stream_uid: Option<StreamUid>,
    /// Where to play it by HLS.
    #[serde(default)]
    pub hls_url: Option<String>,
    /// Where to play it by DASH.
    #[serde(default)]
    pub dash_url: Option<String>,
    /// A still.
    #[serde(default)]
    pub thumbnail_url: Option<String>,
    /// Its length in seconds.
    #[serde(default)]
    pub duration_seconds: Option<f64>,
    /// How much of this attempt is done, 0 to 100. Of a ready video it may be below 100.
    #[serde(default)]
    pub pct_complete: Option<f64>,
    /// Why it failed; `Some` exactly when it did.
    #[serde(default)]
    pub error: Option<Failure>,
    /// When a queued row may be submitted.
    #[serde(default, with = "rfc3339::option")]
    pub retry_at: Option<UnixTime>,
    /// What the portal wants to keep with it.
    #[serde(default)]
    pub meta: Map<String, Value>,
    /// When it was registered.
    #[serde(with = "rfc3339")]
    pub created_at: UnixTime,
    /// When anything of it last changed.
    #[serde(with = "rfc3339")]
    pub updated_at: UnixTime,
    /// Its changes of status, oldest first, at most [`MAX_HISTORY`].
    #[serde(default)]
    pub history: Vec<Transition>,
}

/// Why stored text is no row of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BadRow {
    /// Written by a newer version of this program.
    Newer {
        /// Its version.
        version: u64,
    },
    /// Not the JSON of a row, with the place and the reason.
    Malformed(String),
}

impl fmt::Display for BadRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Newer { version } => write!(
                f,
                "row is of version {version}, and this program reads up to {VERSION}; update it"
            ),
            Self::Malformed(reason) => write!(f, "row cannot be read: {reason}"),
        }
    }
}

impl core::error::Error for BadRow {}

impl Row {
    /// A new row, `uploading`. `nonce` is 128 random bits.
    ///
    /// Its writes are counted from a number that no earlier row of the same id has come to: the seconds
    /// since 1970, and 20 random bits for a clock that goes back.
    #[must_use]
    pub fn register(
        id: VideoId,
        source_key: SourceKey,
        meta: Map<String, Value>,
        now: UnixTime,
        nonce: [u8; 16],
    ) -> Self {
        Self {
            v: VERSION,
            rev: first_rev(now, nonce),
            flight: None,
            nonce: crate::hex::lower(&nonce),
            tried_at: None,
            id,
            source_key,
            status: Status::Uploading,
            attempt: 0,
            stream_uid: None,
            hls_url: None,
            dash_url: None,
            thumbnail_url: None,
            duration_seconds: None,
            pct_complete: None,
            error: None,
            retry_at: None,
            meta,
            created_at: now,
            updated_at: now,
            history: alloc::vec![Transition {
                at: now,
                from: None,
                to: Status::Uploading,
                cause: Cause::REGISTER,
            }],
        }
    }

    /// Reads a stored row. Fields that are not known are passed over.
    ///
    /// # Errors
    /// [`BadRow`] when a newer version has written it, or it is none.
    pub fn parse(json: &[u8]) -> Result<Self, BadRow> {
        #[derive(Deserialize)]
        struct Version {
            v: u64,
        }
        let malformed = |error: serde_json::Error| BadRow::Malformed(error.to_string());
        let Version { v } = serde_json::from_slice(json).map_err(malformed)?;
        if v > u64::from(VERSION) {
            return Err(BadRow::Newer { version: v });
        }
        serde_json::from_slice(json).map_err(malformed)
    }

    /// The row as it is stored.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        json(self)
    }

    /// The row as the API shows it: without what only the store needs.
    #[must_use]
    pub fn to_view(&self) -> Vec<u8> {
        json(&View::of(self))
    }

    /// Which submission this is: what Stream is told in `meta`, and what it tells back.
    #[must_use]
    pub fn label(&self) -> super::report::Label {
        super::report::Label {
            id: self.id.clone(),
            attempt: self.attempt,
            nonce: Some(self.nonce.clone()).filter(|nonce| !nonce.is_empty()),
        }
    }
}

/// Below 2^53, until the year 2242: what some readers of JSON know no number above.
fn first_rev(now: UnixTime, [a, b, c, ..]: [u8; 16]) -> u64 {
    let random = u64::from(u32::from_be_bytes([0, a, b, c])) >> 4;
    now.0.saturating_mul(1 << 20) | random
}

/// What of a row the API shows, in its order.
#[derive(Serialize)]
pub(super) struct View<'a> {
    id: &'a VideoId,
    source_key: &'a SourceKey,
    status: Status,
    attempt: u32,
    stream_uid: &'a Option<StreamUid>,
    hls_url: &'a Option<String>,
    dash_url: &'a Option<String>,
    thumbnail_url: &'a Option<String>,
    duration_seconds: Option<f64>,
    pct_complete: Option<f64>,
    error: &'a Option<Failure>,
    #[serde(with = "rfc3339::option")]
    retry_at: Option<UnixTime>,
    meta: &'a Map<String, Value>,
    #[serde(with = "rfc3339")]
    created_at: UnixTime,
    #[serde(with = "rfc3339")]
    updated_at: UnixTime,
    history: &'a [Transition],
}

impl<'a> View<'a> {
    pub(super) fn of(row: &'a Row) -> Self {
        Self {
            id: &row.id,
            source_key: &row.source_key,
            status: row.status,
            attempt: row.attempt,
            stream_uid: &row.stream_uid,
            hls_url: &row.hls_url,
            dash_url: &row.dash_url,
            thumbnail_url: &row.thumbnail_url,
            duration_seconds: row.duration_seconds,
            pct_complete: row.pct_complete,
            error: &row.error,
            retry_at: row.retry_at,
            meta: &row.meta,
            created_at: row.created_at,
            updated_at: row.updated_at,
            history: &row.history,
        }
    }
}

/// Serialising our own types cannot fail: their keys are text, their numbers finite.
pub(super) fn json<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

#[cfg(test)]
mod tests;
