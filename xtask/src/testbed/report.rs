//! What a load tool has seen.

use std::time::Duration;

/// What came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Report {
    /// Whole answers.
    pub(crate) requests: u64,
    /// Bytes received, heads included.
    pub(crate) bytes: u64,
    /// How long it took.
    pub(crate) took: Duration,
    /// Half of all answers came within this.
    pub(crate) p50: Duration,
    /// 99 of 100 answers came within this.
    pub(crate) p99: Duration,
    /// Answers with a status of 400 or above.
    pub(crate) refused: u64,
    /// Connections that failed or timed out.
    pub(crate) broken: u64,
}
