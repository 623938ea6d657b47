//! Bodies of requests that are read whole: small JSON documents, from whoever may send some.
//!
//! Before a driver reads one, it is known who sends it, and that it is not announced as longer than it may be.
//! Reading ends after [`READ_TIME`], for a body that comes at one byte in a while holds a place that others want.

use alloc::format;
use core::time::Duration;

use super::problem::{Kind, Problem};
use crate::http::{Answer, HeaderSource};

/// How long all of a body may take. The longest has 256 KiB, so 26 KB/s will do.
pub const READ_TIME: Duration = Duration::from_secs(10);

/// Why a body was not read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unread {
    /// It took longer than [`READ_TIME`].
    TimedOut,
    /// It broke off, or is not framed as HTTP frames it: a chunk of no length, a length that is not kept.
    Broken,
}

impl Unread {
    /// The answer: 408 or 400.
    #[must_use]
    pub fn render(self) -> Answer {
        match self {
            Self::TimedOut => Problem::new(Kind::RequestTimeout)
                .detail(format!("within {} s, all of it", READ_TIME.as_secs())),
            Self::Broken => Problem::new(Kind::BadRequest)
                .reason("body_broken")
                .detail("the body broke off, or its chunks cannot be read"),
        }
        .render()
    }
}

/// Refuses what says by `Content-Length` that it is longer than `limit` bytes.
///
/// # Errors
/// The answer: 413.
pub(super) fn announced<H: HeaderSource + ?Sized>(headers: &H, limit: usize) -> Result<(), Answer> {
    let length = headers.single("content-length");
    let length: Option<u64> = length.and_then(|length| length.trim().parse().ok());
    match length {
        Some(length) if length > limit as u64 => Err(too_large(limit)),
        _ => Ok(()),
    }
}

/// 413, for a body of more than `limit` bytes.
pub(super) fn too_large(limit: usize) -> Answer {
    Problem::new(Kind::TooLarge)
        .detail(format!("at most {limit} bytes"))
        .render()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_read_has_an_answer() {
        for (unread, status, word) in [
            (
                Unread::TimedOut,
                408,
                "\"urn:reelgate:problem:request-timeout\"",
            ),
            (Unread::Broken, 400, "\"reason\":\"body_broken\""),
        ] {
            let answer = unread.render();
            assert_eq!(answer.head.status, status);
            let body = core::str::from_utf8(&answer.body).unwrap();
            assert!(body.contains(word), "{body}");
            assert_eq!(answer.head.headers.single("connection"), None);
        }
    }

    #[test]
    fn a_length_is_judged_where_it_is_announced() {
        let status = |value: &str| {
            let announced = announced(&alloc::vec![("Content-Length", value)], 10);
            announced.map_err(|answer| answer.head.status)
        };
        for value in ["0", "10"] {
            assert_eq!(status(value), Ok(()), "{value}");
        }
        for value in ["11", "18446744073709551615"] {
            assert_eq!(status(value), Err(413), "{value}");
        }
        assert!(announced(&alloc::vec![("a", "b")], 10).is_ok());
    }
}
