//! The first picture of a fragment of H.264, as far as a copy depends on it: whether a decoder can
//! start there, and whether it is still the film that the init section describes.

use std::ops::Range;

use mp4_atom::Avcc;

use crate::mp4::recovery;

/// NAL units by number (ITU-T H.264, table 7-1).
const SLICE: u8 = 1;
const IDR: u8 = 5;
const SEI: u8 = 6;
const SEQUENCE_PARAMETERS: u8 = 7;

/// What an init section says of the pictures that follow.
#[derive(Clone, Debug)]
pub(crate) struct Described {
    /// Bytes of the length before each NAL unit.
    length_bytes: usize,
    /// Size, shape and tools of the pictures.
    parameters: Vec<Vec<u8>>,
}

impl Described {
    /// As `avcC` has it.
    pub(crate) fn new(avcc: &Avcc) -> Self {
        Self {
            length_bytes: usize::from(avcc.length_size),
            parameters: avcc.sequence_parameter_sets.clone(),
        }
    }

    /// Looks at one picture.
    pub(crate) fn look(&self, picture: &[u8]) -> Look {
        let mut look = Look::default();
        for unit in units(picture, self.length_bytes) {
            match unit.first().map_or(0, |head| head & 0x1f) {
                SLICE => break,
                IDR => {
                    look.is_idr = true;
                    break;
                }
                SEQUENCE_PARAMETERS => {
                    look.is_another |= !self.parameters.iter().any(|own| same(own, unit));
                }
                _ => {}
            }
        }
        look
    }

    /// Has a picture say nothing of being a recovery point.
    pub(crate) fn hide_recovery_point(&self, picture: &mut [u8]) {
        let mut at = 0;
        while let Some(place) = unit(picture, at, self.length_bytes) {
            at = place.end;
            if let Some(unit) = picture.get_mut(place)
                && unit.first().map_or(0, |head| head & 0x1f) == SEI
            {
                recovery::hide(unit);
            }
        }
    }
}

/// What a picture is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Look {
    /// No picture behind it needs one before it (§7.4.1.2.4).
    pub(crate) is_idr: bool,
    /// It brings parameters that the init section has not.
    pub(crate) is_another: bool,
}

/// Some muxers leave zeros behind the end (§B.1: trailing_zero_8bits).
fn same(one: &[u8], other: &[u8]) -> bool {
    let end = |unit: &[u8]| unit.iter().rposition(|byte| *byte != 0);
    let (one_end, other_end) = (end(one), end(other));
    one_end == other_end && one_end.is_some_and(|end| one[..=end] == other[..=end])
}

fn units(picture: &[u8], length_bytes: usize) -> impl Iterator<Item = &[u8]> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let place = unit(picture, at, length_bytes)?;
        at = place.end;
        picture.get(place)
    })
}

/// The NAL unit whose length stands at `at`.
fn unit(picture: &[u8], at: usize, length_bytes: usize) -> Option<Range<usize>> {
    let begin = at.checked_add(length_bytes)?;
    let length = picture.get(at..begin)?;
    let length = length
        .iter()
        .fold(0, |length, byte| length << 8 | usize::from(*byte));
    let end = begin.checked_add(length)?;
    (length > 0 && end <= picture.len()).then_some(begin..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described() -> Described {
        Described {
            length_bytes: 4,
            parameters: vec![vec![0x67, 0x42, 0xc0, 0x0d]],
        }
    }

    fn picture(units: &[&[u8]]) -> Vec<u8> {
        let length = |unit: &&[u8]| (unit.len() as u32).to_be_bytes();
        let units = units
            .iter()
            .flat_map(|unit| [length(unit).to_vec(), unit.to_vec()]);
        units.flatten().collect()
    }

    #[test]
    fn an_idr_with_the_same_parameters_is_as_described() {
        let same = picture(&[&[0x09, 0xf0], &[0x67, 0x42, 0xc0, 0x0d, 0], &[0x65, 1]]);
        let look = described().look(&same);
        assert_eq!((look.is_idr, look.is_another), (true, false));
    }

    #[test]
    fn a_recovery_point_is_no_idr_and_other_parameters_are_seen() {
        let other = picture(&[&[0x67, 0x42, 0xc0, 0x1e], &[0x06, 6, 1, 0x80], &[0x41, 1]]);
        let look = described().look(&other);
        assert_eq!((look.is_idr, look.is_another), (false, true));
    }

    #[test]
    fn garbage_is_nothing() {
        assert_eq!(described().look(&[0xff; 7]), Look::default());
    }
}
