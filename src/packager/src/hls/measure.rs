//! What is measured of segments: how long they last, and what rates they need.

/// One segment of the film.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Segment {
    /// Seconds.
    pub(crate) duration: f64,
    /// Bytes.
    pub(crate) bytes: u64,
}

/// From version 6 on the longest duration, rounded to the nearest second (rfc8216bis §4.4.3.1).
pub(crate) fn target(segments: &[Segment]) -> u64 {
    let durations = segments.iter().map(|segment| segment.duration);
    let longest = durations.max_by(f64::total_cmp).unwrap_or_default();
    (longest.round() as u64).max(1)
}

/// Bits a second, as measured: what the film says of itself may be wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rates {
    /// At the worst.
    pub(crate) peak: u64,
    /// Over the whole film.
    pub(crate) average: u64,
}

impl Rates {
    /// Measures `segments` of a playlist with this target duration.
    pub(crate) fn of(segments: &[Segment], target: u64) -> Self {
        let average = rate(segments).ceil() as u64;
        let peak = (peak(segments, target).ceil() as u64).max(average);
        Self { peak, average }
    }

    /// Those of a picture with the sound that needs most.
    pub(crate) fn with(self, sounds: impl Iterator<Item = Self>) -> Self {
        let [mut peak, mut average] = [0, 0];
        for sound in sounds {
            peak = peak.max(sound.peak);
            average = average.max(sound.average);
        }
        Self {
            peak: self.peak + peak,
            average: self.average + average,
        }
    }
}

/// Frames a second, with the three decimals that rfc8216bis §4.4.6.2 wants.
pub(crate) fn frame_rate(frames: u64, segments: &[Segment]) -> f64 {
    match seconds(segments) {
        0.0 => 0.0,
        seconds => (frames as f64 / seconds * 1000.0).round() / 1000.0,
    }
}

/// The highest rate of any run of segments that lasts between half and one and a half times the
/// target duration: what rfc8216bis §4.1 calls the peak segment bit rate.
fn peak(segments: &[Segment], target: u64) -> f64 {
    let target = target as f64;
    let mut highest = 0.0_f64;
    for from in 0..segments.len() {
        let mut run = Segment {
            duration: 0.0,
            bytes: 0,
        };
        for segment in &segments[from..] {
            run.duration += segment.duration;
            run.bytes += segment.bytes;
            if run.duration > 1.5 * target {
                break;
            }
            if run.duration >= 0.5 * target {
                highest = highest.max(rate(&[run]));
            }
        }
    }
    highest
}

fn seconds(segments: &[Segment]) -> f64 {
    segments.iter().map(|segment| segment.duration).sum()
}

fn rate(segments: &[Segment]) -> f64 {
    let bytes: u64 = segments.iter().map(|segment| segment.bytes).sum();
    match seconds(segments) {
        0.0 => 0.0,
        seconds => bytes as f64 * 8.0 / seconds,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_target_is_the_longest_duration_rounded() {
        let target = |durations: &[f64]| {
            let segments = durations.iter();
            let segments = segments.map(|&duration| Segment { duration, bytes: 1 });
            super::target(&segments.collect::<Vec<_>>())
        };
        // rfc8216bis §4.4.3.1, with the durations of a film whose key frames are 250 frames apart.
        assert_eq!(target(&[8.333333, 1.633333]), 8);
        assert_eq!(target(&[6.5, 6.0]), 7);
        assert_eq!(target(&[0.2]), 1);
    }

    #[test]
    fn the_peak_is_that_of_a_run_as_long_as_a_segment() {
        // Segments of 6, 6 and 1 s: the last, short and dense, counts only with the one before it.
        let segment = |duration, bytes| Segment { duration, bytes };
        let segments = [
            segment(6.0, 600_000),
            segment(6.0, 900_000),
            segment(1.0, 500_000),
        ];
        let rates = Rates::of(&segments, 6);
        assert_eq!(rates.peak, 1_600_000); // 1,400,000 bytes in 7 s
        assert_eq!(rates.average, 1_230_770); // 2,000,000 bytes in 13 s, rounded up
        assert_eq!(frame_rate(325, &segments), 25.0);
    }
}
