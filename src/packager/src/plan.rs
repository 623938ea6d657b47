//! How a film becomes HLS: what is copied, what is encoded, where it is cut.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::probe::{Probe, SAMPLED_SECONDS, Stream};

/// Key frames may be this many times as far apart as a segment is to be long, before the picture is
/// encoded anew: a copy can be cut at key frames only, and players wait for whole segments.
const LONGEST_GAP_IN_SEGMENTS: f64 = 2.0;

/// Containers that name or list other files, or show something that is no film. ffprobe's `tty`
/// takes any text for a picture of it.
const NO_FILMS: [&str; 5] = ["tty", "hls", "dash", "concat", "image2"];

/// What is to be done with one film.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Plan {
    /// The picture.
    pub(crate) video: Video,
    /// The sound; `None` for a silent film.
    pub(crate) audio: Option<Audio>,
    /// Seconds of the whole, when the film says so.
    pub(crate) duration: Option<f64>,
    /// Seconds between cuts, as near as the key frames will allow.
    pub(crate) segment_seconds: f64,
    /// What of the film is not packaged, for the person at the terminal.
    pub(crate) left_out: Vec<String>,
}

/// Copy or encode, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Treatment {
    /// Bit for bit.
    Copy,
    /// Anew, for the reason given as a clause: `is hevc, not h264`.
    Encode(String),
}

/// What happens to a stream, in words.
impl fmt::Display for Treatment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Copy => f.write_str("copied"),
            Self::Encode(reason) => write!(f, "encoded, for it {reason}"),
        }
    }
}

impl Plan {
    /// What happens to the film, for the person at the terminal and for the ledger.
    pub(crate) fn in_words(&self) -> Vec<String> {
        let audio = self.audio.as_ref().map(|audio| audio.treatment.to_string());
        let audio = audio.unwrap_or_else(|| "none".to_owned());
        let streams = [
            format!("video: {}", self.video.treatment),
            format!("audio: {audio}"),
        ];
        let left_out = self.left_out.iter();
        let left_out = left_out.map(|stream| format!("left out: {stream}"));
        streams.into_iter().chain(left_out).collect()
    }
}

/// The picture of a film.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Video {
    /// Its stream's number in the file.
    pub(crate) index: u32,
    /// What happens to it.
    pub(crate) treatment: Treatment,
    /// Whether its frames come as two halves.
    pub(crate) interlaced: bool,
    /// Lines of the picture, before it is turned.
    pub(crate) height: u32,
    /// Seconds of the picture alone; `None` when the film does not say.
    pub(crate) duration: Option<f64>,
}

/// The sound of a film.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Audio {
    /// Its stream's number in the file.
    pub(crate) index: u32,
    /// What happens to it.
    pub(crate) treatment: Treatment,
}

/// Why there is nothing to package.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoPlan {
    /// Text, a playlist, a picture, a song.
    #[error("is no video: {0}")]
    NoVideo(String),
}

/// What the person at the terminal wishes. The ledger of a game keeps it, and other wishes are a
/// reason to package the game again.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Wishes {
    /// Seconds of a segment.
    pub segment_seconds: f64,
    /// Encode the picture even when it could be copied.
    pub encode: bool,
}

impl Default for Wishes {
    fn default() -> Self {
        Self {
            segment_seconds: 6.0,
            encode: false,
        }
    }
}

/// The stream that would be the picture.
///
/// # Errors
/// [`NoPlan`] when nothing moves.
fn picture(probe: &Probe) -> Result<&Stream, NoPlan> {
    let container = probe.format.format_name.as_str();
    let is_pipe_of_pictures = container.ends_with("_pipe");
    if is_pipe_of_pictures || container.split(',').any(|name| NO_FILMS.contains(&name)) {
        return Err(NoPlan::NoVideo(format!("ffprobe takes it for {container}")));
    }
    // The picture on an album's cover is a video stream too.
    let videos = probe
        .streams
        .iter()
        .filter(|s| s.codec_type == "video" && !s.is("attached_pic"));
    // Of several the largest; of several as large the first.
    let largest = videos
        .rev()
        .max_by_key(|stream| u64::from(stream.width) * u64::from(stream.height));
    largest
        .filter(|stream| stream.width > 0 && stream.height > 0)
        .ok_or_else(|| {
            let found: Vec<&str> = probe.streams.iter().map(Stream::codec).collect();
            NoPlan::NoVideo(match found.as_slice() {
                [] => "there is no stream in it".to_owned(),
                found => format!("it holds {}", found.join(", ")),
            })
        })
}

/// Plans the packaging of `probe`.
///
/// # Errors
/// [`NoPlan`] when there is no picture.
pub(crate) fn plan(probe: &Probe, wishes: Wishes) -> Result<Plan, NoPlan> {
    let picture = picture(probe)?;
    let sound = sound(probe);
    let key_frames = probe.key_frames(picture.index);
    let treatment =
        match reason_to_encode(picture, longest_gap(&key_frames, probe.duration()), wishes) {
            Some(reason) => Treatment::Encode(reason),
            None => Treatment::Copy,
        };
    let segment_seconds = wishes.segment_seconds;
    let video = Video {
        index: picture.index,
        treatment,
        interlaced: is_interlaced(picture),
        height: picture.height,
        duration: picture.duration(),
    };
    let audio = sound.map(|stream| Audio {
        index: stream.index,
        treatment: sound_treatment(stream),
    });
    let left_out = left_out(probe, video.index, audio.as_ref().map(|audio| audio.index));
    Ok(Plan {
        video,
        audio,
        duration: probe.duration(),
        segment_seconds,
        left_out,
    })
}

/// The sound the film marks as its default, or the first.
fn sound(probe: &Probe) -> Option<&Stream> {
    let mut sounds = probe
        .streams
        .iter()
        .filter(|s| s.codec_type == "audio" && s.channels > 0);
    let first = sounds.clone().next();
    sounds.find(|stream| stream.is("default")).or(first)
}

fn reason_to_encode(picture: &Stream, gap: Option<f64>, wishes: Wishes) -> Option<String> {
    if picture.codec() != "h264" {
        return Some(format!("is {}, not h264", picture.codec()));
    }
    // What every player decodes, hardware included: 8 bits, 4:2:0.
    let format = picture.pix_fmt.as_deref().unwrap_or("yuv420p");
    if !matches!(format, "yuv420p" | "yuvj420p") {
        return Some(format!("is {format}, not yuv420p"));
    }
    if is_interlaced(picture) {
        return Some("is interlaced".to_owned());
    }
    // The turn is written in the container, and not every HLS player reads it there.
    if let Some(rotation) = rotation(picture) {
        return Some(format!("is to be turned by {rotation}°"));
    }
    let allowed = wishes.segment_seconds * LONGEST_GAP_IN_SEGMENTS;
    if let Some(gap) = gap.filter(|gap| *gap > allowed) {
        return Some(format!("has key frames {gap:.1} s apart"));
    }
    wishes.encode.then(|| "was asked to be".to_owned())
}

fn sound_treatment(sound: &Stream) -> Treatment {
    let profile = sound.profile.as_deref().unwrap_or_default();
    match sound.codec() {
        "aac" if matches!(profile, "LC" | "HE-AAC" | "HE-AACv2") => Treatment::Copy,
        "aac" => Treatment::Encode(format!("is aac {profile}, which browsers do not play")),
        codec => Treatment::Encode(format!("is {codec}, not aac")),
    }
}

fn is_interlaced(picture: &Stream) -> bool {
    !matches!(
        picture.field_order.as_deref(),
        None | Some("progressive" | "unknown")
    )
}

fn rotation(picture: &Stream) -> Option<f64> {
    picture
        .side_data_list
        .iter()
        .find_map(|data| data.rotation)
        .filter(|degrees| *degrees != 0.0)
}

/// The longest time without a key frame, up to the end of what was looked at.
fn longest_gap(key_frames: &[f64], duration: Option<f64>) -> Option<f64> {
    let end = key_frames.first()? + duration?.min(f64::from(SAMPLED_SECONDS));
    let ends = key_frames.iter().skip(1).copied().chain([end]);
    let gaps = key_frames.iter().zip(ends).map(|(from, to)| to - from);
    gaps.max_by(f64::total_cmp)
}

fn left_out(probe: &Probe, video: u32, audio: Option<u32>) -> Vec<String> {
    let spoken = |stream: &Stream| match stream.tags.get("language").map(String::as_str) {
        None | Some("und") => String::new(),
        Some(language) => format!(" in {language}"),
    };
    let kept = |stream: &&Stream| stream.index == video || Some(stream.index) == audio;
    let of_interest =
        |stream: &&Stream| matches!(&*stream.codec_type, "video" | "audio" | "subtitle");
    let rest = probe
        .streams
        .iter()
        .filter(of_interest)
        .filter(|stream| !kept(stream));
    rest.map(|s| {
        format!(
            "{} stream {} ({}{})",
            s.codec_type,
            s.index,
            s.codec(),
            spoken(s)
        )
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const WISHES: Wishes = Wishes {
        segment_seconds: 6.0,
        encode: false,
    };

    /// What ffprobe 5.1.9 said about a film made by ffmpeg; packets that decide nothing are left out.
    macro_rules! probed {
        ($film:literal) => {
            serde_json::from_str::<Probe>(include_str!(concat!("probes/", $film, ".json"))).unwrap()
        };
    }

    fn video_reason(probe: &Probe) -> String {
        match plan(probe, WISHES).unwrap().video.treatment {
            Treatment::Copy => "copied".to_owned(),
            Treatment::Encode(reason) => reason,
        }
    }

    #[test]
    fn h264_and_aac_are_copied() {
        let plan = plan(&probed!("h264_aac.mp4"), WISHES).unwrap();
        assert_eq!(plan.video.treatment, Treatment::Copy);
        assert_eq!(plan.video.duration, Some(10.0));
        assert_eq!(
            plan.audio,
            Some(Audio {
                index: 1,
                treatment: Treatment::Copy
            })
        );
        assert_eq!(plan.left_out, Vec::<String>::new());
    }

    #[test]
    fn a_transport_stream_is_copied_too() {
        let plan = plan(&probed!("ts.ts"), WISHES).unwrap();
        assert_eq!(plan.video.treatment, Treatment::Copy);
        assert_eq!(plan.audio.unwrap().treatment, Treatment::Copy);
    }

    #[test]
    fn what_players_may_not_decode_is_encoded() {
        assert_eq!(video_reason(&probed!("hevc_opus.mkv")), "is hevc, not h264");
        assert_eq!(
            video_reason(&probed!("ten_bit.mp4")),
            "is yuv420p10le, not yuv420p"
        );
        assert_eq!(video_reason(&probed!("interlaced.mkv")), "is interlaced");
        assert_eq!(
            video_reason(&probed!("turned.mp4")),
            "is to be turned by 90°"
        );
        let sound = plan(&probed!("hevc_opus.mkv"), WISHES)
            .unwrap()
            .audio
            .unwrap();
        assert_eq!(
            sound.treatment,
            Treatment::Encode("is opus, not aac".to_owned())
        );
    }

    #[test]
    fn key_frames_too_far_apart_are_made_anew() {
        // This film has one key frame in 30 s, and a player would wait for all of it.
        assert_eq!(
            video_reason(&probed!("long_gop.mp4")),
            "has key frames 30.0 s apart"
        );
    }

    #[test]
    fn a_copy_can_be_declined() {
        let wishes = Wishes {
            encode: true,
            ..WISHES
        };
        let plan = plan(&probed!("h264_aac.mp4"), wishes).unwrap();
        assert_eq!(
            plan.video.treatment,
            Treatment::Encode("was asked to be".to_owned())
        );
    }

    #[test]
    fn a_silent_film_has_no_sound() {
        let plan = plan(&probed!("silent.mov"), WISHES).unwrap();
        assert_eq!((plan.video.treatment, plan.audio), (Treatment::Copy, None));
    }

    #[test]
    fn of_two_sounds_the_default_is_taken_and_the_other_named() {
        let plan = plan(&probed!("two_sounds.mkv"), WISHES).unwrap();
        assert_eq!(plan.audio.unwrap().index, 2);
        assert_eq!(plan.left_out, ["audio stream 1 (aac in eng)"]);
    }

    #[test]
    fn what_does_not_move_is_no_film() {
        let reason = |probe: &Probe| plan(probe, WISHES).unwrap_err().to_string();
        assert_eq!(
            reason(&probed!("audio_only.m4a")),
            "is no video: it holds aac"
        );
        assert_eq!(
            reason(&probed!("song_with_cover.mp3")),
            "is no video: it holds mp3, png"
        );
        assert_eq!(
            reason(&probed!("cover.png")),
            "is no video: ffprobe takes it for png_pipe"
        );
        assert_eq!(
            reason(&probed!("notes.ans")),
            "is no video: ffprobe takes it for tty"
        );
    }
}
