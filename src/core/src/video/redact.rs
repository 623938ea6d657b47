//! Texts of others that a row may keep: cut to a length, free of signatures.

use alloc::string::String;

/// Longest code of a failure, in bytes; Stream's have 12 to 29.
pub(super) const MAX_CODE_BYTES: usize = 128;

/// Longest message of a failure, in bytes: two or three sentences.
pub(super) const MAX_MESSAGE_BYTES: usize = 1024;

/// A run of hexadecimal digits this long is taken for a signature, which has 64. Stream's uids have 32.
const SECRET_DIGITS: usize = 40;

/// `text` without signatures, without control characters, and of at most `limit` bytes. Stream may
/// repeat the signed address of an original in what it says about an error.
pub(super) fn redact(text: &str, limit: usize) -> String {
    let mut clean = String::with_capacity(text.len().min(limit));
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let digits = rest.bytes().take_while(u8::is_ascii_hexdigit).count();
        if digits >= SECRET_DIGITS {
            clean.push_str("[redacted]");
        } else if digits > 0 {
            clean.push_str(&rest[..digits]);
        } else {
            clean.push(if next.is_control() { ' ' } else { next });
        }
        rest = &rest[digits.max(next.len_utf8())..];
    }
    clean.truncate(clean.floor_char_boundary(limit));
    clean
}
