//! Time as a value: rules take it as an argument and never ask for it.

use alloc::string::{String, ToString};

use jiff::Timestamp;

/// Whole seconds since 1970-01-01T00:00:00Z, leap seconds not counted (RFC 7519 §2, `NumericDate`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixTime(pub u64);

impl UnixTime {
    /// The time `seconds` later; stays at the far end of time instead of wrapping.
    #[must_use]
    pub fn plus(self, seconds: u64) -> Self {
        Self(self.0.saturating_add(seconds))
    }

    /// The time as RFC 3339 writes it in UTC: `2025-10-09T08:53:20Z`. What lies beyond the
    /// last days of the year 9999 is written as its last second, for the format has no later one.
    #[must_use]
    pub fn to_rfc3339(self) -> String {
        i64::try_from(self.0)
            .ok()
            .and_then(|seconds| Timestamp::from_second(seconds).ok())
            .map_or_else(|| "9999-12-31T23:59:59Z".into(), |time| time.to_string())
    }

    /// Reads RFC 3339 with any offset; fractions of a second are dropped. `None` for other text and
    /// for times before 1970.
    #[must_use]
    pub fn from_rfc3339(text: &str) -> Option<Self> {
        let time: Timestamp = text.parse().ok()?;
        u64::try_from(time.as_second()).ok().map(Self)
    }

    /// How many seconds after `earlier` this is; 0 when it is not.
    #[must_use]
    pub fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// Where the time is taken from by what asks for it more than once: a change of a row that is tried again, for
/// instance. A [`UnixTime`] is a clock that stands.
pub trait Clock: Copy {
    /// The time.
    fn now(self) -> UnixTime;
}

impl Clock for UnixTime {
    fn now(self) -> UnixTime {
        self
    }
}

impl<F: Fn() -> UnixTime + Copy> Clock for F {
    fn now(self) -> UnixTime {
        self()
    }
}

/// How JSON writes a time: RFC 3339. Read with any offset; fractions of a second are dropped.
pub(crate) mod rfc3339 {
    use alloc::string::String;

    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use super::UnixTime;

    const NOT_A_TIME: &str = "not a time as RFC 3339 writes it, of 1970 or later";

    pub(crate) fn serialize<S: Serializer>(time: &UnixTime, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&time.to_rfc3339())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<UnixTime, D::Error> {
        let text = String::deserialize(from)?;
        UnixTime::from_rfc3339(&text).ok_or_else(|| D::Error::custom(NOT_A_TIME))
    }

    /// The same for a time that may be missing: `null`.
    pub(crate) mod option {
        use super::*;

        #[expect(clippy::ref_option, reason = "the signature that serde calls")]
        pub(crate) fn serialize<S: Serializer>(
            time: &Option<UnixTime>,
            to: S,
        ) -> Result<S::Ok, S::Error> {
            match time {
                Some(time) => super::serialize(time, to),
                None => to.serialize_none(),
            }
        }

        pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
            from: D,
        ) -> Result<Option<UnixTime>, D::Error> {
            let Some(text) = Option::<String>::deserialize(from)? else {
                return Ok(None);
            };
            match UnixTime::from_rfc3339(&text) {
                Some(time) => Ok(Some(time)),
                None => Err(D::Error::custom(NOT_A_TIME)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_as_rfc_3339() {
        // `date -u -d @1760000000 +%FT%TZ`, and the same for the others.
        for (seconds, expected) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_760_000_000, "2025-10-09T08:53:20Z"),
            (4_107_542_399, "2100-02-28T23:59:59Z"),
            (253_402_200_000, "9999-12-30T20:00:00Z"),
            (253_402_300_800, "9999-12-31T23:59:59Z"),
            (u64::MAX, "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(UnixTime(seconds).to_rfc3339(), expected);
        }
    }

    #[test]
    fn time_ends_instead_of_wrapping() {
        assert_eq!(UnixTime(u64::MAX - 1).plus(5), UnixTime(u64::MAX));
    }
}
