//! Where a film is cut: fragments in, segments out.

use std::collections::VecDeque;

use bytes::Bytes;

use crate::mp4::{fragments::Fragment, stretch};

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
    /// The key frames in it.
    pub(crate) key_frames: Vec<KeyFrame>,
}

/// Where a key frame lies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct KeyFrame {
    /// The number of its segment.
    pub(crate) segment: u32,
    /// Where it begins in the segment, with what a decoder reads before it.
    pub(crate) offset: u64,
    /// Bytes.
    pub(crate) bytes: u64,
    /// Seconds from the beginning of the film.
    pub(crate) at: f64,
}

impl Cut {
    /// An empty one.
    fn new(number: u32) -> Self {
        Self {
            number,
            content: Vec::new(),
            seconds: 0.0,
            key_frames: Vec::new(),
        }
    }

    /// Puts a fragment to the end of it; `at` is when the segment begins.
    fn add(&mut self, fragment: Fragment, at: f64) {
        let before: u64 = self.content.iter().map(|part| part.len() as u64).sum();
        // One that is no IDR cannot be decoded by itself for certain (Apple's authoring specification
        // for HLS, rule 6.3).
        let is_joined = fragment.is_joined();
        let key_frame = fragment.key_frame.filter(|_| !is_joined);
        self.key_frames.extend(key_frame.map(|key| KeyFrame {
            segment: self.number,
            offset: before + key.start as u64,
            bytes: key.len() as u64,
            at: at + self.seconds,
        }));
        self.content.push(fragment.content);
        self.seconds += fragment.seconds;
    }
}

/// How a track is named and counts time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Timebase {
    /// Its number.
    pub(crate) track: u32,
    /// Ticks a second.
    pub(crate) ticks_per_second: u32,
}

/// Puts as many fragments into a segment as it may hold, and never less than one: each begins with a
/// key frame, so a segment does.
pub(crate) struct Cutter {
    wished_seconds: f64,
    next: Cut,
    /// Seconds that have been cut already.
    cut: f64,
}

impl Cutter {
    /// Segments of `wished_seconds`, as near as the fragments allow.
    pub(crate) fn new(wished_seconds: f64) -> Self {
        Self {
            wished_seconds,
            next: Cut::new(0),
            cut: 0.0,
        }
    }

    /// Takes the next fragment; gives the segment before it when there is no room for it.
    pub(crate) fn push(&mut self, fragment: Fragment) -> Option<Cut> {
        let together = self.next.seconds + fragment.seconds;
        let is_full = together > longest(self.wished_seconds);
        // The pictures behind one that is no IDR may need those before it.
        let is_joined = fragment.is_joined();
        let cut = if is_full && !is_joined {
            self.take()
        } else {
            None
        };
        self.next.add(fragment, self.cut);
        cut
    }

    /// The last segment; `None` when it has been given already.
    pub(crate) fn take(&mut self) -> Option<Cut> {
        if self.next.content.is_empty() {
            return None;
        }
        self.cut += self.next.seconds;
        let next = Cut::new(self.next.number + 1);
        Some(std::mem::replace(&mut self.next, next))
    }

    /// Holds the last picture of the segment that is not given yet; gives whether that was done.
    pub(crate) fn hold(&mut self, picture: Timebase, seconds: f64) -> bool {
        let ticks = (seconds * f64::from(picture.ticks_per_second)).round() as u32;
        let last = self.next.content.last_mut();
        let held = last.and_then(|last| {
            let (content, grown) = stretch::last_sample(last, picture.track, ticks)?;
            *last = content;
            Some(grown)
        });
        let Some(grown) = held else {
            return false;
        };
        // The last fragment begins with the last key frame, unless that cannot stand alone.
        let before: usize = self.next.content.iter().rev().skip(1).map(Bytes::len).sum();
        let last = self.next.key_frames.last_mut();
        if let Some(key) = last.filter(|key| key.offset >= before as u64) {
            key.bytes += grown as u64;
        }
        self.next.seconds += seconds;
        true
    }

    /// Seconds of the segment that is not given yet.
    pub(crate) fn held(&self) -> f64 {
        self.next.seconds
    }

    /// Seconds from the beginning of the film to the end of the last segment given.
    pub(crate) fn cut_at(&self) -> f64 {
        self.cut
    }
}

/// Seconds that a segment may last when `wished` are wished for.
pub(crate) fn longest(wished: f64) -> f64 {
    wished + GRACE_SECONDS
}

/// Where the picture was cut.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct End {
    /// Seconds from the beginning.
    pub(crate) at: f64,
    /// Whether nothing comes after it.
    pub(crate) is_last: bool,
}

/// Cuts a sound where the picture is cut, so that both have the same segments. Its fragments may come
/// earlier or later than the picture's.
pub(crate) struct Follower {
    wished_seconds: f64,
    next: Cut,
    /// Seconds that have been cut already.
    cut: f64,
    /// Fragments that nobody knows the segment of yet.
    waiting: VecDeque<Fragment>,
    /// Where the picture was cut, as far as the sound has not come there.
    ends: VecDeque<End>,
    /// Where the picture ends, once it has.
    over: Option<f64>,
}

impl Follower {
    /// Segments as the picture has them, and of `wished_seconds` where the sound goes on after it.
    pub(crate) fn new(wished_seconds: f64) -> Self {
        Self {
            wished_seconds,
            next: Cut::new(0),
            cut: 0.0,
            waiting: VecDeque::new(),
            ends: VecDeque::new(),
            over: None,
        }
    }

    /// The picture has been cut.
    pub(crate) fn picture_cut(&mut self, end: End) {
        self.ends.push_back(end);
        self.over = end.is_last.then_some(end.at);
    }

    /// Takes the next fragment.
    pub(crate) fn push(&mut self, fragment: Fragment) {
        self.waiting.push_back(fragment);
    }

    /// The next segment that is complete.
    pub(crate) fn next(&mut self) -> Option<Cut> {
        if let Some(over) = self.over.filter(|_| self.ends.is_empty()) {
            let at = over + self.wished_seconds;
            self.picture_cut(End { at, is_last: true });
        }
        let end = *self.ends.front()?;
        // A sound that ends a little after the picture needs no segment for that.
        let grace = if end.is_last { GRACE_SECONDS } else { 0.0 };
        while let Some(fragment) = self.waiting.pop_front() {
            let now = self.cut + self.next.seconds;
            let is_beyond = now + fragment.seconds / 2.0 > end.at + grace;
            if is_beyond && !self.next.content.is_empty() {
                self.waiting.push_front(fragment);
                self.ends.pop_front();
                return self.take();
            }
            self.next.add(fragment, self.cut);
        }
        None
    }

    /// The last segment; `None` when there is nothing left.
    pub(crate) fn take(&mut self) -> Option<Cut> {
        if self.next.content.is_empty() {
            return None;
        }
        self.cut += self.next.seconds;
        let next = Cut::new(self.next.number + 1);
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
            key_frame: None,
            look: None,
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

    fn fragment(seconds: f64, bytes: usize) -> Fragment {
        Fragment {
            content: Bytes::from(vec![0; bytes]),
            seconds,
            frames: 1,
            key_frame: Some(8..bytes.min(100)),
            look: None,
        }
    }

    #[test]
    fn key_frames_are_found_where_they_lie() {
        let mut cutter = Cutter::new(4.0);
        for _ in 0..2 {
            assert!(cutter.push(fragment(2.0, 1000)).is_none());
        }
        let first = cutter.push(fragment(2.0, 50)).unwrap();
        let second = cutter.take().unwrap();
        let found: Vec<_> = first.key_frames.iter().chain(&second.key_frames).collect();
        let places = found
            .iter()
            .map(|key| (key.segment, key.offset, key.bytes, key.at));
        assert_eq!(
            places.collect::<Vec<_>>(),
            [(0, 8, 92, 0.0), (0, 1008, 92, 2.0), (1, 8, 42, 4.0)]
        );
    }

    /// Lengths of the segments of a sound of `count` fragments of 0.25 s, under a picture cut at `ends`;
    /// `ahead` says how many fragments come before the picture's first cut is known.
    fn follow(ends: &[f64], count: usize, ahead: usize) -> Vec<f64> {
        let mut follower = Follower::new(6.0);
        let mut cuts = Vec::new();
        let mut take = |follower: &mut Follower| {
            cuts.extend(std::iter::from_fn(|| follower.next()).map(|cut| cut.seconds));
        };
        let ahead = ahead.min(count);
        for _ in 0..ahead {
            follower.push(fragment(0.25, 10));
            take(&mut follower);
        }
        for (number, &at) in ends.iter().enumerate() {
            let is_last = number + 1 == ends.len();
            follower.picture_cut(End { at, is_last });
            take(&mut follower);
        }
        for _ in ahead..count {
            follower.push(fragment(0.25, 10));
            take(&mut follower);
        }
        cuts.extend(follower.take().map(|cut| cut.seconds));
        cuts
    }

    #[test]
    fn a_sound_is_cut_where_the_picture_is_whoever_comes_first() {
        for ahead in [0, 30, 100] {
            assert_eq!(follow(&[6.0, 10.0, 16.1], 64, ahead), [6.0, 4.0, 6.0]);
            // A sound that ends early, a little late, and one that goes on.
            assert_eq!(follow(&[6.0, 10.0], 32, ahead), [6.0, 2.0]);
            assert_eq!(follow(&[6.0, 10.0], 41, ahead), [6.0, 4.25]);
            assert_eq!(follow(&[6.0, 8.0], 64, ahead), [6.0, 2.5, 6.0, 1.5]);
        }
    }
}
