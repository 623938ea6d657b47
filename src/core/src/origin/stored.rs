//! What an object that is at hand answers, without the bucket: by the same rules as the bucket's answers are
//! judged by (RFC 9110 §13, §14).

use alloc::{borrow::Cow, format, string::ToString};
use core::ops::Range;

use super::{
    conditions::Unmet,
    exchange::{out_of_range, plain},
    question::{Question, Unsatisfied, not_modified},
    received::Received,
};
use crate::http::{Answer, Head, HeaderSource, Method, Request};

/// An answer made of an object that is at hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FromStored {
    /// 200, with the object's own header fields: all of it, or to HEAD nothing of it.
    Whole,
    /// 206: the object's own header fields but these, which take the place of those of the same name, and these
    /// bytes.
    Part(Head, Range<u64>),
    /// 304, 412, 416.
    Answer(Answer),
}

/// How `request` is answered by an object of `size` bytes with the header fields `stored`, as [`Dialogue`] would
/// have answered it had the bucket been asked.
///
/// The path is not looked at, nor that the method is GET or HEAD.
///
/// # Example
/// ```
/// use reelgate_core::{
///     http::{Method, Request},
///     origin::{FromStored, from_stored},
/// };
///
/// let asked = [("range", "bytes=-100")];
/// let request = Request { method: Method::Get, target: "/games/7/init.mp4", headers: &asked[..] };
/// let stored = [("etag", "\"a\"")];
/// let FromStored::Part(head, bytes) = from_stored(&request, &stored[..], 900) else { panic!() };
/// assert_eq!((head.status, bytes), (206, 800..900));
/// ```
///
/// [`Dialogue`]: super::Dialogue
#[must_use]
pub fn from_stored<H, S>(request: &Request<'_, H>, stored: &S, size: u64) -> FromStored
where
    H: HeaderSource + ?Sized,
    S: HeaderSource + ?Sized,
{
    let stored = Received(stored);
    let method = request.method;
    match Question::read(request).of_stored(&stored.validators(), size) {
        Ok(None) => FromStored::Whole,
        Ok(Some(bytes)) => FromStored::Part(part(&bytes, size), bytes),
        Err(Unsatisfied::Condition(Unmet::PreconditionFailed)) => answer(plain(412), method),
        Err(Unsatisfied::Condition(Unmet::NotModified)) => {
            let head = not_modified(&stored);
            let body = Cow::Borrowed(&[][..]);
            FromStored::Answer(Answer { head, body })
        }
        Err(Unsatisfied::Range) => answer(out_of_range(size), method),
    }
}

fn answer(answer: Answer, method: Method) -> FromStored {
    FromStored::Answer(answer.for_method(method))
}

fn part(bytes: &Range<u64>, size: u64) -> Head {
    let length = (bytes.end - bytes.start).to_string();
    let (first, last) = (bytes.start, bytes.end - 1);
    let content_range = format!("bytes {first}-{last}/{size}");
    Head {
        status: 206,
        headers: alloc::vec![
            ("content-length", Cow::Owned(length.into_bytes())),
            ("content-range", Cow::Owned(content_range.into_bytes())),
        ],
    }
}

/// Whether a request of these header fields is answered with all of an object, whatever the object: it sets no
/// condition and asks for no range.
#[must_use]
pub fn asks_for_whole<H: HeaderSource + ?Sized>(headers: &H) -> bool {
    let received = Received(headers);
    ASKING.iter().all(|name| !received.has(name))
}

/// Whether a request of these header fields sets a condition other than on a range.
#[must_use]
pub fn has_conditions<H: HeaderSource + ?Sized>(headers: &H) -> bool {
    let received = Received(headers);
    CONDITIONS.iter().any(|name| received.has(name))
}

const CONDITIONS: [&str; 4] = [
    "if-match",
    "if-none-match",
    "if-modified-since",
    "if-unmodified-since",
];

/// `If-Range` says nothing without a range (RFC 9110 §13.1.5).
const ASKING: [&str; 5] = [
    "range",
    "if-match",
    "if-none-match",
    "if-modified-since",
    "if-unmodified-since",
];
