//! The two playlists of an edition (draft-pantos-hls-rfc8216bis).

use m3u8_rs::{
    Map, MasterPlaylist, MediaPlaylist, MediaPlaylistType, MediaSegment, Resolution, VariantStream,
};

use crate::codecs::Codecs;

/// The lowest protocol version that has EXT-X-MAP in a playlist of segments (rfc8216bis §8).
const VERSION: usize = 6;

/// One segment of the film.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Segment {
    /// Seconds.
    pub(crate) duration: f64,
    /// Bytes.
    pub(crate) bytes: u64,
}

/// The media playlist: an init section and segments beside it, in their order.
pub(crate) fn media(init: &str, segments: &[(String, Segment)]) -> String {
    let durations: Vec<f64> = segments
        .iter()
        .map(|(_, segment)| segment.duration)
        .collect();
    let init = Map {
        uri: init.to_owned(),
        ..Default::default()
    };
    let mut maps = std::iter::once(Some(init)).chain(std::iter::repeat(None));
    let segments = segments.iter().map(|(name, segment)| MediaSegment {
        uri: name.clone(),
        duration: segment.duration as f32,
        map: maps.next().flatten(),
        ..Default::default()
    });
    let playlist = MediaPlaylist {
        version: Some(VERSION),
        target_duration: target(&durations),
        segments: segments.collect(),
        end_list: true,
        playlist_type: Some(MediaPlaylistType::Vod),
        independent_segments: true,
        ..Default::default()
    };
    text(|out| playlist.write_to(out))
}

/// From version 6 on the longest duration, rounded to the nearest second (rfc8216bis §4.4.3.1).
fn target(durations: &[f64]) -> u64 {
    let longest = durations
        .iter()
        .copied()
        .max_by(f64::total_cmp)
        .unwrap_or_default();
    (longest.round() as u64).max(1)
}

/// What a player needs to know before it asks for a single segment.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rendition {
    /// What to decode, and how large the picture is.
    pub(crate) codecs: Codecs,
    /// Frames a second.
    pub(crate) frame_rate: f64,
    /// Bits a second at the worst.
    pub(crate) bandwidth: u64,
    /// Bits a second over the whole film.
    pub(crate) average_bandwidth: u64,
}

impl Rendition {
    /// Measures `segments`, which hold so many frames: what the film says of itself may be wrong.
    pub(crate) fn new(codecs: Codecs, frames: u64, segments: &[Segment]) -> Self {
        let frame_rate = match seconds(segments) {
            0.0 => 0.0,
            seconds => frames as f64 / seconds,
        };
        let average_bandwidth = rate(segments).ceil() as u64;
        let bandwidth = (peak(segments).ceil() as u64).max(average_bandwidth);
        // rfc8216bis §4.4.6.2 wants three decimals.
        let frame_rate = (frame_rate * 1000.0).round() / 1000.0;
        Self {
            codecs,
            frame_rate,
            bandwidth,
            average_bandwidth,
        }
    }
}

/// The multivariant playlist: one rendition, whose playlist is at `media`.
pub(crate) fn master(rendition: &Rendition, media: &str) -> String {
    let Codecs {
        names,
        width,
        height,
    } = rendition.codecs.clone();
    let variant = VariantStream {
        uri: media.to_owned(),
        bandwidth: rendition.bandwidth,
        average_bandwidth: Some(rendition.average_bandwidth),
        codecs: Some(names),
        resolution: Some(Resolution { width, height }),
        frame_rate: Some(rendition.frame_rate),
        ..Default::default()
    };
    let playlist = MasterPlaylist {
        version: Some(VERSION),
        variants: vec![variant],
        independent_segments: true,
        ..Default::default()
    };
    text(|out| playlist.write_to(out))
}

fn text(write: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>) -> String {
    let mut out = Vec::new();
    // Memory takes all that is written to it, and names and numbers are all that is written.
    let _ = write(&mut out);
    String::from_utf8_lossy(&out).into_owned()
}

/// The highest rate of any run of segments that lasts between half and one and a half times the
/// target duration: what RFC 8216 §4.1 calls the peak segment bit rate.
fn peak(segments: &[Segment]) -> f64 {
    let durations: Vec<f64> = segments.iter().map(|segment| segment.duration).collect();
    let target = target(&durations) as f64;
    let runs = (0..segments.len()).flat_map(|from| {
        let ends = from + 1..=segments.len();
        let run = move |end| &segments[from..end];
        ends.map(run)
            .take_while(move |run| seconds(run) <= 1.5 * target)
    });
    runs.filter(|run| seconds(run) >= 0.5 * target)
        .map(rate)
        .max_by(f64::total_cmp)
        .unwrap_or_default()
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

    fn codecs() -> Codecs {
        Codecs {
            names: "avc1.64001f,mp4a.40.2".to_owned(),
            width: 1280,
            height: 720,
        }
    }

    #[test]
    fn the_master_names_all_that_apples_validator_demands() {
        let rendition = Rendition {
            codecs: codecs(),
            frame_rate: 29.97,
            bandwidth: 3_129_288,
            average_bandwidth: 2_855_432,
        };
        assert_eq!(
            master(&rendition, "v0123456789/video.m3u8"),
            "#EXTM3U\n\
             #EXT-X-VERSION:6\n\
             #EXT-X-INDEPENDENT-SEGMENTS\n\
             #EXT-X-STREAM-INF:BANDWIDTH=3129288,AVERAGE-BANDWIDTH=2855432,\
             CODECS=\"avc1.64001f,mp4a.40.2\",RESOLUTION=1280x720,FRAME-RATE=29.97\n\
             v0123456789/video.m3u8\n"
        );
    }

    #[test]
    fn the_media_playlist_is_a_finished_one_of_version_6() {
        let segment = |name: &str, duration| (name.to_owned(), Segment { duration, bytes: 1 });
        let segments = [
            segment("seg_00000.m4s", 6.006),
            segment("seg_00001.m4s", 1.5),
        ];
        // By rfc8216bis §4.4: the order of tags is free, and a media sequence that starts at 0 goes
        // without saying.
        assert_eq!(
            media("init.mp4", &segments),
            "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-TARGETDURATION:6\n\
             #EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-MAP:URI=\"init.mp4\"\n\
             #EXTINF:6.006,\nseg_00000.m4s\n#EXTINF:1.5,\nseg_00001.m4s\n#EXT-X-ENDLIST\n"
        );
    }

    #[test]
    fn the_target_is_the_longest_duration_rounded() {
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
        let rendition = Rendition::new(codecs(), 325, &segments);
        assert_eq!(rendition.bandwidth, 1_600_000); // 1,400,000 bytes in 7 s
        assert_eq!(rendition.average_bandwidth, 1_230_770); // 2,000,000 bytes in 13 s, rounded up
        assert_eq!(rendition.frame_rate, 25.0);
    }
}
