//! What goes wrong at the seam, and behind it.

use super::{catalog_types, transcoder_types};
use reelgate_core::video::routes::problem::Kind;
use reelgate_core::video::{BadId, BadRow, BadSourceKey, CallFailed, StoreError, Trouble};
use std::fmt;

/// What came across the seam and cannot be: the other side is of another version.
#[derive(Clone, Debug)]
pub struct BadWords(pub(super) String);

impl fmt::Display for BadWords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<BadId> for BadWords {
    fn from(reason: BadId) -> Self {
        Self(format!("a name {reason}"))
    }
}

impl From<BadSourceKey> for BadWords {
    fn from(reason: BadSourceKey) -> Self {
        Self(format!("a key {reason}"))
    }
}

impl From<BadRow> for BadWords {
    fn from(reason: BadRow) -> Self {
        Self(reason.to_string())
    }
}

impl From<BadWords> for catalog_types::CatalogError {
    fn from(BadWords(reason): BadWords) -> Self {
        Self::Invalid(reason)
    }
}

impl From<Trouble> for catalog_types::CatalogError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Taken => Self::Taken,
            Trouble::Full => Self::Full,
            Trouble::Contended => Self::Contended,
            Trouble::Store(StoreError::Unavailable(reason)) => Self::Store(reason),
            other => Self::Damaged(other.to_string()),
        }
    }
}

/// What the client is to be told about a catalog that failed.
#[must_use]
pub fn kind(error: &catalog_types::CatalogError) -> Kind {
    match error {
        catalog_types::CatalogError::Taken => Kind::Taken,
        catalog_types::CatalogError::Full => Kind::Full,
        catalog_types::CatalogError::Contended | catalog_types::CatalogError::Store(_) => {
            Kind::Unavailable
        }
        catalog_types::CatalogError::Invalid(_) | catalog_types::CatalogError::Damaged(_) => {
            Kind::Internal
        }
    }
}

impl From<BadWords> for CallFailed {
    fn from(BadWords(reason): BadWords) -> Self {
        Self::Passing(reason)
    }
}

impl From<BadWords> for transcoder_types::CallFailed {
    fn from(BadWords(reason): BadWords) -> Self {
        Self::Refused(reason)
    }
}

impl From<CallFailed> for transcoder_types::CallFailed {
    fn from(failed: CallFailed) -> Self {
        match failed {
            CallFailed::Busy => Self::Busy,
            CallFailed::Denied(reason) => Self::Denied(reason),
            CallFailed::Refused(reason) => Self::Refused(reason),
            CallFailed::Passing(reason) => Self::Passing(reason),
        }
    }
}

impl From<transcoder_types::CallFailed> for CallFailed {
    fn from(failed: transcoder_types::CallFailed) -> Self {
        match failed {
            transcoder_types::CallFailed::Busy => Self::Busy,
            transcoder_types::CallFailed::Denied(reason) => Self::Denied(reason),
            transcoder_types::CallFailed::Refused(reason) => Self::Refused(reason),
            transcoder_types::CallFailed::Passing(reason) => Self::Passing(reason),
        }
    }
}
