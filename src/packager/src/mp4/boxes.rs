//! Boxes by their place in memory (ISO/IEC 14496-12 §4.2), for those that are changed in place or that
//! no library has to understand whole.

use std::ops::Range;

use mp4_atom::{Decode as _, FourCC, Header};

/// Bytes of a time in the box with this body: the version says.
pub(crate) fn time_bytes(boxes: &[u8], body: &Range<usize>) -> Option<usize> {
    match boxes.get(body.start)? {
        0 => Some(4),
        1 => Some(8),
        _ => None,
    }
}

/// `mvhd` and `mdhd`: two times, then ticks a second.
pub(crate) fn timescale(boxes: &[u8], body: Range<usize>) -> Option<u32> {
    number(boxes, body.start + 4 + 2 * time_bytes(boxes, &body)?)
}

/// The number of 4 bytes at `at`.
pub(crate) fn number(boxes: &[u8], at: usize) -> Option<u32> {
    let bytes = boxes.get(at..at + 4)?;
    bytes.try_into().ok().map(u32::from_be_bytes)
}

/// The number of `wide` bytes at `at`.
pub(crate) fn time(boxes: &[u8], at: usize, wide: usize) -> Option<u64> {
    let bytes = boxes.get(at..at + wide)?;
    Some(
        bytes
            .iter()
            .fold(0, |time, byte| time << 8 | u64::from(*byte)),
    )
}

/// The body of the first box of this kind that stands in `within`.
pub(crate) fn child(boxes: &[u8], within: Range<usize>, kind: FourCC) -> Option<Range<usize>> {
    let mut found = children(boxes, within).filter(|(other, _)| *other == kind);
    found.next().map(|(_, body)| body)
}

/// Kind and body of each box that stands in `within`.
pub(crate) fn children(
    boxes: &[u8],
    within: Range<usize>,
) -> impl Iterator<Item = (FourCC, Range<usize>)> {
    let mut at = within.start;
    std::iter::from_fn(move || {
        let mut rest = boxes.get(at..within.end)?;
        let before = rest.len();
        let header = Header::decode(&mut rest).ok()?;
        let from = at + (before - rest.len());
        let to = from.checked_add(header.size?)?;
        at = to;
        (to <= within.end).then_some((header.kind, from..to))
    })
}
