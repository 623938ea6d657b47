//! What a failed request means: whether it will pass, whom it concerns, and what to do.

use std::{error::Error as _, time::Duration};

use http::StatusCode;
use object_store::client::{HttpError, HttpErrorKind};

use super::connector::{Disagreement, Refusal};
use crate::Error;

/// Why a request came to nothing.
#[derive(Debug)]
pub(super) enum Failed {
    /// The bucket, or the way to it.
    Store(object_store::Error),
    /// Nothing was heard for so long.
    Silence(Duration),
    /// An answer that makes no sense, and is no other the next time.
    Wrong(String),
    /// It is not the bucket's fault.
    Ours(Error),
}

impl Failed {
    /// Whether the bucket says that there is no such object, or no such bucket.
    pub(super) fn is_missing(&self) -> bool {
        self.refusal().is_some_and(says_missing)
    }

    /// Whether the bucket says that the object is another than the one that was asked for.
    pub(super) fn is_other_version(&self) -> bool {
        let refusal = self.refusal();
        refusal.is_some_and(|it| it.status == StatusCode::PRECONDITION_FAILED)
    }

    /// S3's word for what is wrong.
    pub(super) fn code(&self) -> Option<&str> {
        self.refusal()?.code()
    }

    fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Store(error) => cause(error),
            _ => None,
        }
    }
}

/// As [`Failed::is_missing`].
pub(super) fn is_missing(error: &object_store::Error) -> bool {
    cause::<Refusal>(error).is_some_and(says_missing)
}

fn says_missing(refusal: &Refusal) -> bool {
    refusal.status == StatusCode::NOT_FOUND
}

impl From<object_store::Error> for Failed {
    fn from(error: object_store::Error) -> Self {
        Self::Store(error)
    }
}

/// A failure of the bucket, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trouble {
    /// What came of the request.
    pub(super) reason: String,
    /// What to do about it.
    pub(super) help: String,
    /// Whether it may go better in a while.
    pub(super) passes: bool,
    /// Whether the bucket itself has said it, and not the way to it.
    pub(super) answered: bool,
    /// Whether every other film will meet it too.
    pub(super) concerns_all: bool,
}

/// S3's codes for what time mends, whatever status they come with.
const PASSING: [&str; 8] = [
    "InternalError",
    "OperationAborted",
    "RequestTimeout",
    "RequestLimitExceeded",
    "ServiceUnavailable",
    "SlowDown",
    "Throttling",
    "TooManyRequests",
];

/// S3's code for a bucket that is not there.
pub(super) const NO_SUCH_BUCKET: &str = "NoSuchBucket";

/// Statuses for what time mends: the request took too long, came too early, was one too many.
const PASSING_STATUSES: [u16; 3] = [408, 425, 429];

impl Trouble {
    /// The bucket says nothing.
    pub(super) fn silence(time: Duration) -> Self {
        Self {
            reason: format!("it has not answered for {} s", time.as_secs()),
            help: "see whether the server is well, then run the command again".to_owned(),
            passes: true,
            answered: false,
            concerns_all: false,
        }
    }

    /// What it answers makes no sense.
    pub(super) fn wrong(reason: String) -> Self {
        Self {
            reason,
            help: "the server, or a proxy before it, does not answer as S3 does: mend that, or fetch the film by other means and name the file".to_owned(),
            passes: false,
            answered: true,
            concerns_all: false,
        }
    }

    /// What the store's error means.
    pub(super) fn of(error: &object_store::Error) -> Self {
        if let Some(disagreement) = cause::<Disagreement>(error) {
            return Self::wrong(disagreement.to_string());
        }
        let refusal = cause::<Refusal>(error);
        let code = refusal.and_then(Refusal::code).unwrap_or_default();
        let status = refusal.map(|it| it.status.as_u16());
        let lost = match refusal {
            Some(_) => None,
            None => cause::<HttpError>(error).map(HttpError::kind),
        };
        let (reason, help, concerns_all) = explain(code, status, lost);
        let detail = if code.is_empty() {
            format!(" ({})", last(error))
        } else {
            String::new()
        };
        Self {
            reason: format!("{reason}{detail}"),
            help: help.to_owned(),
            passes: passes(code, status, lost.is_some(), error),
            answered: status.is_some(),
            concerns_all,
        }
    }
}

fn passes(code: &str, status: Option<u16>, is_lost: bool, error: &object_store::Error) -> bool {
    match status {
        Some(status) => {
            status >= 500 || PASSING_STATUSES.contains(&status) || PASSING.contains(&code)
        }
        // An answer that cannot be read is no answer.
        None => is_lost || matches!(error, object_store::Error::Generic { .. }),
    }
}

/// Reason, help, and whether every film meets it.
fn explain(
    code: &str,
    status: Option<u16>,
    lost: Option<HttpErrorKind>,
) -> (&str, &'static str, bool) {
    match code {
        "InvalidAccessKeyId" => (
            "the bucket does not know this access key id",
            "check --access-key-id",
            true,
        ),
        "SignatureDoesNotMatch" => (
            "the secret does not belong to the access key id",
            "check REELGATE_S3_SECRET_ACCESS_KEY (or SPIN_VARIABLE_S3_SECRET_ACCESS_KEY), and --region",
            true,
        ),
        "AccessDenied" | "Unauthorized" => (
            "the bucket refuses this key",
            "give the key the right to list, read, write and delete in this bucket",
            true,
        ),
        NO_SUCH_BUCKET => (
            "there is no such bucket",
            "check --bucket, or make the bucket first",
            true,
        ),
        "NoSuchKey" => ("there is no such object", "check the key", false),
        "RequestTimeTooSkewed" => ("this machine's clock is wrong", "set the clock", true),
        "KeyTooLongError" | "InvalidArgument" => (
            "the bucket does not take this key",
            "choose a shorter game id",
            false,
        ),
        // A HEAD has no body to say it in.
        "" if status == Some(404) => ("there is no such object", "check the key", false),
        "" if status == Some(403) => (
            "the bucket refuses this key",
            "give the key the right to list and read there",
            false,
        ),
        "" if lost == Some(HttpErrorKind::Connect) => (
            "it cannot be reached",
            "check --endpoint, and that the server runs",
            false,
        ),
        "" if lost.is_some() => (
            "the connection broke off",
            "see whether the server and the network are well, then run the command again",
            false,
        ),
        "" => ("it gave no usable answer", "run the command again", false),
        // Its own trouble: a full disk, an outage.
        other => (
            other,
            "look into the server's log, then run the command again",
            false,
        ),
    }
}

/// The first of this kind among what led to it.
fn cause<E: std::error::Error + 'static>(error: &object_store::Error) -> Option<&E> {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        cause = error.source();
    }
    None
}

fn last(error: &object_store::Error) -> String {
    let mut last = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        last = error.to_string();
        cause = error.source();
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: &str, code: &str) -> Trouble {
        let status = status.split_once(' ').unwrap().0;
        let refusal = Refusal {
            status: status.parse().unwrap(),
            body: format!("<Error><Code>{code}</Code></Error>"),
        };
        Trouble::of(&object_store::Error::Generic {
            store: "S3",
            source: HttpError::new(HttpErrorKind::Unknown, refusal).into(),
        })
    }

    // The codes and their statuses stand in S3's API reference, "List of error codes".
    #[test]
    fn an_outage_passes_and_a_refusal_does_not() {
        for (status, code) in [
            ("503 Service Unavailable", "SlowDown"),
            ("500 Internal Server Error", "InternalError"),
            ("429 Too Many Requests", "TooManyRequests"),
            ("400 Bad Request", "RequestTimeout"),
            ("409 Conflict", "OperationAborted"),
        ] {
            assert!(answer(status, code).passes, "{code}");
            assert!(!answer(status, code).concerns_all, "{code}");
        }
        for (status, code) in [
            ("403 Forbidden", "AccessDenied"),
            ("403 Forbidden", "SignatureDoesNotMatch"),
            ("404 Not Found", "NoSuchBucket"),
        ] {
            assert!(!answer(status, code).passes, "{code}");
            assert!(answer(status, code).concerns_all, "{code}");
        }
        assert!(!answer("400 Bad Request", "InvalidArgument").passes);
        assert!(!answer("400 Bad Request", "InvalidArgument").concerns_all);
    }
}
