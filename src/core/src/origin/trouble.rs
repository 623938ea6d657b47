//! What goes wrong between origin and bucket: what the viewer is told, and what the operator.

use alloc::{
    format,
    string::{String, ToString},
};
use core::fmt;

use crate::key::StoredKey;

/// Why there is no object to send, and it is not the viewer's doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// No connection.
    Unreachable,
    /// No TLS, or none that is trusted.
    Untrusted,
    /// No head of an answer in time.
    TimedOut,
    /// The connection broke.
    Broken,
    /// 429 or 503, also the second time.
    Busy { status: u16, code: Option<String> },
    /// Any other status of 300 and above that is no answer to what was asked.
    Refused { status: u16, code: Option<String> },
    /// A playlist that no clip can be made of. Says what it is, as a clause after "playlist".
    Playlist { how: &'static str },
    /// An answer that contradicts itself or the request. Says how, as a clause after "bucket".
    Garbled { status: u16, how: &'static str },
}

impl Trouble {
    /// The one table from trouble to status (RFC 9110 §15.6).
    pub(super) fn status(&self) -> u16 {
        match self {
            Self::Unreachable | Self::Busy { .. } => 503,
            Self::TimedOut => 504,
            Self::Untrusted
            | Self::Broken
            | Self::Refused { .. }
            | Self::Playlist { .. }
            | Self::Garbled { .. } => 502,
        }
    }

    pub(super) fn note(self, key: &StoredKey) -> Note {
        let level = match self {
            Self::Busy { .. } | Self::TimedOut | Self::Refused { status: 500.., .. } => {
                Level::Warning
            }
            _ => Level::Error,
        };
        let (what, advice) = self.in_words();
        let (bucket_status, bucket_code) = match self {
            Self::Unreachable
            | Self::Untrusted
            | Self::TimedOut
            | Self::Broken
            | Self::Playlist { .. } => (None, None),
            Self::Busy { status, code } | Self::Refused { status, code } => (Some(status), code),
            Self::Garbled { status, .. } => (Some(status), None),
        };
        Note {
            level,
            key: key.as_str().to_string(),
            bucket_status,
            bucket_code,
            what,
            advice,
        }
    }

    /// What happened, and what to do.
    fn in_words(&self) -> (String, &'static str) {
        match self {
            Self::Unreachable => (
                "bucket cannot be reached".into(),
                "check s3_endpoint, and that this host may connect to it",
            ),
            Self::Untrusted => (
                "bucket has no TLS that is trusted".into(),
                "check the scheme of s3_endpoint, and that this host trusts who signed its certificate",
            ),
            Self::TimedOut => ("bucket did not answer in time".into(), LATER),
            Self::Broken => (
                "bucket broke the connection".into(),
                "check that s3_endpoint is an S3 server and has the right scheme",
            ),
            Self::Busy { status, code } => (called(*status, code.as_deref()), LATER),
            Self::Refused { status, code } => (
                called(*status, code.as_deref()),
                advice(*status, code.as_deref()),
            ),
            Self::Playlist { how } => (
                format!("playlist {how}"),
                "package the game again; clips of it cannot be made",
            ),
            Self::Garbled { how, .. } => (
                format!("bucket {how}"),
                "check that s3_endpoint is an S3 server with no cache or proxy before it",
            ),
        }
    }
}

const LATER: &str = "nothing to mend here if it passes";

/// `bucket AccessDenied`, or the status where there is no code.
fn called(status: u16, code: Option<&str>) -> String {
    match code {
        Some(code) => format!("bucket {code}"),
        None => format!("bucket status {status}"),
    }
}

/// What an operator can mend, by S3's code, else by status.
fn advice(status: u16, code: Option<&str>) -> &'static str {
    match (code, status) {
        (Some("AccessDenied" | "AllAccessDisabled"), _) => {
            "check s3_access_key_id: may it read objects in s3_bucket (and list them, or S3 hides \
             that one is missing)?"
        }
        (Some("InvalidAccessKeyId" | "Unauthorized"), _) => {
            "check s3_access_key_id: s3_endpoint does not know it"
        }
        (Some("SignatureDoesNotMatch"), _) => {
            "check s3_secret_access_key, and that no proxy changes the Host header"
        }
        (
            Some("ExpiredRequest" | "ExpiredToken" | "RequestTimeTooSkewed" | "RequestExpired"),
            _,
        ) => "check this machine's clock",
        (Some("NoSuchBucket" | "InvalidBucketName"), _) => "check s3_bucket",
        (
            Some(
                "AuthorizationHeaderMalformed"
                | "AuthorizationQueryParametersError"
                | "InvalidRegionName",
            ),
            _,
        ) => "check s3_region",
        (_, 300..=399) => "check s3_endpoint and s3_region: the bucket lies elsewhere",
        (_, 401 | 403) => "check s3_access_key_id and s3_secret_access_key",
        (_, 404) => "check s3_bucket, and that s3_endpoint is an S3 server",
        (_, 500..) => LATER,
        _ => "check that s3_endpoint is an S3 server",
    }
}

/// How urgent a note is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// It may mend itself.
    Warning,
    /// Someone has to mend something.
    Error,
}

/// What the operator should read about one answer. Holds no credential and no signed URL.
///
/// `Display` is the whole line: `bucket SignatureDoesNotMatch for games/7/master.m3u8: check ...`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// How urgent it is.
    pub level: Level,
    /// The object's key.
    pub key: String,
    /// The status of the bucket's answer, when there was one.
    pub bucket_status: Option<u16>,
    /// S3's code for the error, when the answer had one: `AccessDenied`.
    pub bucket_code: Option<String>,
    what: String,
    advice: &'static str,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Keys hold no control characters, so one note stays one line.
        write!(f, "{} for {}: {}", self.what, self.key, self.advice)
    }
}
