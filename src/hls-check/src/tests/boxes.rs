//! Boxes of an mp4, found by their sizes and names alone (ISO/IEC 14496-12 §4.2).

use std::ops::Range;

/// Name and place of each box in `bytes[within]`.
pub(super) fn boxes(bytes: &[u8], within: Range<usize>) -> Vec<(&[u8], Range<usize>)> {
    let mut found = Vec::new();
    let mut at = within.start;
    while at < within.end {
        let size = number(bytes, at) as usize;
        found.push((&bytes[at + 4..at + 8], at..at + size));
        at += size;
    }
    found
}

/// The place of the box at the end of `path`, each inside the one before.
pub(super) fn find(bytes: &[u8], within: Range<usize>, path: &[&[u8]]) -> Option<Range<usize>> {
    let (name, rest) = path.split_first()?;
    let found = boxes(bytes, within).into_iter().find(|(it, _)| it == name);
    let place = found?.1;
    match rest {
        [] => Some(place),
        rest => find(bytes, place.start + 8..place.end, rest),
    }
}

/// Four bytes, the greatest first.
pub(super) fn number(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap())
}

/// What a `trun` says (§8.8.8).
pub(super) struct Trun {
    pub(super) samples: u32,
    /// From the beginning of the `moof`.
    pub(super) data_offset: u32,
    pub(super) first_size: u32,
}

/// The `trun` of the `moof` that stands there.
pub(super) fn trun(bytes: &[u8], moof: Range<usize>) -> Trun {
    let at = find(bytes, moof, &[b"moof", b"traf", b"trun"])
        .unwrap()
        .start;
    let flags = number(bytes, at + 8) & 0xff_ffff;
    assert_eq!(flags & 0x201, 0x201, "ffmpeg gives offset and sizes");
    let first_flags = if flags & 4 == 0 { 0 } else { 4 };
    let duration = if flags & 0x100 == 0 { 0 } else { 4 };
    Trun {
        samples: number(bytes, at + 12),
        data_offset: number(bytes, at + 16),
        first_size: number(bytes, at + 20 + first_flags + duration),
    }
}
