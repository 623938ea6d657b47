//! How a sample begins: with which picture, and whether captions are written beside it.

mod cc_data;

/// How a sample is divided into units: by lengths of so many bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Units {
    /// ITU-T H.264 §7.3.1.
    H264(u8),
    /// ITU-T H.265 §7.3.1.
    H265(u8),
}

/// A picture, by what its first slice says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Picture {
    /// It needs no other, nor does any that follows need one before it.
    Idr,
    /// It needs no other, and some that follow it may need one before it (ITU-T H.265 §3.25).
    Cra,
    /// Any other.
    Other,
}

/// What the beginning of a sample tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Beginning {
    /// The picture; `None` when its first slice lies beyond what is there.
    pub(super) picture: Option<Picture>,
    /// Whether there are captions before the slice (CEA-608 or CEA-708).
    pub(super) has_captions: bool,
}

/// What a unit is to a decoder.
enum Unit {
    Slice(Picture),
    /// Supplemental enhancement information, behind a header of so many bytes.
    Message(usize),
    Aside,
}

impl Units {
    /// Reads `sample`, or its beginning, up to its first slice.
    pub(super) fn begin(self, sample: &[u8]) -> Beginning {
        let mut beginning = Beginning::default();
        let mut rest = sample;
        while let Some((unit, after)) = self.split(rest) {
            match unit.first().map(|header| self.unit(*header)) {
                Some(Unit::Slice(picture)) => {
                    beginning.picture = Some(picture);
                    break;
                }
                Some(Unit::Message(header)) => {
                    let message = unit.get(header..).unwrap_or_default();
                    beginning.has_captions |= cc_data::are_in(message);
                }
                Some(Unit::Aside) | None => {}
            }
            rest = after;
        }
        beginning
    }

    /// The first unit, as much of it as is there, and what is behind it.
    fn split(self, sample: &[u8]) -> Option<(&[u8], &[u8])> {
        let length_bytes = match self {
            Self::H264(bytes) | Self::H265(bytes) => usize::from(bytes),
        };
        let (length, rest) = sample.split_at_checked(length_bytes)?;
        let length = length
            .iter()
            .fold(0_usize, |length, byte| length << 8 | usize::from(*byte));
        rest.first()?;
        Some(rest.split_at(length.min(rest.len())))
    }

    fn unit(self, header: u8) -> Unit {
        match self {
            // ITU-T H.264, table 7-1.
            Self::H264(_) => match header & 0x1f {
                5 => Unit::Slice(Picture::Idr),
                1..=4 => Unit::Slice(Picture::Other),
                6 => Unit::Message(1),
                _ => Unit::Aside,
            },
            // ITU-T H.265, table 7-1: IDR with and without leading pictures.
            Self::H265(_) => match header >> 1 & 0x3f {
                19 | 20 => Unit::Slice(Picture::Idr),
                21 => Unit::Slice(Picture::Cra),
                0..32 => Unit::Slice(Picture::Other),
                39 => Unit::Message(2),
                _ => Unit::Aside,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_slice_decides() {
        let picture = |units: Units, sample: &[u8]| units.begin(sample).picture;
        let units = Units::H264(4);
        // Access unit delimiter, then an IDR slice: types 9 and 5.
        assert_eq!(
            picture(units, &[0, 0, 0, 2, 0x09, 0xf0, 0, 0, 0, 9, 0x65]),
            Some(Picture::Idr)
        );
        assert_eq!(picture(units, &[0, 0, 0, 9, 0x41, 0]), Some(Picture::Other));
        assert_eq!(picture(units, &[0, 0, 0, 2, 0x06, 0xf0]), None);
        assert_eq!(picture(units, &[0, 0]), None);
        assert_eq!(picture(units, &[0, 0, 0, 0, 0, 0, 0, 0]), None);
        // H.265: parameter sets, then IDR_W_RADL; a CRA picture is none.
        let units = Units::H265(4);
        assert_eq!(
            picture(units, &[0, 0, 0, 2, 0x40, 1, 0, 0, 0, 9, 0x26]),
            Some(Picture::Idr)
        );
        assert_eq!(picture(units, &[0, 0, 0, 9, 0x2a]), Some(Picture::Cra));
    }
}
