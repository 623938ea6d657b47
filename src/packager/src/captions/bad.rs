//! What can be wrong with a file of captions.

/// Why captions cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub(crate) struct Bad {
    /// From 1.
    pub(crate) line: usize,
    /// As a sentence.
    pub(crate) what: String,
}

impl Bad {
    /// Something is wrong in line `line`, counted from 1.
    pub(crate) fn new(line: usize, what: impl Into<String>) -> Self {
        Self {
            line,
            what: what.into(),
        }
    }
}
