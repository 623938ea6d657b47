//! The little that is read of the XML with which S3 explains an error.
//!
//! Two elements with plain text in them are wanted, out of a document whose shape differs from store
//! to store and which may be cut off. So they are looked for by their tags: no parser, hence no
//! entities to expand, no depth to exhaust, and a value is taken only when it is a plain word.

use alloc::string::String;

/// How much of an error's body is read, in bytes. S3's are under 1 KiB; the rest is someone else's.
pub(super) const LIMIT: usize = 64 * 1024;

/// No S3 error code is longer; the longest documented ones have some 50 letters.
const MAX_CODE: usize = 64;

/// S3's name for the error: `NoSuchKey`.
pub(super) fn code(document: &[u8]) -> Option<String> {
    let code = text_of(document, b"<Code>", b"</Code>")?;
    let plain = code.len() <= MAX_CODE
        && code
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'));
    (plain && !code.is_empty()).then(|| code.into())
}

/// The size of the object that a range lies outside of, in bytes.
pub(super) fn actual_size(document: &[u8]) -> Option<u64> {
    let digits = text_of(document, b"<ActualObjectSize>", b"</ActualObjectSize>")?;
    digits
        .bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| digits.parse().ok())?
}

fn text_of<'a>(document: &'a [u8], open: &[u8], close: &[u8]) -> Option<&'a str> {
    let start = find(document, open)? + open.len();
    let end = start + find(&document[start..], close)?;
    core::str::from_utf8(&document[start..end])
        .ok()
        .map(str::trim)
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}
