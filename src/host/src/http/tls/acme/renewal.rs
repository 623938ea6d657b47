//! When an authority is asked: for the next certificate, and again when it has given none.

use crate::http::tls::issued::Validity;
use std::time::Duration;

/// The first wait after an order that failed; a network that comes up late is there by then.
const FIRST: Duration = Duration::from_secs(20);
/// Each wait is so many times the one before: five tries within the first hour, as many as Let's Encrypt lets fail.
const FACTOR: u32 = 4;
/// No wait is longer, unless the authority asks for it.
const MOST: Duration = Duration::from_secs(6 * 3600);
/// No more than this is waited for an authority that asks for it.
const MOST_ASKED_FOR: Duration = Duration::from_secs(24 * 3600);
/// From one certificate to the next, whatever they say of themselves.
pub(super) const SOONEST: Duration = Duration::from_secs(60);

/// When a certificate is to be renewed, in seconds since 1970: a third of its life before its end.
pub(super) fn due(validity: Validity) -> i64 {
    let life = validity.not_after.saturating_sub(validity.not_before);
    validity.not_after.saturating_sub(life.max(0) / 3)
}

/// How long is waited after an order that failed.
#[derive(Debug)]
pub(super) struct Backoff {
    next: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { next: FIRST }
    }
}

impl Backoff {
    /// The wait after one failure more, for which the authority may have `asked` itself.
    pub(super) fn wait(&mut self, asked: Option<Duration>) -> Duration {
        let wait = self.next;
        self.next = self.next.saturating_mul(FACTOR).min(MOST);
        match asked {
            Some(asked) => asked.clamp(Duration::from_secs(1), MOST_ASKED_FOR),
            None => wait,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Let's Encrypt's advice: 90 days are renewed when 30 are left (letsencrypt.org/docs/integration-guide).
    #[test]
    fn a_third_of_its_life_is_left() {
        const DAY: i64 = 86_400;
        let validity = Validity {
            not_before: 1_700_000_000,
            not_after: 1_700_000_000 + 90 * DAY,
        };
        assert_eq!(due(validity), validity.not_after - 30 * DAY);
        let turned = Validity {
            not_before: 5,
            not_after: 3,
        };
        assert_eq!(due(turned), 3);
    }

    /// Let's Encrypt lets five validations of a name fail in an hour (letsencrypt.org/docs/rate-limits).
    #[test]
    fn an_hour_has_five_tries_at_most() {
        let mut backoff = Backoff::default();
        let mut time = Duration::ZERO;
        let mut tries = Vec::new();
        for _ in 0..40 {
            tries.push(time);
            time += backoff.wait(None);
        }
        for from in 0..tries.len() {
            let hour = tries[from] + Duration::from_secs(3600);
            let within = tries[from..].iter().filter(|time| **time < hour);
            assert!(within.count() <= 5);
        }
        assert_eq!(backoff.wait(None), MOST);
    }

    #[test]
    fn an_authority_that_says_when_is_obeyed_within_reason() {
        let mut backoff = Backoff::default();
        let mut wait = |seconds| backoff.wait(Some(Duration::from_secs(seconds))).as_secs();
        assert_eq!((wait(0), wait(90), wait(u64::MAX)), (1, 90, 86_400));
    }
}
