//! Reading header fields that may be missing, repeated or nonsense.

use alloc::{borrow::Cow, vec::Vec};

use httpdate::HttpDate;

use super::validators::{EntityTag, Validators};
use crate::http::{HeaderSource, Headers};

/// Header fields of the viewer or the bucket; neither is trusted to have written them well.
pub(super) struct Received<'a, H: ?Sized>(pub(super) &'a H);

/// A `Content-Length` that is repeated or no number. What follows such a head cannot be believed
/// (RFC 9112 §6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BadLength;

impl<'a, H: HeaderSource + ?Sized> Received<'a, H> {
    pub(super) fn has(&self, name: &'a str) -> bool {
        self.0.values(name).next().is_some()
    }

    /// The value of a header that occurs once.
    pub(super) fn only(&self, name: &'a str) -> Option<&'a [u8]> {
        let mut values = self.0.values(name);
        let value = values.next()?;
        values.next().is_none().then_some(value)
    }

    /// The date in a header, in any of the three formats (RFC 9110 §5.6.7). One that is repeated or
    /// malformed is ignored (§13.1.3).
    pub(super) fn date(&self, name: &'a str) -> Option<HttpDate> {
        self.0.single(name)?.parse().ok()
    }

    /// Whether the body is a list of parts, each with a head of its own.
    pub(super) fn is_multipart(&self) -> bool {
        const TYPE: &[u8] = b"multipart/byteranges";
        let kind = self
            .only("content-type")
            .and_then(|kind| kind.get(..TYPE.len()));
        kind.is_some_and(|kind| kind.eq_ignore_ascii_case(TYPE))
    }

    /// The `Content-Length`, when there is one.
    pub(super) fn length(&self) -> Result<Option<u64>, BadLength> {
        if !self.has("content-length") {
            return Ok(None);
        }
        let digits = self
            .0
            .single("content-length")
            .filter(|value| value.bytes().all(|byte| byte.is_ascii_digit()));
        digits
            .and_then(|digits| digits.parse().ok())
            .map(Some)
            .ok_or(BadLength)
    }

    pub(super) fn validators(&self) -> Validators {
        Validators {
            tag: self.only("etag").and_then(EntityTag::parse),
            modified: self.date("last-modified"),
        }
    }

    /// Copies the named headers, in that order. One that occurs more than once is left out, unless
    /// it is a list.
    pub(super) fn copy(&self, names: &[&'static str]) -> Headers {
        names
            .iter()
            .filter_map(|&name| Some((name, Cow::Owned(self.copied(name)?))))
            .collect()
    }

    fn copied(&self, name: &'static str) -> Option<Vec<u8>> {
        if name != "content-encoding" {
            return self.only(name).map(<[u8]>::to_vec);
        }
        let codings: Vec<&[u8]> = self.0.values(name).collect();
        (!codings.is_empty()).then(|| codings.join(&b", "[..]))
    }
}
