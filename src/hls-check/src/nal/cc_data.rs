//! Captions in the supplemental enhancement information of a picture (ANSI/SCTE 128-1 §8.1,
//! ATSC A/53 part 4 §6.2.3).

/// `payload_type` of user data that is registered by ITU-T T.35 (ITU-T H.264 §D.1.1).
const REGISTERED: usize = 4;

/// The United States, ATSC, its identifier, and the type of captions.
const CAPTIONS: [u8; 8] = [0xb5, 0x00, 0x31, b'G', b'A', b'9', b'4', 0x03];

/// Whether the unit behind its header holds captions that say something: most streams with a channel
/// for captions fill it with zeros where nobody speaks.
pub(super) fn are_in(unit: &[u8]) -> bool {
    let unit = without_emulation_prevention(unit);
    let mut rest = unit.as_slice();
    while let Some((kind, size, payload)) = message(rest) {
        let payload_end = size.min(payload.len());
        if kind == REGISTERED && speaks(&payload[..payload_end]) {
            return true;
        }
        rest = &payload[payload_end..];
    }
    false
}

/// ITU-T H.264 §7.4.1: a 3 behind two zeros is none of the content.
fn without_emulation_prevention(unit: &[u8]) -> Vec<u8> {
    let mut zeros = 0;
    let mut content = Vec::with_capacity(unit.len());
    for byte in unit {
        if zeros >= 2 && *byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if *byte == 0 { zeros + 1 } else { 0 };
        content.push(*byte);
    }
    content
}

/// Type and size of the first message, and what is behind them.
fn message(bytes: &[u8]) -> Option<(usize, usize, &[u8])> {
    let (kind, bytes) = number(bytes)?;
    let (size, bytes) = number(bytes)?;
    Some((kind, size, bytes))
}

/// ITU-T H.264 §7.3.2.3.1: every 0xff adds 255 and says that there is more.
fn number(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let full = bytes.iter().take_while(|byte| **byte == 0xff).count();
    let last = bytes.get(full)?;
    Some((full * 255 + usize::from(*last), &bytes[full + 1..]))
}

/// Whether a construct is valid and not zeros, parity aside.
fn speaks(payload: &[u8]) -> bool {
    let Some([flags, _, constructs @ ..]) = payload.strip_prefix(&CAPTIONS) else {
        return false;
    };
    let is_used = flags & 0x40 != 0;
    let count = usize::from(flags & 0x1f);
    is_used
        && constructs.chunks_exact(3).take(count).any(|construct| {
            let is_valid = construct[0] & 0x04 != 0;
            is_valid && (construct[1] | construct[2]) & 0x7f != 0
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A message with one construct.
    fn unit(construct: [u8; 3]) -> Vec<u8> {
        let mut unit = vec![4, 14];
        unit.extend(CAPTIONS);
        unit.extend([0x41, 0xff]);
        unit.extend(construct);
        unit.extend([0xff, 0x80]);
        unit
    }

    #[test]
    fn padding_is_no_caption() {
        // CEA-608 §B.8: 0x94 0x20 is "resume caption loading" with parity, 0x80 0x80 is nothing.
        assert!(are_in(&unit([0xfc, 0x94, 0x20])));
        assert!(!are_in(&unit([0xfc, 0x80, 0x80])));
        assert!(!are_in(&unit([0xf8, 0x94, 0x20])));
        assert!(!are_in(&[4, 14, 0xb5]));
        // Behind another message, of 256 bytes.
        let mut second = vec![5, 0xff, 1];
        second.extend([7; 256]);
        second.extend(unit([0xfc, 0x94, 0x20]));
        assert!(are_in(&second));
        // ITU-T H.264 §7.4.1.
        assert_eq!(without_emulation_prevention(&[0, 0, 3, 1, 3]), [0, 0, 1, 3]);
    }
}
