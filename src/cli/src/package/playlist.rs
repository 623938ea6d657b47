//! The two playlists of an edition (draft-pantos-hls-rfc8216bis).

use m3u8_rs::{MasterPlaylist, MediaPlaylist, MediaPlaylistType, Resolution, VariantStream};

use super::{Error, codecs::Codecs};

/// The lowest protocol version that has EXT-X-MAP in a playlist of segments (rfc8216bis §8). ffmpeg
/// writes 7, which shuts out players for nothing.
const VERSION: usize = 6;

/// One segment of the film.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Segment {
    /// Seconds.
    pub(crate) duration: f64,
    /// Bytes.
    pub(crate) bytes: u64,
}

/// The media playlist that ffmpeg wrote, in our version; and how long each segment lasts.
///
/// # Errors
/// [`Error::Output`] when it is no finished playlist.
pub(crate) fn media(written: &[u8]) -> Result<(String, Vec<f64>), Error> {
    let bad = |what: &str| Error::Output(format!("video.m3u8 {what}"));
    let parsed = m3u8_rs::parse_media_playlist_res(written);
    let mut playlist = parsed.map_err(|_| bad("is no media playlist"))?;
    if !playlist.end_list || playlist.segments.is_empty() {
        return Err(bad("is not complete"));
    }
    let durations: Vec<f64> = playlist
        .segments
        .iter()
        .map(|s| f64::from(s.duration))
        .collect();
    playlist.version = Some(VERSION);
    playlist.independent_segments = true;
    playlist.playlist_type = Some(MediaPlaylistType::Vod);
    playlist.target_duration = target(&durations);
    Ok((
        text(|out| MediaPlaylist::write_to(&playlist, out)),
        durations,
    ))
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
    /// Frames a second, when the film says so.
    pub(crate) frame_rate: Option<f64>,
    /// Bits a second at the worst.
    pub(crate) bandwidth: u64,
    /// Bits a second over the whole film.
    pub(crate) average_bandwidth: u64,
}

impl Rendition {
    /// Measures `segments`.
    pub(crate) fn new(codecs: Codecs, frame_rate: Option<f64>, segments: &[Segment]) -> Self {
        let frame_rate = frame_rate.map(|rate| (rate * 1000.0).round() / 1000.0);
        let average_bandwidth = rate(segments).ceil() as u64;
        let bandwidth = peak(segments).ceil() as u64;
        Self {
            codecs,
            frame_rate,
            bandwidth: bandwidth.max(average_bandwidth),
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
        frame_rate: rendition.frame_rate,
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
            frame_rate: Some(29.97),
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
    fn ffmpegs_playlist_becomes_version_6_with_a_rounded_target() {
        // By ffmpeg 5.1.9 from a film with key frames 250 frames apart.
        let written = b"#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:8\n\
            #EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-INDEPENDENT-SEGMENTS\n\
            #EXT-X-MAP:URI=\"init.mp4\"\n#EXTINF:8.333333,\nseg_00000.m4s\n#EXTINF:1.633333,\n\
            seg_00001.m4s\n#EXT-X-ENDLIST\n";
        let (text, durations) = media(written).unwrap();
        // The order of tags is free, and a media sequence that starts at 0 goes without saying.
        assert_eq!(
            text,
            "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-TARGETDURATION:8\n\
             #EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-MAP:URI=\"init.mp4\"\n\
             #EXTINF:8.333333,\nseg_00000.m4s\n#EXTINF:1.633333,\nseg_00001.m4s\n#EXT-X-ENDLIST\n"
        );
        assert_eq!(durations.len(), 2);
        assert!(media(b"#EXTM3U\n#EXT-X-TARGETDURATION:6\n").is_err());
        assert!(media(b"Not found\n").is_err());
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
        let rendition = Rendition::new(codecs(), Some(30_000.0 / 1001.0), &segments);
        assert_eq!(rendition.bandwidth, 1_600_000); // 1,400,000 bytes in 7 s
        assert_eq!(rendition.average_bandwidth, 1_230_770); // 2,000,000 bytes in 13 s, rounded up
        assert_eq!(rendition.frame_rate, Some(29.97));
    }
}
