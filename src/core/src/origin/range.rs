//! Byte ranges: what a player asks for and what a bucket says it sent (RFC 9110 §14).

use core::fmt;

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
