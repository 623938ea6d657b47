//! Time in a film, counted exactly: sums of floating numbers drift.

use alloc::string::String;
use core::{
    fmt,
    ops::{Add, Sub},
};

const MICROS: u64 = 1_000_000;

/// Most digits before the point: 115 days, longer than any film.
const MAX_DIGITS: usize = 7;

/// Most digits behind the point. Browsers write up to 17; what is less than a microsecond is cut off.
const MAX_DECIMALS: usize = 20;

/// Seconds from the beginning of a film, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Seconds(u64);

impl Seconds {
    /// Reads a plain decimal number: digits, perhaps a point and more digits. No sign, no exponent.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (whole, decimals) = match text.split_once('.') {
            Some((whole, decimals)) => (whole, Some(decimals)),
            None => (text, None),
        };
        let is_number = |digits: &str, most: usize| {
            (1..=most).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
        };
        if !is_number(whole, MAX_DIGITS)
            || !decimals.is_none_or(|some| is_number(some, MAX_DECIMALS))
        {
            return None;
        }
        let micros: String = decimals
            .unwrap_or_default()
            .chars()
            .chain("000000".chars())
            .take(6)
            .collect();
        let whole: u64 = whole.parse().ok()?;
        Some(Self(whole * MICROS + micros.parse::<u64>().ok()?))
    }
}

impl Add for Seconds {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

/// Never below the beginning.
impl Sub for Seconds {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, micros) = (self.0 / MICROS, self.0 % MICROS);
        if micros == 0 {
            return write!(f, "{whole}");
        }
        let decimals = alloc::format!("{micros:06}");
        write!(f, "{whole}.{}", decimals.trim_end_matches('0'))
    }
}
