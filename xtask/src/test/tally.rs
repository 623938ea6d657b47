//! Counting what `cargo test`, pytest and Node's test runner report.

use std::fmt;
use std::process::Command;

use anyhow::Result;

use crate::process;

/// Tests passed and failed, over all test programs.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    passed: u64,
    failed: u64,
}

impl Tally {
    /// Runs a command that ends in a test runner's report and counts its results.
    ///
    /// # Errors
    /// When a test failed or nothing could be run.
    pub(crate) fn run(&mut self, command: &mut Command) -> Result<()> {
        process::run_seeing(command, |line| self.see(line))
    }

    /// Adds a line such as `test result: ok. 12 passed; 0 failed; …`, pytest's `2 failed, 84 passed in 0.59s`,
    /// or Node's `# pass 12`; other lines say nothing.
    fn see(&mut self, line: &str) {
        if let Some(counts) = line.strip_prefix("test result: ") {
            self.add(counts);
        } else if let Some((counts, _)) = pytest_counts(line) {
            self.add(counts);
        } else if let Some((outcome, number)) = node_count(line) {
            match outcome {
                "pass" => self.passed += number,
                "fail" => self.failed += number,
                _ => {}
            }
        }
    }

    fn add(&mut self, counts: &str) {
        self.passed += count(counts, "passed");
        self.failed += count(counts, "failed");
    }
}

/// The last line of pytest, with or without its frame of `=`: what it counted, and the time it took.
fn pytest_counts(line: &str) -> Option<(&str, &str)> {
    let (counts, time) = line.trim_matches(['=', ' ']).rsplit_once(" in ")?;
    let first = counts.split(' ').next()?;
    let counted = first.parse::<u64>().is_ok() && time.ends_with('s');
    counted.then_some((counts, time))
}

/// A line of Node's summary: `# pass 12` where a program reads it, `ℹ pass 12` for people.
fn node_count(line: &str) -> Option<(&str, u64)> {
    let line = line.strip_prefix("# ").or(line.strip_prefix("ℹ "))?;
    let (outcome, number) = line.split_once(' ')?;
    Some((outcome, number.parse().ok()?))
}

/// The number that stands before `word`.
fn count(counts: &str, word: &str) -> u64 {
    let words: Vec<&str> = counts.split([' ', ';', ',']).collect();
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

    #[test]
    fn pytest_and_node_are_understood() {
        let mut tally = Tally::default();
        for line in [
            "collected 86 items in 3 files",
            "2 failed, 84 passed, 1 skipped in 0.59s",
            "============================== 87 passed in 0.36s ==============================",
            "# tests 14",
            "# pass 12",
            "# fail 2",
            "# passed by 3 s",
            "ℹ pass 5",
        ] {
            tally.see(line);
        }
        assert_eq!(tally.to_string(), "188 passed, 4 failed");
    }
}
