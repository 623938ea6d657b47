//! Which pictures a player shows while somebody winds: key frames of the segments themselves.

use crate::{hls::measure::Segment, hls::playlist::IFrame, mp4::cutter::KeyFrame};

/// Seconds between two of them at least. A film of nothing but key frames would have a playlist as
/// long as itself, and nobody sees more when winding.
const APART: f64 = 1.0;

/// The I-frames of a film that lasts `seconds`, each as long as it takes to the next.
pub(crate) fn choose(
    key_frames: &[KeyFrame],
    seconds: f64,
    name: impl Fn(u32) -> String,
) -> Vec<IFrame> {
    let mut chosen: Vec<&KeyFrame> = Vec::new();
    for frame in key_frames {
        // Of a hair's breadth, for times are sums of fractions.
        if chosen
            .last()
            .is_none_or(|last| frame.at - last.at >= APART - 1e-6)
        {
            chosen.push(frame);
        }
    }
    let ends = chosen.iter().skip(1).map(|frame| frame.at).chain([seconds]);
    let frames = chosen.iter().zip(ends).map(|(frame, end)| IFrame {
        name: name(frame.segment),
        offset: frame.offset,
        segment: Segment {
            duration: end - frame.at,
            bytes: frame.bytes,
        },
    });
    frames.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn i_frames_are_a_second_apart_and_last_until_the_next() {
        let frame = |segment, at| KeyFrame {
            segment,
            offset: 10,
            bytes: 100,
            at,
        };
        let frames = [frame(0, 0.0), frame(0, 0.5), frame(0, 1.0), frame(1, 3.0)];
        let chosen = choose(&frames, 3.5, |segment| segment.to_string());
        let chosen = chosen
            .iter()
            .map(|it| (it.name.as_str(), it.segment.duration));
        assert_eq!(
            chosen.collect::<Vec<_>>(),
            [("0", 1.0), ("0", 2.0), ("1", 0.5)]
        );
    }
}
