//! CEA-608: two bytes a frame for each of two fields, with two channels in each.

/// One field.
#[derive(Debug, Default)]
pub(super) struct Field {
    /// The channel that was chosen last; 0 or 1.
    chosen: Option<usize>,
    /// Which channels were seen to show something.
    shows: [bool; 2],
    /// Whether data about the programme go on (XDS), which are no captions.
    is_other: bool,
}

impl Field {
    /// Takes two bytes as they are sent, each with a bit of parity.
    pub(super) fn push(&mut self, first: u8, second: u8) {
        let (first, second) = (first & 0x7f, second & 0x7f);
        match first {
            // Nothing is said in this frame.
            0 => {}
            // CEA-608, section 8.6.3: a packet of XDS begins or goes on.
            0x01..=0x0e => self.is_other = true,
            0x0f => self.is_other = false,
            0x10..=0x1f => self.control(first, second),
            _ if self.is_other => {}
            _ => self.show(),
        }
    }

    /// The channels that show something: 1, 2.
    pub(super) fn channels(&self) -> impl Iterator<Item = usize> + '_ {
        (1..=2).filter(|channel| self.shows[channel - 1])
    }

    /// A control code names its channel, and text after it belongs there.
    fn control(&mut self, first: u8, second: u8) {
        self.is_other = false;
        let channel = usize::from(first & 0x08 != 0);
        match (first & 0x07, second) {
            // Text mode (TR, RTD) is no caption; what follows belongs to T1 to T4.
            (0x04 | 0x05, 0x2a | 0x2b) => self.chosen = None,
            // Characters beyond the usual: they are shown.
            (0x01, 0x30..=0x3f) | (0x02 | 0x03, 0x20..=0x3f) => {
                self.chosen = Some(channel);
                self.show();
            }
            _ => self.chosen = Some(channel),
        }
    }

    fn show(&mut self) {
        if let Some(channel) = self.chosen {
            self.shows[channel] = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn channels(pairs: &[(u8, u8)]) -> Vec<usize> {
        let mut field = Field::default();
        pairs.iter().for_each(|(a, b)| field.push(*a, *b));
        field.channels().collect()
    }

    #[test]
    fn a_channel_is_there_when_it_shows_something() {
        // 47 CFR 15.119 (the codes of CEA-608): 0x14 0x20 resumes loading captions of channel 1, 0x1c
        // of channel 2; 0x80 is nothing with its parity; 0x14 0x2a is text mode.
        assert_eq!(channels(&[(0x94, 0x20), (b'H', b'i'), (0x80, 0x80)]), [1]);
        assert_eq!(channels(&[(0x1c, 0x20), (b'H', b'i')]), [2]);
        assert_eq!(channels(&[(0x80, 0x80), (0x94, 0x20)]), [0_usize; 0]);
        assert_eq!(channels(&[(0x14, 0x2a), (b'H', b'i')]), [0_usize; 0]);
        // A programme's name (XDS) between captions.
        assert_eq!(
            channels(&[(0x01, 0x03), (b'H', b'i'), (0x0f, 0x1d)]),
            [0_usize; 0]
        );
    }
}
