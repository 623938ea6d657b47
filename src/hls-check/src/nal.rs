//! Whether a sample is one that decoding can begin with.

/// How a sample is divided into units: by lengths of so many bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Units {
    /// ITU-T H.264 §7.3.1.
    H264(u8),
    /// ITU-T H.265 §7.3.1.
    H265(u8),
}

/// What a unit is to a decoder.
enum Unit {
    /// A slice of a picture that needs no other.
    Idr,
    /// A slice of another picture.
    Other,
    /// No slice.
    Aside,
}

impl Units {
    /// Whether `sample`, or its beginning, is an IDR picture; `None` when its first slice lies
    /// beyond what is there.
    pub(super) fn is_idr(self, mut sample: &[u8]) -> Option<bool> {
        let length_bytes = match self {
            Self::H264(bytes) | Self::H265(bytes) => usize::from(bytes),
        };
        loop {
            let (length, rest) = sample.split_at_checked(length_bytes)?;
            let length = length
                .iter()
                .fold(0_usize, |length, byte| length << 8 | usize::from(*byte));
            match self.unit(*rest.first()?) {
                Unit::Idr => return Some(true),
                Unit::Other => return Some(false),
                Unit::Aside => sample = rest.get(length..)?,
            }
        }
    }

    fn unit(self, header: u8) -> Unit {
        match self {
            // ITU-T H.264, table 7-1.
            Self::H264(_) => match header & 0x1f {
                5 => Unit::Idr,
                1..=4 => Unit::Other,
                _ => Unit::Aside,
            },
            // ITU-T H.265, table 7-1: IDR with and without leading pictures.
            Self::H265(_) => match header >> 1 & 0x3f {
                19 | 20 => Unit::Idr,
                0..32 => Unit::Other,
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
        let units = Units::H264(4);
        // Access unit delimiter, then an IDR slice: types 9 and 5.
        assert_eq!(
            units.is_idr(&[0, 0, 0, 2, 0x09, 0xf0, 0, 0, 0, 9, 0x65]),
            Some(true)
        );
        assert_eq!(units.is_idr(&[0, 0, 0, 9, 0x41, 0]), Some(false));
        assert_eq!(units.is_idr(&[0, 0, 0, 2, 0x06, 0xf0]), None);
        assert_eq!(units.is_idr(&[0, 0]), None);
        // H.265: parameter sets, then IDR_W_RADL; a CRA picture is none.
        let units = Units::H265(4);
        assert_eq!(
            units.is_idr(&[0, 0, 0, 2, 0x40, 1, 0, 0, 0, 9, 0x26]),
            Some(true)
        );
        assert_eq!(units.is_idr(&[0, 0, 0, 9, 0x2a]), Some(false));
    }
}
