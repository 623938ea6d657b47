//! How a film becomes HLS: what is copied, what is encoded, where it is cut.

pub(crate) mod ladder;
pub(crate) mod languages;
pub(crate) mod refit;
pub(crate) mod tone_map;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    captions::embedded,
    input::probe::{Probe, SAMPLED_SECONDS, Stream},
    mp4::cutter,
    plan::ladder::{Ladder, Rung},
    plan::languages::Spoken,
    plan::tone_map::ToneMap,
};

/// Channels of an encoded sound: what every browser, phone and loudspeaker plays.
pub(crate) const ENCODED_CHANNELS: u32 = 2;

/// Channels of a sound that may share the picture's segments (Apple's authoring specification for HLS,
/// rule 9.6).
const MUXED_CHANNELS: u32 = 2;

/// What is to be done with one film.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Plan {
    /// The picture.
    pub(crate) video: Video,
    /// The sounds in the order of the file; none for a silent film.
    pub(crate) audio: Vec<Audio>,
    /// The rungs of the ladder, the highest first; none for a single rendition.
    pub(crate) rungs: Vec<Rung>,
    /// Seconds of the whole, when the film says so.
    pub(crate) duration: Option<f64>,
    /// Seconds between cuts, as near as the key frames will allow.
    pub(crate) segment_seconds: f64,
    /// What of the film is not packaged, for the person at the terminal.
    pub(crate) left_out: Vec<String>,
    /// The longest time without a key frame that was seen, when a copy is cut at them and gets
    /// segments that are too long.
    pub(crate) long_gap: Option<f64>,
    /// Whether a copy must not have segments that are too long.
    pub(crate) strict: bool,
    /// Whether a poster and thumbnails are made.
    pub(crate) thumbnails: bool,
    /// Whether the film is rather refused than encoded.
    pub(crate) copy_only: bool,
    /// Whether the only sound has segments of its own all the same.
    pub(crate) sounds_apart: bool,
    /// Seconds for which the first picture of an encoded film is shown before its time.
    pub(crate) lead: Option<f64>,
    /// Seconds for which the last picture is held by its sample alone.
    pub(crate) stretch: Option<f64>,
    /// Seconds for which the last picture of an encoded film is shown again and again.
    pub(crate) hold: Option<f64>,
    /// Seconds that encoded sounds last at least, silence at their end.
    pub(crate) pad: Option<f64>,
}

impl Plan {
    /// Whether the picture and its only sound share the segments.
    pub(crate) fn is_muxed(&self) -> bool {
        !self.sounds_apart
            && matches!(self.audio.as_slice(), [only] if only.channels <= MUXED_CHANNELS)
    }

    /// Whether sounds have segments of their own.
    pub(crate) fn has_sounds_apart(&self) -> bool {
        !(self.audio.is_empty() || self.is_muxed() && self.rungs.is_empty())
    }
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
        let mut words = vec![format!("video: {}", self.video.treatment)];
        if self.audio.is_empty() {
            words.push("audio: none".to_owned());
        }
        let sounds = self.audio.iter();
        words.extend(sounds.map(|audio| format!("audio: {}", audio.treatment)));
        if !self.rungs.is_empty() {
            let rungs: Vec<&str> = self.rungs.iter().map(|rung| rung.name.as_str()).collect();
            words.push(format!("ladder: {}", rungs.join(", ")));
        }
        let left_out = self.left_out.iter();
        words.extend(left_out.map(|stream| format!("left out: {stream}")));
        words
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
    /// How its light is made that of every screen, when it is not.
    pub(crate) tone_map: Option<ToneMap>,
    /// Width and height as they are seen, in square pixels.
    pub(crate) seen: (u32, u32),
    /// Frames a second on the average, as a fraction; `None` when the film does not say.
    pub(crate) frame_rate: Option<String>,
    /// Whether captions may be hidden in it.
    pub(crate) has_captions: bool,
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
    /// What is spoken.
    pub(crate) spoken: Spoken,
    /// Whether it is the one to begin with.
    pub(crate) is_default: bool,
    /// Whether silence is put wherever there is no sound; it is encoded then.
    pub(crate) is_filled: bool,
    /// Channels as they are packaged.
    pub(crate) channels: u32,
}

/// Why there is nothing to package.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoPlan {
    /// Text, a playlist, a picture, a song.
    #[error("is no video: {0}")]
    NoVideo(String),
    /// It would have to be encoded, and only a copy was wished.
    #[error("cannot be copied: {0}")]
    NoCopy(String),
}

/// What the person at the terminal wishes. The ledger of a game keeps it, and other wishes are a
/// reason to package the game again.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Wishes {
    /// Seconds of a segment.
    pub segment_seconds: f64,
    /// Encode the picture even when it could be copied.
    pub encode: bool,
    /// Encode the picture when a copy would have segments that are too long.
    pub strict: bool,
    /// In how many qualities the film is wished.
    pub ladder: Ladder,
    /// Make a poster and thumbnails.
    pub thumbnails: bool,
    /// Refuse what cannot be copied instead of encoding it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub copy_only: bool,
}

impl Default for Wishes {
    fn default() -> Self {
        Self {
            segment_seconds: 6.0,
            encode: false,
            strict: false,
            ladder: Ladder::Single,
            thumbnails: true,
            copy_only: false,
        }
    }
}

/// The stream that would be the picture.
///
/// # Errors
/// [`NoPlan`] when nothing moves.
fn picture(probe: &Probe) -> Result<&Stream, NoPlan> {
    // The picture on an album's cover is a video stream too.
    let videos = probe
        .streams
        .iter()
        .filter(|s| s.codec_type == "video" && !s.is("attached_pic"));
    let videos: Vec<&Stream> = videos.collect();
    // One that moves; of several the largest; of several as large the first.
    let largest = videos.into_iter().rev().max_by_key(|stream| {
        let size = u64::from(stream.width) * u64::from(stream.height);
        (!probe.is_still(stream), size)
    });
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
    let key_frames = probe.key_frames(picture.index);
    let gap = longest_gap(&key_frames, probe.duration());
    let long_gap = gap.filter(|gap| *gap > cutter::longest(wishes.segment_seconds));
    let reason = reason_to_encode(picture).or_else(|| probe.uncopyable(picture));
    let timeless = "does not say when its pictures are shown";
    let reason = reason.or_else(|| probe.lacks_times(picture).then(|| timeless.to_owned()));
    let reason = reason.or_else(|| match long_gap {
        _ if wishes.encode => Some("was asked to be".to_owned()),
        Some(gap) if wishes.strict => Some(far_apart(gap)),
        _ => None,
    });
    let treatment = reason.map_or(Treatment::Copy, Treatment::Encode);
    let long_gap = long_gap.filter(|_| treatment == Treatment::Copy);
    let seen = picture.seen();
    let rungs = match wishes.ladder {
        Ladder::Single => Vec::new(),
        Ladder::Abr => ladder::rungs(seen),
    };
    let video = Video {
        index: picture.index,
        treatment,
        interlaced: is_interlaced(picture),
        tone_map: ToneMap::of(picture),
        seen,
        frame_rate: picture.frame_rate().map(str::to_owned),
        has_captions: picture.closed_captions != 0,
        duration: picture.duration(),
    };
    let audio = sounds(probe);
    let left_out = left_out(probe, video.index, &audio);
    if wishes.copy_only {
        only_copies(&video, &audio)?;
    }
    Ok(Plan {
        video,
        audio,
        rungs,
        duration: probe.duration(),
        segment_seconds: wishes.segment_seconds,
        left_out,
        long_gap,
        strict: wishes.strict,
        thumbnails: wishes.thumbnails,
        copy_only: wishes.copy_only,
        sounds_apart: false,
        lead: None,
        stretch: None,
        hold: None,
        pad: None,
    })
}

fn only_copies(video: &Video, audio: &[Audio]) -> Result<(), NoPlan> {
    let sounds = audio.iter().map(|sound| ("sound", &sound.treatment));
    let mut all = std::iter::once(("picture", &video.treatment)).chain(sounds);
    let encoded = all.find_map(|(what, treatment)| match treatment {
        Treatment::Copy => None,
        Treatment::Encode(reason) => Some(format!("its {what} {reason}")),
    });
    encoded.map_or(Ok(()), |reason| Err(NoPlan::NoCopy(reason)))
}

/// All sounds; the one to begin with is that which the film marks as its default, or the first.
fn sounds(probe: &Probe) -> Vec<Audio> {
    // What ffprobe has no name for, ffmpeg has no decoder for.
    let is_sound =
        |s: &&Stream| s.codec_type == "audio" && s.channels > 0 && s.codec_name.is_some();
    let sounds: Vec<&Stream> = probe.streams.iter().filter(is_sound).collect();
    let default = sounds.iter().find(|stream| stream.is("default"));
    let default = default.or(sounds.first()).map(|stream| stream.index);
    let packaged = sounds.iter().map(|stream| {
        let treatment = match (sound_treatment(stream), probe.uncopyable(stream)) {
            (Treatment::Copy, Some(reason)) => Treatment::Encode(reason),
            (treatment, _) => treatment,
        };
        Audio {
            index: stream.index,
            channels: match treatment {
                Treatment::Copy => stream.channels,
                Treatment::Encode(_) => ENCODED_CHANNELS,
            },
            is_filled: false,
            treatment,
            spoken: Spoken::new(stream.tag("language"), stream.tag("title")),
            is_default: Some(stream.index) == default,
        }
    });
    packaged.collect()
}

fn reason_to_encode(picture: &Stream) -> Option<String> {
    if let Some(tone_map) = ToneMap::of(picture) {
        return Some(format!("is {tone_map}, which zscale makes SDR"));
    }
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
    picture
        .rotation()
        .map(|degrees| format!("is to be turned by {degrees}°"))
}

/// The reason to encode what has key frames too far apart.
pub(crate) fn far_apart(seconds: f64) -> String {
    format!("has key frames {seconds:.1} s apart")
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

/// The longest time without a key frame, up to the end of what was looked at.
fn longest_gap(key_frames: &[f64], duration: Option<f64>) -> Option<f64> {
    let end = key_frames.first()? + duration?.min(f64::from(SAMPLED_SECONDS));
    let ends = key_frames.iter().skip(1).copied().chain([end]);
    let gaps = key_frames.iter().zip(ends).map(|(from, to)| to - from);
    gaps.max_by(f64::total_cmp)
}

fn left_out(probe: &Probe, video: u32, audio: &[Audio]) -> Vec<String> {
    let spoken = |stream: &Stream| match stream.tags.get("language").map(String::as_str) {
        None | Some("und") => String::new(),
        Some(language) => format!(" in {language}"),
    };
    let kept = |stream: &&Stream| {
        stream.index == video
            || embedded::is_text(stream)
            || audio.iter().any(|audio| audio.index == stream.index)
    };
    let of_interest =
        |stream: &&Stream| matches!(&*stream.codec_type, "video" | "audio" | "subtitle");
    let rest = probe
        .streams
        .iter()
        .filter(of_interest)
        .filter(|stream| !kept(stream));
    rest.map(|s| {
        format!(
            "{} stream {} ({}{}{})",
            s.codec_type,
            s.index,
            s.codec(),
            spoken(s),
            if probe.is_still(s) { ", a still" } else { "" }
        )
    })
    .collect()
}

#[cfg(test)]
pub(crate) mod tests;
