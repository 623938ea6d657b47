//! Where a film is cut: fragments in, segments out.

use bytes::Bytes;

use crate::fragments::Fragment;

/// How much longer than wished a segment may be, in seconds (Apple's authoring specification for HLS,
/// rule 7.7).
const GRACE_SECONDS: f64 = 0.5;

/// One segment of the film.
#[derive(Clone, Debug)]
pub(crate) struct Cut {
    /// From 0.
    pub(crate) number: u32,
    /// Its fragments.
    pub(crate) content: Vec<Bytes>,
    /// How long its picture lasts.
    pub(crate) seconds: f64,
}

/// Puts as many fragments into a segment as it may hold, and never less than one: each begins with a
/// key frame, so a segment does.
pub(crate) struct Cutter {
    wished_seconds: f64,
    next: Cut,
}

impl Cutter {
    /// Segments of `wished_seconds`, as near as the fragments allow.
    pub(crate) fn new(wished_seconds: f64) -> Self {
        Self {
            wished_seconds,
            next: Cut {
                number: 0,
                content: Vec::new(),
                seconds: 0.0,
            },
        }
    }

    /// Takes the next fragment; gives the segment before it when there is no room for it.
    pub(crate) fn push(&mut self, fragment: Fragment) -> Option<Cut> {
        let together = self.next.seconds + fragment.seconds;
        let is_full = together > self.wished_seconds + GRACE_SECONDS;
        let cut = if is_full { self.take() } else { None };
        self.next.content.push(fragment.content);
        self.next.seconds += fragment.seconds;
        cut
    }

    /// The last segment; `None` when it has been given already.
    pub(crate) fn take(&mut self) -> Option<Cut> {
        if self.next.content.is_empty() {
            return None;
        }
        let number = self.next.number + 1;
        let next = Cut {
            number,
            content: Vec::new(),
            seconds: 0.0,
        };
        Some(std::mem::replace(&mut self.next, next))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(gaps: &[f64]) -> Vec<(u32, usize, f64)> {
        let mut cutter = Cutter::new(6.0);
        let fragment = |&seconds| Fragment {
            content: Bytes::new(),
            seconds,
            frames: 1,
        };
        let mut cuts: Vec<Cut> = gaps
            .iter()
            .map(fragment)
            .filter_map(|fragment| cutter.push(fragment))
            .collect();
        cuts.extend(cutter.take());
        cuts.iter()
            .map(|cut| (cut.number, cut.content.len(), cut.seconds))
            .collect()
    }

    #[test]
    fn segments_hold_whole_fragments_and_are_no_longer_than_wished() {
        assert_eq!(cut(&[2.0; 7]), [(0, 3, 6.0), (1, 3, 6.0), (2, 1, 2.0)]);
        assert_eq!(cut(&[5.0, 5.0, 1.0]), [(0, 1, 5.0), (1, 2, 6.0)]);
        assert_eq!(cut(&[4.0, 2.5, 0.5]), [(0, 2, 6.5), (1, 1, 0.5)]);
        // NTSC: a key frame every 60 frames of 1001/30000 s.
        assert_eq!(
            cut(&[2.002; 6]).iter().map(|cut| cut.1).collect::<Vec<_>>(),
            [3, 3]
        );
    }

    #[test]
    fn a_fragment_that_is_too_long_is_a_segment_of_its_own() {
        assert_eq!(
            cut(&[1.0, 10.0, 1.0]),
            [(0, 1, 1.0), (1, 1, 10.0), (2, 1, 1.0)]
        );
        assert_eq!(cut(&[]), []);
    }
}
