//! Counting what `cargo test` reports.

use std::fmt;
use std::process::Command;

use anyhow::Result;

use crate::process;

/// Tests passed and failed, over all test binaries.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    passed: u64,
    failed: u64,
}

impl Tally {
    /// Runs a `cargo test` command and counts its results.
    ///
    /// # Errors
    /// When a test failed or nothing could be run.
    pub(crate) fn run(&mut self, command: &mut Command) -> Result<()> {
        process::run_seeing(command, |line| self.see(line))
    }

    /// Adds a line such as `test result: ok. 12 passed; 0 failed; …`; other lines say nothing.
    fn see(&mut self, line: &str) {
        let Some(counts) = line.strip_prefix("test result: ") else {
            return;
        };
        self.passed += count(counts, "passed");
        self.failed += count(counts, "failed");
    }
}

/// The number that stands before `word`.
fn count(counts: &str, word: &str) -> u64 {
    let words: Vec<&str> = counts.split([' ', ';']).collect();
    words
        .windows(2)
        .find(|pair| pair[1] == word)
        .and_then(|pair| pair[0].parse().ok())
        .unwrap_or(0)
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

#[cfg(test)]
mod tests {
    use super::Tally;

    #[test]
    fn result_lines_are_summed_and_others_ignored() {
        let mut tally = Tally::default();
        for line in [
            "running 3 tests",
            "test key::tests::failed ... ok",
            "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 4 filtered out; finished in 0.02s",
            "test result: FAILED. 5 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.10s",
        ] {
            tally.see(line);
        }
        assert_eq!(tally.to_string(), "17 passed, 2 failed");
    }
}
