//! Recovery points (ITU-T H.264, D.2.8): pictures from which a decoder gets to whole ones in the end. Chromium takes
//! each for a picture to start at, whatever the container says, and stops at the next that needs one before it.

/// The message of that kind (table in D.1), and one that means nothing: whoever reads it drops it.
const RECOVERY_POINT: u8 = 6;
const RESERVED: u8 = 96;

/// Has the SEI messages of one NAL unit (7.3.2.3) say nothing of recovery.
pub(crate) fn hide(unit: &mut [u8]) {
    let mut at = 1;
    while let Some((kind_at, next)) = message(unit, at) {
        if let Some(kind) = unit
            .get_mut(kind_at)
            .filter(|kind| **kind == RECOVERY_POINT)
        {
            *kind = RESERVED;
        }
        at = next;
    }
}

/// Where the last byte of the kind of the message at `at` stands, and where the next message begins.
fn message(unit: &[u8], at: usize) -> Option<(usize, usize)> {
    let (_, kind_at) = coded(unit, at)?;
    let (size, size_at) = coded(unit, kind_at + 1)?;
    // The bits behind the last message are no message.
    let next = (0..size).try_fold(size_at + 1, |at, _| payload_byte(unit, at).map(|at| at + 1))?;
    Some((kind_at, next))
}

/// A number of SEI, whose bytes are added up until one is not 255, and where its last byte stands.
fn coded(unit: &[u8], mut at: usize) -> Option<(usize, usize)> {
    let mut number = 0;
    loop {
        at = payload_byte(unit, at)?;
        let byte = *unit.get(at)?;
        number += usize::from(byte);
        if byte != 0xff {
            return Some((number, at));
        }
        at += 1;
    }
}

/// Where the byte at `at` stands, past one that is there for emulation prevention alone (7.4.1).
fn payload_byte(unit: &[u8], at: usize) -> Option<usize> {
    let is_prevention = at >= 2 && unit.get(at - 2..=at) == Some(&[0, 0, 3]);
    let at = if is_prevention { at + 1 } else { at };
    (at < unit.len()).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What x264 writes before each open group of pictures.
    #[test]
    fn a_recovery_point_is_hidden() {
        let mut unit = [0x06, 0x06, 0x01, 0xc4, 0x80];
        hide(&mut unit);
        assert_eq!(unit, [0x06, 96, 0x01, 0xc4, 0x80]);
    }

    /// A byte of emulation prevention counts as none; the sixth byte of captions is no kind.
    #[test]
    fn it_is_found_behind_other_messages() {
        let before = [
            0x06, 0x04, 0x05, 0x00, 0x00, 0x03, 0x01, 0x06, 0x07, 0x06, 0x01, 0xc4, 0x80,
        ];
        let mut unit = before;
        hide(&mut unit);
        let changed: Vec<usize> = (0..before.len())
            .filter(|&at| before[at] != unit[at])
            .collect();
        assert_eq!((changed, unit[9]), (vec![9], 96));
    }

    #[test]
    fn what_is_cut_off_is_left_alone() {
        for unit in [
            &mut [0x06, 0x04, 0x05][..],
            &mut [0x06],
            &mut [],
            &mut [0x06, 0xff, 0xff],
        ] {
            let before = unit.to_vec();
            hide(unit);
            assert_eq!(unit, before);
        }
    }
}
