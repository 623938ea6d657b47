//! What came of a request that the bucket did not do.

use super::trouble::Trouble;

/// The bucket cannot be reached, or refuses.
#[derive(Debug, thiserror::Error)]
#[error("{doing} failed: {reason}")]
pub struct Error {
    /// What was being done.
    doing: String,
    /// What came of it.
    reason: String,
    /// What to do about it.
    help: String,
    /// Whether every other film would meet it too.
    concerns_all: bool,
}

impl Error {
    pub(super) fn new(doing: String, trouble: Trouble) -> Self {
        Self {
            doing,
            reason: trouble.reason,
            help: trouble.help,
            concerns_all: trouble.concerns_all,
        }
    }

    /// What to do about it.
    pub fn help(&self) -> &str {
        &self.help
    }

    /// Whether every other film would meet it too.
    pub fn concerns_all(&self) -> bool {
        self.concerns_all
    }

    /// The same, met while reading one film out of a bucket: others may be readable.
    pub(crate) fn of_one_film(self) -> Self {
        Self {
            concerns_all: false,
            ..self
        }
    }
}
