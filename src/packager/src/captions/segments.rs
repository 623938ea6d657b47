//! A track of captions, cut along the film (rfc8216bis §3.1.4).

use bytes::Bytes;
use m3u8_rs::{MediaPlaylist, MediaPlaylistType, MediaSegment};

use super::cue::{Cue, Moment, Track};

/// The playlist of captions.
pub(crate) const PLAYLIST: &str = "captions.m3u8";

/// All captions in one file: for those who want no segments, and for the next cutting.
pub(crate) const WHOLE: &str = "captions.vtt";

/// The protocol version of the other playlists.
const VERSION: usize = 6;

/// Ticks a second of the clock that WebVTT's segments are tied to.
const CLOCK: f64 = 90_000.0;

/// After so many ticks it begins anew (ISO/IEC 13818-1 §2.4.3.7: 33 bits).
const CLOCK_ROUND: u64 = 1 << 33;

/// How a film is cut.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Timeline {
    /// Seconds of each segment.
    seconds: Vec<f64>,
    /// As the playlists of the picture say.
    target: u64,
    /// When the film begins by the clock of its media.
    begins_at: f64,
}

impl Timeline {
    /// Segments of so many seconds each, of a film whose first picture is shown at `begins_at`.
    pub(crate) fn new(seconds: impl IntoIterator<Item = f64>, target: u64, begins_at: f64) -> Self {
        // As they stand in a playlist, so that captions are cut alike whoever cuts them.
        let written = |seconds: f64| (seconds as f32).to_string();
        let seconds = seconds.into_iter().map(written);
        Self {
            seconds: seconds
                .map(|text| text.parse().unwrap_or_default())
                .collect(),
            target,
            begins_at,
        }
    }

    /// Seconds of the whole.
    pub(crate) fn total(&self) -> f64 {
        self.seconds.iter().sum()
    }

    /// Ties the beginning of the film to the media, so that cues can tell time by the film.
    fn map(&self) -> String {
        let ticks = (self.begins_at.max(0.0) * CLOCK).round() as u64 % CLOCK_ROUND;
        format!("X-TIMESTAMP-MAP=MPEGTS:{ticks},LOCAL:00:00:00.000\n")
    }
}

/// Name and content of each segment, of their playlist, and of the whole.
pub(crate) fn cut(track: &Track, timeline: &Timeline) -> Vec<(String, Bytes)> {
    let map = timeline.map();
    let mut begin = 0.0;
    let last = timeline.seconds.len().saturating_sub(1);
    let segments = timeline
        .seconds
        .iter()
        .enumerate()
        .map(|(number, seconds)| {
            let (from, to) = (
                Moment::from_seconds(begin),
                Moment::from_seconds(begin + seconds),
            );
            begin += seconds;
            // A last picture stays, and so may what is written on it.
            let is_shown =
                |cue: &Cue| cue.end > from && (cue.start < to || number == last && cue.start == to);
            // A player that puts segments one behind the other needs the blank line.
            let text = track.to_vtt(&map, is_shown) + "\n";
            (segment_name(number), text.into())
        });
    let mut files: Vec<(String, Bytes)> = segments.collect();
    files.push((WHOLE.to_owned(), track.to_vtt("", |_| true).into()));
    files.push((PLAYLIST.to_owned(), playlist(timeline).into()));
    files
}

/// How many cues begin when the film is over.
pub(crate) fn beyond(track: &Track, timeline: &Timeline) -> usize {
    let end = Moment::from_seconds(timeline.total());
    track.cues.iter().filter(|cue| cue.start > end).count()
}

/// The file name of a segment.
fn segment_name(number: usize) -> String {
    format!("seg_{number:05}.vtt")
}

/// Whether a file of captions is named so.
pub(crate) fn is_file(name: &str) -> bool {
    let number = name.strip_prefix("seg_");
    let number = number.and_then(|name| name.strip_suffix(".vtt"));
    let is_number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
    number.is_some_and(|digits| digits.len() >= 5 && is_number(digits))
        || matches!(name, PLAYLIST | WHOLE)
}

fn playlist(timeline: &Timeline) -> Vec<u8> {
    let segments = timeline.seconds.iter().enumerate();
    let segments = segments.map(|(number, seconds)| MediaSegment {
        uri: segment_name(number),
        duration: *seconds as f32,
        ..Default::default()
    });
    let playlist = MediaPlaylist {
        version: Some(VERSION),
        target_duration: timeline.target,
        segments: segments.collect(),
        end_list: true,
        playlist_type: Some(MediaPlaylistType::Vod),
        ..Default::default()
    };
    let mut out = Vec::new();
    // Memory takes all that is written to it.
    let _ = playlist.write_to(&mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::captions::srt;

    #[test]
    fn a_cue_stands_in_every_segment_that_it_touches() {
        let track = srt::parse(
            "1\n00:00:01,000 --> 00:00:02,000\none\n\n2\n00:00:05,000 --> 00:00:13,000\nlong\n\n3\n00:00:12,000 --> 00:00:12,500\nend\n",
        );
        let track = track.unwrap();
        let timeline = Timeline::new([6.0, 6.0, 6.0], 6, 0.08);
        let files = cut(&track, &timeline);
        let text = |name: &str| {
            let file = files.iter().find(|(file, _)| file == name);
            String::from_utf8(file.unwrap().1.to_vec()).unwrap()
        };
        // 0.08 s are 7200 ticks of 90 kHz; times are the film's in every segment.
        assert_eq!(
            text("seg_00000.vtt"),
            "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:7200,LOCAL:00:00:00.000\n\n\
             00:00:01.000 --> 00:00:02.000\none\n\n00:00:05.000 --> 00:00:13.000\nlong\n\n"
        );
        let long = "\n00:00:05.000 --> 00:00:13.000\nlong\n\n";
        assert!(text("seg_00001.vtt").ends_with(long));
        assert!(!text("seg_00001.vtt").contains("end"));
        assert!(text("seg_00002.vtt").contains("\nend\n"));
        assert_eq!(
            text("captions.m3u8"),
            "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-TARGETDURATION:6\n#EXT-X-PLAYLIST-TYPE:VOD\n\
             #EXTINF:6,\nseg_00000.vtt\n#EXTINF:6,\nseg_00001.vtt\n#EXTINF:6,\nseg_00002.vtt\n#EXT-X-ENDLIST\n"
        );
        assert_eq!(beyond(&track, &Timeline::new([6.0], 6, 0.0)), 1);
        assert!(files.iter().all(|(name, _)| is_file(name)));
        assert!(!is_file("seg_1.vtt") && !is_file("en.vtt"));
    }
}
