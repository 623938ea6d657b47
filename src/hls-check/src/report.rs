//! What came of a check.

use serde::Serialize;

/// Findings of one rule that are told; a film with a hundred bad segments is told once.
const MOST_FINDINGS: usize = 8;

/// What came of one rule, from good to bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// There is nothing here that the rule is about; the finding says what is not there.
    NotApplicable,
    /// Could not be looked at here; the first finding says why.
    NotChecked,
    /// Kept.
    Pass,
    /// A SHOULD is not kept.
    Warning,
    /// A MUST is not kept.
    Fail,
}

/// Where a rule is not kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The playlist, or the playlist and the segment; empty for the presentation as a whole.
    pub at: String,
    /// What is there, with its values.
    pub what: String,
}

/// One rule and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Judged {
    /// A number of Apple's authoring specification for HLS, `HLS` and a section of rfc8216bis, an
    /// attribute, or `WEB` and a number for what browsers need.
    pub rule: &'static str,
    /// What it demands.
    pub title: &'static str,
    /// What came of it.
    pub outcome: Outcome,
    /// Where it is not kept: at most 8.
    pub findings: Vec<Finding>,
    /// How many findings more there are.
    pub more_findings: usize,
}

/// What came of all rules: the object that `--json` prints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Name of the multivariant playlist.
    pub playlist: String,
    /// Whether every MUST is kept.
    pub passed: bool,
    /// Whether all segments were read.
    pub is_full: bool,
    /// Media playlists.
    pub playlists: usize,
    /// Segments that the playlists name, I-frames not counted.
    pub segments: usize,
    /// Media bytes that were read.
    pub bytes: u64,
    /// The rules, in the order of their numbers.
    pub rules: Vec<Judged>,
}

impl Report {
    /// How many rules had that outcome.
    pub fn count(&self, outcome: Outcome) -> usize {
        self.rules
            .iter()
            .filter(|rule| rule.outcome == outcome)
            .count()
    }
}

/// The findings of one rule while it is being judged.
#[derive(Default)]
pub(super) struct Verdict {
    worst: Option<Outcome>,
    findings: Vec<Finding>,
    more: usize,
}

impl Verdict {
    /// A MUST is not kept.
    pub(super) fn fail(&mut self, at: impl Into<String>, what: impl Into<String>) {
        self.find(Outcome::Fail, at.into(), what.into());
    }

    /// A SHOULD is not kept.
    pub(super) fn warn(&mut self, at: impl Into<String>, what: impl Into<String>) {
        self.find(Outcome::Warning, at.into(), what.into());
    }

    /// The rule cannot be judged.
    pub(super) fn not_checked(&mut self, why: impl Into<String>) {
        self.find(Outcome::NotChecked, String::new(), why.into());
    }

    fn find(&mut self, outcome: Outcome, at: String, what: String) {
        self.worst = self.worst.max(Some(outcome));
        if self.findings.len() < MOST_FINDINGS {
            self.findings.push(Finding { at, what });
        } else {
            self.more += 1;
        }
    }

    /// The rule is about something that is not there.
    pub(super) fn not_applicable(&mut self, why: impl Into<String>) {
        self.find(Outcome::NotApplicable, String::new(), why.into());
    }

    /// What came of it.
    pub(super) fn judged(self, rule: &'static str, title: &'static str) -> Judged {
        Judged {
            rule,
            title,
            outcome: self.worst.unwrap_or(Outcome::Pass),
            findings: self.findings,
            more_findings: self.more,
        }
    }
}
