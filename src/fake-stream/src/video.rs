//! One video, as Stream knows it and as its API tells of it.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::{mischief::Mischief, pull::Pull};

/// `status.state` of Stream's schema, and one that is not in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// The source is being fetched.
    Downloading,
    /// Fetched, and waiting for its turn.
    Queued,
    /// Being encoded.
    InProgress,
    /// It plays.
    Ready,
    /// It never will.
    Error,
    /// What no documentation knows.
    Unknown(String),
}

impl State {
    /// As the API writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Downloading => "downloading",
            Self::Queued => "queued",
            Self::InProgress => "inprogress",
            Self::Ready => "ready",
            Self::Error => "error",
            Self::Unknown(state) => state,
        }
    }

    /// Whether it counts against the number of videos that may be on their way at once.
    #[must_use]
    pub fn is_in_flight(&self) -> bool {
        !matches!(self, Self::Ready | Self::Error)
    }
}

impl Serialize for State {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// Why a video ended in the state `error`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Trouble {
    /// `errorReasonCode`.
    pub code: String,
    /// `errorReasonText`.
    pub text: String,
}

impl Trouble {
    pub(crate) fn new(code: &str, text: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            text: text.into(),
        }
    }
}

/// What the encoder found out about a film.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Facts {
    /// Seconds.
    pub duration: f64,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
}

/// A video; what `GET /control/videos` tells, too.
#[derive(Clone, Debug, Serialize)]
pub struct Video {
    /// 32 hexadecimal digits.
    pub uid: String,
    /// `meta` as it was given, without what the API adds.
    pub meta: Map<String, Value>,
    /// Where the copy was to be made from.
    #[serde(skip)]
    pub(crate) source: String,
    /// When the copy was accepted.
    pub created: Timestamp,
    /// When the state last changed.
    pub modified: Timestamp,
    /// Where it is.
    pub state: State,
    /// 0 to 100.
    pub pct: f64,
    /// Why it failed.
    pub trouble: Option<Trouble>,
    /// What is known of the film.
    pub facts: Option<Facts>,
    /// Bytes of the source.
    pub size: u64,
    /// SHA-256 of the source in hexadecimal, when it has been fetched.
    pub sha256: Option<String>,
    /// What is to go wrong in its life.
    pub fate: Vec<Mischief>,
    /// How the source was fetched.
    pub pulls: Vec<Pull>,
    /// When it was deleted; it is then gone for the API.
    pub deleted: Option<Timestamp>,
}

impl Video {
    /// `meta.name`.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.meta.get("name").and_then(Value::as_str)
    }

    pub(crate) fn is_fated(&self, mischief: &Mischief) -> bool {
        self.fate.contains(mischief)
    }

    /// Whether a list may name it.
    pub(crate) fn is_listed(&self) -> bool {
        self.deleted.is_none() && !self.is_fated(&Mischief::MissingFromLists)
    }

    /// The Video object of the API; `base` is where it plays.
    pub(crate) fn to_json(&self, base: &str) -> Value {
        let here = format!("{base}/{}", self.uid);
        let is_ready = self.state == State::Ready;
        let mut meta = self.meta.clone();
        meta.insert("downloaded-from".to_owned(), json!(self.source));
        let (width, height) = self.facts.map_or((-1, -1), |facts| {
            (i64::from(facts.width), i64::from(facts.height))
        });
        json!({
            "uid": self.uid,
            "creator": null,
            "created": written(self.created),
            "modified": written(self.modified),
            "uploaded": written(self.created),
            "uploadExpiry": null,
            "readyToStream": is_ready,
            "readyToStreamAt": is_ready.then(|| written(self.modified)),
            "status": self.status(),
            "meta": meta,
            "duration": self.facts.map_or(-1.0, |facts| facts.duration),
            "size": self.size,
            "input": {"width": width, "height": height},
            "playback": {
                "hls": format!("{here}/manifest/video.m3u8"),
                "dash": format!("{here}/manifest/video.mpd"),
            },
            "preview": format!("{here}/watch"),
            "thumbnail": format!("{here}/thumbnails/thumbnail.jpg"),
            "thumbnailTimestampPct": 0,
            "allowedOrigins": [],
            "requireSignedURLs": false,
            "scheduledDeletion": null,
            "maxDurationSeconds": null,
            "maxSizeBytes": null,
            "liveInput": null,
            "clippedFrom": null,
            "watermark": null,
        })
    }

    fn status(&self) -> Value {
        let mut status = json!({
            "state": self.state,
            "errorReasonCode": self.trouble.as_ref().map_or("", |trouble| &trouble.code),
            "errorReasonText": self.trouble.as_ref().map_or("", |trouble| &trouble.text),
        });
        match self.state {
            State::InProgress | State::Ready => {
                status["pctComplete"] = json!(format!("{:.6}", self.pct));
            }
            State::Error => status["step"] = json!("encoding"),
            _ => {}
        }
        status
    }
}

/// What a rule may call the video of this `meta`.
pub(crate) fn names(meta: &Map<String, Value>) -> Vec<&str> {
    ["name", "reelgate_id"]
        .into_iter()
        .filter_map(|field| meta.get(field)?.as_str())
        .collect()
}

fn written(at: Timestamp) -> String {
    format!("{at:.6}")
}
