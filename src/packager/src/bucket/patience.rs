//! How long to go on asking a bucket that is in trouble, and how often.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// The first pause, about, unless told otherwise.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// The longest pause, about: an outage of minutes is not made longer by much.
const LONGEST_PAUSE: Duration = Duration::from_secs(20);

/// What trouble may cost one film, all its requests together: time without a request that succeeds,
/// once one has failed.
#[derive(Debug)]
pub(super) struct Patience {
    budget: Duration,
    /// The first pause after a failure, about.
    pub(super) first_pause: Duration,
    spent: Mutex<Spent>,
}

#[derive(Debug, Default)]
struct Spent {
    /// On trouble that is over.
    before: Duration,
    /// Since when there is trouble.
    since: Option<Instant>,
}

/// Whether to ask once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// This is the first failure after a success.
    BeginsNow,
    /// It goes on, and there is patience left.
    GoesOn,
    /// There is none left.
    Enough,
}

impl Patience {
    pub(super) fn new(budget: Duration) -> Self {
        Self {
            budget,
            first_pause: FIRST_PAUSE,
            spent: Mutex::default(),
        }
    }

    pub(super) fn budget(&self) -> Duration {
        self.budget
    }

    /// The pauses between the tries of one request.
    pub(super) fn pauses(&self) -> Pauses {
        Pauses {
            first: self.first_pause,
            taken: 0,
        }
    }

    /// A request has failed at `now`; `limit` may be tighter than the budget.
    pub(super) fn failed(&self, now: Instant, limit: Duration) -> Verdict {
        let mut spent = self.spent();
        let begins = spent.since.is_none();
        let since = *spent.since.get_or_insert(now);
        let so_far = spent.before + now.saturating_duration_since(since);
        if so_far >= self.budget.min(limit) {
            Verdict::Enough
        } else if begins {
            Verdict::BeginsNow
        } else {
            Verdict::GoesOn
        }
    }

    /// A request has succeeded at `now`; gives how long the trouble lasted, if there was some.
    pub(super) fn succeeded(&self, now: Instant) -> Option<Duration> {
        let mut spent = self.spent();
        let lasted = now.saturating_duration_since(spent.since.take()?);
        spent.before += lasted;
        Some(lasted)
    }

    fn spent(&self) -> MutexGuard<'_, Spent> {
        // Two numbers are never half written.
        self.spent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ever longer pauses, with chance in them: those who were turned away together do not come back
/// together.
#[derive(Debug)]
pub(super) struct Pauses {
    first: Duration,
    taken: u32,
}

impl Pauses {
    /// The next pause. `chance` is any number, evenly spread.
    pub(super) fn next(&mut self, chance: u32) -> Duration {
        let doubled = self.first.saturating_mul(1 << self.taken.min(16));
        self.taken += 1;
        let longest = doubled.min(LONGEST_PAUSE);
        longest.div_f64(2.0) + longest.mul_f64(f64::from(chance) / f64::from(u32::MAX) / 2.0)
    }
}

/// A number by chance; none at all only makes the pauses of several films alike.
pub(super) fn chance() -> u32 {
    getrandom::u32().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trouble_is_counted_by_the_clock_and_added_up() {
        let second = Duration::from_secs(1);
        let patience = Patience::new(10 * second);
        let start = Instant::now();
        let no_limit = Duration::MAX;
        assert_eq!(patience.failed(start, no_limit), Verdict::BeginsNow);
        // Six uploads that fail at once have lost no more time than one.
        for _ in 0..6 {
            assert_eq!(patience.failed(start + second, no_limit), Verdict::GoesOn);
        }
        assert_eq!(patience.succeeded(start + 4 * second), Some(4 * second));
        assert_eq!(patience.succeeded(start + 5 * second), None);
        let again = start + 60 * second;
        assert_eq!(patience.failed(again, no_limit), Verdict::BeginsNow);
        assert_eq!(
            patience.failed(again + 5 * second, no_limit),
            Verdict::GoesOn
        );
        assert_eq!(
            patience.failed(again + 6 * second, no_limit),
            Verdict::Enough
        );
        assert_eq!(
            Patience::new(10 * second).failed(start, Duration::ZERO),
            Verdict::Enough
        );
    }

    #[test]
    fn pauses_double_up_to_a_limit_and_differ_by_chance() {
        let patience = Patience::new(Duration::ZERO);
        let (mut least, mut most) = (patience.pauses(), patience.pauses());
        let millis = |pause: Duration| pause.as_millis();
        let least: Vec<u128> = (0..9).map(|_| millis(least.next(0))).collect();
        let most: Vec<u128> = (0..9).map(|_| millis(most.next(u32::MAX))).collect();
        assert_eq!(least, [100, 200, 400, 800, 1600, 3200, 6400, 10000, 10000]);
        assert_eq!(most, [200, 400, 800, 1600, 3200, 6400, 12800, 20000, 20000]);
    }
}
