//! SEI messages with captions (ATSC A/53 Part 4, section 6.2.3; ITU-T H.264 and H.265, annex D).

use crate::mp4::pictures::Family;

/// The type of a message that a country's authority has defined.
const REGISTERED: usize = 4;

/// The United States, ATSC, and ATSC's name for captions.
const ATSC: [u8; 8] = [0xb5, 0x00, 0x31, b'G', b'A', b'9', b'4', 0x03];

/// The captions of one picture: kind (0 and 1: CEA-608, first and second field; 2 and 3: CEA-708, going
/// on and beginning) and two bytes each.
pub(super) fn captions<'a>(
    family: Family,
    nal_units: impl Iterator<Item = &'a [u8]>,
) -> Vec<[u8; 3]> {
    let messages = nal_units.filter_map(|unit| body(family, unit));
    let mut found = Vec::new();
    for body in messages {
        read(&unescaped(body), &mut found);
    }
    found
}

/// What follows the header of a NAL unit that holds SEI messages.
fn body(family: Family, unit: &[u8]) -> Option<&[u8]> {
    let first = *unit.first()?;
    match family {
        Family::H264 if first & 0x1f == 6 => unit.get(1..),
        Family::Hevc if matches!((first >> 1) & 0x3f, 39 | 40) => unit.get(2..),
        _ => None,
    }
}

/// Without the bytes that keep a start code from arising (H.264, section 7.4.1).
fn unescaped(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    let mut zeros = 0;
    for &byte in body {
        if zeros >= 2 && byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        out.push(byte);
    }
    out
}

fn read(mut messages: &[u8], found: &mut Vec<[u8; 3]>) {
    // A byte is left for the bits that end the unit.
    while messages.len() > 2 {
        let Some((kind, rest)) = number(messages) else {
            return;
        };
        let Some((size, rest)) = number(rest) else {
            return;
        };
        if rest.len() < size {
            return;
        }
        let (payload, after) = rest.split_at(size);
        if let (REGISTERED, Some(data)) = (kind, payload.strip_prefix(&ATSC)) {
            cc_data(data, found);
        }
        messages = after;
    }
}

/// A number that is written as many 255s as it holds, and the rest.
fn number(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let many = bytes.iter().take_while(|byte| **byte == 255).count();
    let last = *bytes.get(many)?;
    Some((255 * many + usize::from(last), &bytes[many + 1..]))
}

/// A flag and a count, a byte for nothing, and three bytes for each.
fn cc_data(data: &[u8], found: &mut Vec<[u8; 3]>) {
    let [flags, _, triples @ ..] = data else {
        return;
    };
    if flags & 0x40 == 0 {
        return;
    }
    let count = usize::from(flags & 0x1f);
    let (triples, _) = triples.as_chunks::<3>();
    let valid = triples.iter().take(count).filter(|it| it[0] & 0x04 != 0);
    found.extend(valid.map(|[kind, first, second]| [kind & 0x03, *first, *second]));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_as_the_standard_has_it_is_read() {
        // ATSC A/53 Part 4, tables 6.7 to 6.10: one pair for the first field, one that is not valid.
        let unit = [
            0x06, 0x04, 17, 0xb5, 0x00, 0x31, b'G', b'A', b'9', b'4', 0x03, 0xc2, 0xff, 0xfc, 0x94,
            0x20, 0xf9, 0x80, 0x80, 0xff, 0x80,
        ];
        let of = |family, unit: &[u8]| captions(family, [unit].into_iter());
        assert_eq!(of(Family::H264, &unit), [[0, 0x94, 0x20]]);
        assert_eq!(of(Family::Hevc, &unit), [[0; 3]; 0]);
        let hevc = [&[39 << 1, 1], &unit[1..]].concat();
        assert_eq!(of(Family::Hevc, &hevc), [[0, 0x94, 0x20]]);
        assert_eq!(of(Family::H264, &unit[..12]), [[0; 3]; 0]);
    }
}
