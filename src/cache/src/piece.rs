//! An object in pieces of one size.

use bytes::Bytes;
use std::ops::Range;

/// Bytes of a piece. One write to a socket takes a few of them; an allocator has a size class for it.
pub(crate) const CHUNK: usize = 128 * 1024;

/// The part of the piece at `range.start` that is in the range.
pub(crate) fn piece(chunks: &[Bytes], range: &Range<u64>) -> Option<Bytes> {
    let chunk = CHUNK as u64;
    let index = usize::try_from(range.start / chunk).ok()?;
    let bytes = chunks.get(index)?;
    let base = index as u64 * chunk;
    cut(bytes, base, range)
}

/// The part of `bytes`, which lie at `base`, that begins where `range` does.
pub(crate) fn cut(bytes: &Bytes, base: u64, range: &Range<u64>) -> Option<Bytes> {
    let from = usize::try_from(range.start.checked_sub(base)?).ok()?;
    let until = bytes
        .len()
        .min(usize::try_from(range.end.checked_sub(base)?).unwrap_or(usize::MAX));
    if from >= until {
        return None;
    }
    if from == 0 && until == bytes.len() {
        return Some(bytes.clone());
    }
    Some(bytes.slice(from..until))
}
