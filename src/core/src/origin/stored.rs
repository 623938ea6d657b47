//! What an origin may be asked for. Which of the two is configuration, not the asker's choice: the origin
//! behind the gate cannot be talked into an original, nor the one behind the source route into a game.

use alloc::string::String;

use crate::{key::ObjectKey, video::SourceKey};

/// The part of the bucket that an origin serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Serves {
    /// `/games/...`, asked for by the gate.
    Games,
    /// `/originals/...`, any key of the bucket, asked for by the source route.
    Originals,
}

impl Serves {
    /// Reads the path of a request.
    pub(super) fn read(self, path: &str) -> Option<Stored> {
        match self {
            Self::Games => ObjectKey::from_path(path).ok().map(Stored::InGame),
            Self::Originals => SourceKey::from_path(path).map(Stored::Original),
        }
    }
}

/// An object that may be served.
#[derive(Debug)]
pub(super) enum Stored {
    /// A file of a game.
    InGame(ObjectKey),
    /// An original.
    Original(SourceKey),
}

impl Stored {
    /// The key, nothing escaped.
    pub(super) fn as_str(&self) -> &str {
        match self {
            Self::InGame(key) => key.as_str(),
            Self::Original(key) => key.as_str(),
        }
    }

    /// The path below the bucket, escaped.
    pub(super) fn to_bucket_path(&self) -> String {
        match self {
            Self::InGame(key) => key.to_path(),
            Self::Original(key) => key.to_bucket_path(),
        }
    }
}
