//! What counts as held.

use std::time::Duration;

use super::intruders::Got;
use super::memory::Memory;
use super::viewers::Seen;

/// What viewers may wait for, 99 of 100 times.
const MOST_WAIT: Duration = Duration::from_secs(1);

/// What a trial did, beside what was seen.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Done {
    /// Requests and connections, in words.
    pub(super) what: String,
    /// How many acknowledged changes were looked for afterwards; `None` where nothing was changed.
    pub(super) kept: Option<Kept>,
    /// Requests without a right to it that were answered with it.
    pub(super) let_in: usize,
    /// What went wrong in words of the trial.
    pub(super) faults: Vec<String>,
}

/// What became of acknowledged changes.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kept {
    /// Changes that were acknowledged.
    pub(super) acknowledged: usize,
    /// Those of them that are not there.
    pub(super) lost: usize,
}

/// All that is known of a trial.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Outcome {
    pub(super) done: Done,
    pub(super) seen: Seen,
    pub(super) got: Got,
    pub(super) memory: Memory,
}

impl Outcome {
    /// Requests of anybody that were answered with what is not theirs.
    pub(super) fn let_in(&self) -> usize {
        self.got.let_in + self.done.let_in
    }

    /// Why the trial was not held; nothing where it was.
    pub(super) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut fault = |is: bool, text: String| {
            if is {
                faults.push(text);
            }
        };
        let (seen, got, memory) = (&self.seen, &self.got, &self.memory);
        fault(
            seen.failed > 0,
            format!("viewers failed: {}", seen.reasons.join("; ")),
        );
        match percentile(&seen.waits, 99) {
            Some(wait) => fault(
                wait > MOST_WAIT,
                format!("one viewer in 100 waits for {wait:.1?} or more"),
            ),
            None => fault(true, "no viewer asked for anything".to_owned()),
        }
        fault(got.answered == 0, "no intruder was answered".to_owned());
        fault(
            self.let_in() > 0,
            format!("{} let in: {}", self.let_in(), got.described.join("; ")),
        );
        let lost = self.done.kept.map_or(0, |kept| kept.lost);
        fault(lost > 0, format!("{lost} acknowledged changes are lost"));
        fault(
            !memory.is_back(),
            format!("{:.0} MB after a minute", memory.after),
        );
        faults.extend(self.done.faults.iter().cloned());
        faults
    }
}

/// The wait that `percent` of a hundred stay within; `None` of none.
pub(super) fn percentile(waits: &[Duration], percent: usize) -> Option<Duration> {
    let mut sorted = waits.to_vec();
    sorted.sort_unstable();
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Done, Got, Kept, Memory, Outcome, Seen, percentile};

    fn held() -> Outcome {
        Outcome {
            done: Done::default(),
            seen: Seen {
                requests: 1,
                waits: vec![Duration::from_millis(5)],
                ..Seen::default()
            },
            got: Got {
                answered: 1,
                ..Got::default()
            },
            memory: Memory {
                before: 50.0,
                most: 500.0,
                after: 139.0,
                after_seconds: 3.0,
            },
        }
    }

    #[test]
    fn the_nearest_rank_is_the_percentile() {
        let waits: Vec<Duration> = (1..=200).rev().map(Duration::from_millis).collect();
        assert_eq!(percentile(&waits, 99), Some(Duration::from_millis(198)));
        assert_eq!(percentile(&waits[..1], 99), Some(waits[0]));
        assert_eq!(percentile(&[], 99), None);
    }

    #[test]
    fn each_of_five_things_breaks_a_trial() {
        assert_eq!(held().faults(), Vec::<String>::new());
        let broken = |change: fn(&mut Outcome)| {
            let mut outcome = held();
            change(&mut outcome);
            outcome.faults().len()
        };
        assert_eq!(broken(|o| o.seen.failed = 1), 1);
        assert_eq!(broken(|o| o.seen.waits[0] = Duration::from_millis(1001)), 1);
        assert_eq!(broken(|o| o.got.let_in = 1), 1);
        assert_eq!(broken(|o| o.memory.after = 139.1), 1);
        let lost = Kept {
            acknowledged: 9,
            lost: 1,
        };
        let with_lost = Outcome {
            done: Done {
                kept: Some(lost),
                ..Done::default()
            },
            ..held()
        };
        assert_eq!(with_lost.faults(), ["1 acknowledged changes are lost"]);
    }

    #[test]
    fn who_saw_nothing_proves_nothing() {
        let mut nobody = held();
        nobody.seen = Seen::default();
        nobody.got = Got::default();
        assert_eq!(nobody.faults().len(), 2);
    }
}
