//! Byte ranges: what a player asks for and what a bucket says it sent (RFC 9110 §14).

use core::{fmt, ops::Range};

/// Positions beyond this are read as this one: no object is so long, and buckets that count with a
/// sign refuse more.
const MAX_POSITION: u64 = i64::MAX as u64;

/// One range of bytes as asked for (RFC 9110 §14.1.2). `Display` writes it as a `Range` header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByteRange {
    /// `first-last`, both included; `first` is not after `last`.
    FromTo {
        /// Position of the first byte, from 0.
        first: u64,
        /// Position of the last byte; may lie behind the end.
        last: u64,
    },
    /// `first-`: all from there on.
    From {
        /// Position of the first byte, from 0.
        first: u64,
    },
    /// `-length`: the end of the object.
    Last {
        /// How many bytes; the whole object when it has fewer. 0 can never be satisfied.
        length: u64,
    },
}

/// Reads the value of a `Range` header that asks for one range of bytes.
///
/// `None` for everything that is answered with the whole object: another unit, several ranges (no
/// bucket gives them, and RFC 9110 §14.2 lets a server ignore the header), and what is malformed.
///
/// # Example
/// ```
/// use reelgate_core::origin::range::{ByteRange, parse};
///
/// assert_eq!(parse("bytes=0-499"), Some(ByteRange::FromTo { first: 0, last: 499 }));
/// assert_eq!(parse("bytes=0-0,-1"), None);
/// ```
#[must_use]
pub fn parse(header: &str) -> Option<ByteRange> {
    let (unit, set) = header.split_once('=')?;
    // Unit names are case-insensitive (RFC 9110 §14.1).
    if !unit.eq_ignore_ascii_case("bytes") {
        return None;
    }
    // A list may hold empty elements and blanks around its commas (RFC 9110 §5.6.1.2).
    let mut specs = set
        .split(',')
        .map(|spec| spec.trim_matches([' ', '\t']))
        .filter(|spec| !spec.is_empty());
    let spec = specs.next()?;
    if specs.next().is_some() {
        return None;
    }
    let (first, last) = spec.split_once('-')?;
    match (first, last) {
        ("", length) => Some(ByteRange::Last {
            length: position(length)?,
        }),
        (first, "") => Some(ByteRange::From {
            first: position(first)?,
        }),
        (first, last) => {
            let (first, last) = (position(first)?, position(last)?);
            (first <= last).then_some(ByteRange::FromTo { first, last })
        }
    }
}

impl ByteRange {
    /// Whether an object of `size` bytes has a byte of the range (RFC 9110 §14.1.2).
    #[must_use]
    pub fn is_satisfiable(self, size: u64) -> bool {
        match self {
            Self::FromTo { first, .. } | Self::From { first } => first < size,
            Self::Last { length } => length > 0,
        }
    }

    /// The bytes it means in an object of `size` bytes, which it is satisfiable by.
    #[must_use]
    pub fn within(self, size: u64) -> Range<u64> {
        match self {
            Self::FromTo { first, last } => first..size.min(last.saturating_add(1)),
            Self::From { first } => first..size,
            Self::Last { length } => size.saturating_sub(length)..size,
        }
    }

    /// Whether `sent` is what was asked for: the first byte asked for and nothing outside the range.
    /// It may end early, for a server may send less than was asked (RFC 9110 §15.3.7).
    pub(super) fn is_answered_by(self, sent: Sent) -> bool {
        match self {
            Self::FromTo { first, last } => sent.first == first && sent.last <= last,
            Self::From { first } => sent.first == first,
            Self::Last { length } => match sent.size {
                Some(size) => sent.first == size.saturating_sub(length),
                None => sent.length() <= length,
            },
        }
    }
}

impl fmt::Display for ByteRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FromTo { first, last } => write!(f, "bytes={first}-{last}"),
            Self::From { first } => write!(f, "bytes={first}-"),
            Self::Last { length } => write!(f, "bytes=-{length}"),
        }
    }
}

/// The part of an object that an answer holds: `Content-Range: bytes 0-499/1234`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sent {
    pub(super) first: u64,
    pub(super) last: u64,
    /// `None` for `*`: the sender does not know.
    pub(super) size: Option<u64>,
}

impl Sent {
    /// Reads the `Content-Range` of a 206; `None` unless it is valid (RFC 9110 §14.4).
    pub(super) fn parse(header: &str) -> Option<Self> {
        let (range, size) = content_range(header)?;
        let (first, last) = range.split_once('-')?;
        let (first, last) = (position(first)?, position(last)?);
        let size = match size {
            "*" => None,
            size => Some(position(size)?),
        };
        let sane = first <= last && size.is_none_or(|size| last < size);
        sane.then_some(Self { first, last, size })
    }

    /// Whether it is all of the object.
    pub(super) fn is_whole(self) -> bool {
        self.size == Some(self.length())
    }

    /// How many bytes that is.
    pub(super) fn length(self) -> u64 {
        self.last - self.first + 1
    }
}

/// The size of the object in the `Content-Range: bytes */1234` of a 416 (RFC 9110 §14.4).
pub(super) fn unsatisfied_size(header: &str) -> Option<u64> {
    match content_range(header)? {
        ("*", size) => position(size),
        _ => None,
    }
}

fn content_range(header: &str) -> Option<(&str, &str)> {
    let (unit, rest) = header.split_once(' ')?;
    unit.eq_ignore_ascii_case("bytes")
        .then_some(rest)?
        .split_once('/')
}

/// `1*DIGIT`, at most [`MAX_POSITION`].
fn position(digits: &str) -> Option<u64> {
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // All digits, so it can only be too large.
    Some(digits.parse().unwrap_or(MAX_POSITION).min(MAX_POSITION))
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_rfcs_examples_are_read() {
        // RFC 9110 §14.1.2, for an object of 10000 bytes.
        for (header, first, last) in [
            ("bytes=0-499", 0, 499),
            ("bytes=500-999", 500, 999),
            ("bytes=-500", 9500, 9999),
            ("bytes=9500-", 9500, 9999),
        ] {
            let range = parse(header).unwrap();
            assert_eq!(range.to_string(), header);
            let sent = Sent {
                first,
                last,
                size: Some(10_000),
            };
            assert!(range.is_answered_by(sent), "{header}");
        }
        for several in [
            "bytes=0-0,-1",
            "bytes= 0-999, 4500-5499, -1000",
            "bytes=500-600,601-999",
            "bytes=500-700,601-999",
        ] {
            assert_eq!(parse(several), None, "{several}");
        }
    }

    #[test]
    fn one_range_may_be_written_in_many_ways() {
        for (header, normal) in [
            ("Bytes=0-1", "bytes=0-1"),
            ("bytes=,, 0-1\t,", "bytes=0-1"),
            ("bytes=007-0010", "bytes=7-10"),
            ("bytes=5-5", "bytes=5-5"),
            ("bytes=-0", "bytes=-0"),
            (
                "bytes=0-99999999999999999999",
                "bytes=0-9223372036854775807",
            ),
            ("bytes=18446744073709551615-", "bytes=9223372036854775807-"),
            ("bytes=-18446744073709551616", "bytes=-9223372036854775807"),
        ] {
            assert_eq!(parse(header).unwrap().to_string(), normal, "{header}");
        }
    }

    #[test]
    fn what_is_malformed_is_no_range() {
        for header in [
            "",
            "=",
            "bytes",
            "bytes=",
            "bytes=-",
            "bytes=,",
            "bytes=1",
            "bytes=2-1",
            "bytes=a-",
            "bytes=1-b",
            "bytes=+1-2",
            "bytes=1--2",
            "bytes=1-2-3",
            "bytes=0x1-2",
            "bytes=1 -2",
            "bytes =1-2",
            " bytes=1-2",
            "bytes=\u{661}-2",
            "bytes:1-2",
            "pages=1-2",
            "bytes=1-2;q=1",
        ] {
            assert_eq!(parse(header), None, "{header:?}");
        }
    }

    #[test]
    fn a_range_needs_a_byte_to_be_satisfied() {
        // RFC 9110 §14.1.2.
        for (header, size, satisfiable) in [
            ("bytes=0-", 0, false),
            ("bytes=0-", 1, true),
            ("bytes=10-20", 10, false),
            ("bytes=9-20", 10, true),
            ("bytes=-0", 10, false),
            ("bytes=-1", 10, true),
            ("bytes=-99", 10, true),
        ] {
            assert_eq!(
                parse(header).unwrap().is_satisfiable(size),
                satisfiable,
                "{header} of {size}"
            );
        }
    }

    #[test]
    fn the_rfcs_content_ranges_are_read() {
        // RFC 9110 §14.4.
        for (header, first, last, size) in [
            ("bytes 42-1233/1234", 42, 1233, Some(1234)),
            ("bytes 42-1233/*", 42, 1233, None),
            ("bytes 0-499/1234", 0, 499, Some(1234)),
            ("bytes 500-999/1234", 500, 999, Some(1234)),
            ("bytes 500-1233/1234", 500, 1233, Some(1234)),
            ("bytes 734-1233/1234", 734, 1233, Some(1234)),
        ] {
            assert_eq!(
                Sent::parse(header),
                Some(Sent { first, last, size }),
                "{header}"
            );
            assert_eq!(unsatisfied_size(header), None, "{header}");
        }
        assert_eq!(unsatisfied_size("bytes */1234"), Some(1234));
    }

    #[test]
    fn an_invalid_content_range_is_none() {
        for header in [
            "",
            "bytes",
            "bytes */1234",
            "bytes 42-1233",
            "bytes 42-1233/1233",
            "bytes 42-41/1234",
            "bytes=42-43/99",
            "bytes 42-/99",
            "bytes -42/99",
            "bytes 0-1/",
            "lines 0-1/2",
            "bytes  0-1/2",
            "bytes 0-1/2/3",
        ] {
            assert_eq!(Sent::parse(header), None, "{header:?}");
        }
        for header in ["bytes */*", "bytes */", "bytes */-1", "bytes 0-1/*", "*/5"] {
            assert_eq!(unsatisfied_size(header), None, "{header:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(header in "bytes=[0-9]{0,20}-[0-9]{0,20}|.{0,20}") {
            if let Some(range) = parse(&header) {
                prop_assert_eq!(parse(&range.to_string()), Some(range));
            }
        }

        #[test]
        fn no_content_range_is_too_strange(header in "bytes [0-9]{0,20}-[0-9]{0,20}/([0-9]{0,20}|\\*)|.{0,20}") {
            if let Some(sent) = Sent::parse(&header) {
                prop_assert!(sent.length() > 0);
            }
        }
    }
}
