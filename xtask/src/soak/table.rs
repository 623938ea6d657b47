//! The table of trials, for people and as JSON.

use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};

use super::verdict::{Outcome, percentile};
use crate::testbed::columns;

/// One line of the table.
#[derive(Debug)]
pub(super) struct Row {
    /// The word for `--only` and for scripts.
    pub(super) name: &'static str,
    /// What was done, in words.
    pub(super) what: &'static str,
    /// What came of it, or why it could not be tried.
    pub(super) outcome: Result<Outcome, String>,
}

const HEADINGS: [&str; 10] = [
    "trial", "done", "viewers", "failed", "p99", "let in", "lost", "memory", "back", "",
];

impl Row {
    /// Why it was not held; nothing where it was.
    pub(super) fn faults(&self) -> Vec<String> {
        match &self.outcome {
            Ok(outcome) => outcome.faults(),
            Err(error) => vec![error.clone()],
        }
    }

    fn cells(&self) -> [String; 10] {
        let verdict = match self.faults().is_empty() {
            true => "held",
            false => "NOT HELD",
        };
        let name = self.name.to_owned();
        let Ok(outcome) = &self.outcome else {
            let [viewers, failed, p99, let_in, lost, memory, back] =
                [(); 7].map(|()| String::new());
            let done = "could not be tried".to_owned();
            let verdict = verdict.to_owned();
            return [
                name, done, viewers, failed, p99, let_in, lost, memory, back, verdict,
            ];
        };
        let (seen, memory) = (&outcome.seen, &outcome.memory);
        [
            name,
            format!("{}: {}", self.what, outcome.done.what),
            seen.requests.to_string(),
            seen.failed.to_string(),
            percentile(&seen.waits, 99).map_or_else(String::new, milliseconds),
            format!("{} of {}", outcome.let_in(), outcome.got.answered),
            outcome.done.kept.map_or_else(String::new, |kept| {
                format!("{} of {}", kept.lost, kept.acknowledged)
            }),
            format!(
                "{:.0}, {:.0}, {:.0} MB",
                memory.before, memory.most, memory.after
            ),
            format!("{:.0} s", memory.after_seconds),
            verdict.to_owned(),
        ]
    }

    fn json(&self) -> Value {
        let faults = self.faults();
        let outcome = self.outcome.as_ref().ok();
        json!({
            "name": self.name,
            "what": self.what,
            "done": outcome.map(|outcome| &outcome.done.what),
            "viewers": outcome.map(|outcome| json!({
                "requests": outcome.seen.requests,
                "failed": outcome.seen.failed,
                "p50_ms": percentile(&outcome.seen.waits, 50).map(in_milliseconds),
                "p99_ms": percentile(&outcome.seen.waits, 99).map(in_milliseconds),
                "most_ms": percentile(&outcome.seen.waits, 100).map(in_milliseconds),
            })),
            "intruders": outcome.map(|outcome| json!({
                "answered": outcome.got.answered,
                "let_in": outcome.let_in(),
            })),
            "kept": outcome.and_then(|outcome| outcome.done.kept).map(|kept| json!({
                "acknowledged": kept.acknowledged,
                "lost": kept.lost,
            })),
            "memory_mb": outcome.map(|outcome| json!({
                "before": outcome.memory.before,
                "most": outcome.memory.most,
                "after": outcome.memory.after,
                "after_seconds": outcome.memory.after_seconds,
            })),
            "held": faults.is_empty(),
            "faults": faults,
        })
    }
}

fn in_milliseconds(wait: Duration) -> f64 {
    wait.as_secs_f64() * 1e3
}

fn milliseconds(wait: Duration) -> String {
    format!("{:.0} ms", in_milliseconds(wait))
}

/// All rows, in the order in which they were run.
#[derive(Debug, Default)]
pub(super) struct Table {
    rows: Vec<Row>,
}

impl Table {
    /// Adds a row.
    pub(super) fn add(&mut self, row: Row) {
        self.rows.push(row);
    }

    /// How many trials were not held.
    pub(super) fn failures(&self) -> usize {
        let broken = |row: &&Row| !row.faults().is_empty();
        self.rows.iter().filter(broken).count()
    }

    /// The rows as a JSON array.
    pub(super) fn json(&self) -> Value {
        self.rows.iter().map(Row::json).collect()
    }
}

/// Memory is before, at most and after; `back` is when the last look was.
impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        columns::write(f, HEADINGS, self.rows.iter().map(Row::cells))?;
        for row in &self.rows {
            for fault in row.faults() {
                writeln!(f, "{}: {fault}", row.name)?;
            }
        }
        Ok(())
    }
}
