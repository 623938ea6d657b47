//! Moments, as a cron expression names them.

use chrono::{DateTime, Utc};
use std::str::FromStr as _;

/// The moments of a cron expression, in UTC.
#[derive(Clone, Debug)]
pub struct Times(cron::Schedule);

impl Times {
    /// Reads a cron expression as Spin's plugin does: second, minute, hour, day of month, month, day of
    /// week and perhaps year.
    ///
    /// # Errors
    ///
    /// It is none; the message shows it.
    pub(crate) fn parse(expression: &str) -> Result<Self, String> {
        cron::Schedule::from_str(expression)
            .map(Self)
            .map_err(|error| format!("`{expression}` is no cron expression: {error}"))
    }

    /// The first moment after `now`; `None` when there are no more.
    #[must_use]
    pub fn next_after(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.0.after(&now).next()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(expression: &str, now: &str) -> String {
        let times = Times::parse(expression).unwrap();
        let next = times.next_after(now.parse().unwrap()).unwrap();
        next.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
    }

    /// The field table and the example of the README of Spin's cron plugin.
    #[test]
    fn expressions_mean_what_spins_plugin_says() {
        for (expression, now, expected) in [
            (
                "0 * * * * *",
                "2026-03-01T12:00:00Z",
                "2026-03-01T12:01:00Z",
            ),
            (
                "0 * * * * *",
                "2026-03-01T12:00:59Z",
                "2026-03-01T12:01:00Z",
            ),
            (
                "0/15 * * * * *",
                "2026-03-01T12:00:31Z",
                "2026-03-01T12:00:45Z",
            ),
            (
                "2,8 * * * * *",
                "2026-03-01T12:00:03Z",
                "2026-03-01T12:00:08Z",
            ),
            (
                "0 1/2 11,12 5-10 * * *",
                "2026-03-01T12:00:00Z",
                "2026-03-05T11:01:00Z",
            ),
        ] {
            assert_eq!(next(expression, now), expected, "{expression}");
        }
    }

    #[test]
    fn what_is_no_expression_is_shown() {
        for expression in ["* * * * *", "every minute", "", "61 * * * * *"] {
            let error = Times::parse(expression).unwrap_err();
            assert!(error.contains(&format!("`{expression}`")), "{error}");
        }
    }
}
