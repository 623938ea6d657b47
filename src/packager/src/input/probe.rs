//! What ffprobe says about a film.

use std::{collections::BTreeMap, path::Path, process::Stdio, time::Duration};

use serde::Deserialize;
use tokio::process::Command;

use crate::{Error, ffmpeg, input::chapters};

/// How much of the film is searched for key frames. A camera or an encoder that spaces them oddly does
/// so from the start, and reading a whole film twice would double the time it takes.
pub(crate) const SAMPLED_SECONDS: u32 = 60;

/// The parts of ffprobe's report that decide how a film is packaged.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Probe {
    /// The container.
    #[serde(default)]
    pub(crate) format: Format,
    /// All streams, in the order of the file.
    #[serde(default)]
    pub(crate) streams: Vec<Stream>,
    /// All of them.
    #[serde(default)]
    pub(crate) chapters: Vec<chapters::Probed>,
    /// Those of the first minute.
    #[serde(default)]
    packets: Vec<Packet>,
    /// ffprobe itself, and with it ffmpeg.
    #[serde(default)]
    pub(crate) program_version: ProgramVersion,
}

/// Which ffprobe it was.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct ProgramVersion {
    /// `5.1.9-0+deb12u1`.
    #[serde(default)]
    pub(crate) version: String,
}

/// The container of a film.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Format {
    /// Seconds, as text.
    pub(crate) duration: Option<String>,
}

/// One stream of a film. Numbers that ffprobe prints as text stay text here.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Stream {
    /// Its number in the file.
    pub(crate) index: u32,
    /// `video`, `audio`, `subtitle`, `data`, ...
    #[serde(default)]
    pub(crate) codec_type: String,
    /// `h264`, `aac`, ...; absent when ffprobe does not know it.
    pub(crate) codec_name: Option<String>,
    /// `High`, `LC`, ...
    pub(crate) profile: Option<String>,
    /// Pixels.
    #[serde(default)]
    pub(crate) width: u32,
    /// Pixels.
    #[serde(default)]
    pub(crate) height: u32,
    /// Width to height of a pixel: `16:11`; `0:1` and `N/A` when it is not known.
    sample_aspect_ratio: Option<String>,
    /// Frames a second: `30000/1001`; `0/0` when it is not known.
    avg_frame_rate: Option<String>,
    /// Whether captions are hidden in the picture; 0 or 1.
    #[serde(default)]
    pub(crate) closed_captions: u8,
    /// `yuv420p`, ...
    pub(crate) pix_fmt: Option<String>,
    /// `progressive`, `tt`, ...; absent when it is not known.
    pub(crate) field_order: Option<String>,
    /// Channels of an audio stream.
    #[serde(default)]
    pub(crate) channels: u32,
    /// Seconds, as text.
    duration: Option<String>,
    /// Seconds, as text.
    start_time: Option<String>,
    /// What the stream is for: `default`, `attached_pic`, ...; 0 or 1 each.
    #[serde(default)]
    pub(crate) disposition: BTreeMap<String, u8>,
    /// `language`, ...
    #[serde(default)]
    pub(crate) tags: BTreeMap<String, String>,
    /// Among others how the picture is to be turned.
    #[serde(default)]
    pub(crate) side_data_list: Vec<SideData>,
}

/// A stream's data that belongs to no frame.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct SideData {
    /// Degrees to turn the picture by.
    pub(crate) rotation: Option<f64>,
}

impl Stream {
    /// Whether the disposition `name` is set.
    pub(crate) fn is(&self, name: &str) -> bool {
        self.disposition.get(name).is_some_and(|set| *set != 0)
    }

    /// The codec's name, or that it has none.
    pub(crate) fn codec(&self) -> &str {
        self.codec_name.as_deref().unwrap_or("unknown")
    }
}

impl Stream {
    /// Degrees to turn the picture by; `None` when it stands upright.
    pub(crate) fn rotation(&self) -> Option<f64> {
        let told = self.side_data_list.iter().find_map(|data| data.rotation);
        told.filter(|degrees| *degrees != 0.0)
    }

    /// Width and height as they are seen: turned, and in square pixels.
    pub(crate) fn seen(&self) -> (u32, u32) {
        let shape = self
            .sample_aspect_ratio
            .as_deref()
            .and_then(|text| ratio(text, ':'));
        let width = f64::from(self.width) * shape.unwrap_or(1.0);
        let (width, height) = (width.round() as u32, self.height);
        let is_turned = self
            .rotation()
            .is_some_and(|degrees| degrees % 180.0 != 0.0);
        if is_turned {
            (height, width)
        } else {
            (width, height)
        }
    }

    /// Frames a second as a fraction, when they are known.
    pub(crate) fn frame_rate(&self) -> Option<&str> {
        let told = self.avg_frame_rate.as_deref();
        told.filter(|text| ratio(text, '/').is_some())
    }

    /// A tag, whatever the case of its name.
    pub(crate) fn tag(&self, name: &str) -> Option<&str> {
        let found = self
            .tags
            .iter()
            .find(|(other, _)| other.eq_ignore_ascii_case(name));
        found.map(|(_, text)| text.as_str())
    }

    /// Seconds of this stream alone; `None` when the container does not say. Matroska says in a tag
    /// when it ends.
    pub(crate) fn duration(&self) -> Option<f64> {
        let seconds = |text: &Option<String>| text.as_ref()?.parse::<f64>().ok();
        let end = self.tag("duration").and_then(clock);
        let start = seconds(&self.start_time).unwrap_or(0.0);
        let told = seconds(&self.duration).or_else(|| Some(end? - start));
        told.filter(|seconds| *seconds > 0.0)
    }
}

impl Probe {
    /// Seconds of the longest stream; `None` when the container does not say.
    pub(crate) fn duration(&self) -> Option<f64> {
        let told = self.format.duration.as_deref()?.parse().ok();
        told.filter(|seconds| *seconds > 0.0)
    }

    /// The times of the key frames of stream `index` in the first minute, in seconds.
    pub(crate) fn key_frames(&self, index: u32) -> Vec<f64> {
        let keys = self
            .packets
            .iter()
            .filter(|packet| packet.stream_index == index);
        let times = keys
            .filter(|packet| packet.flags.starts_with('K'))
            .map(|key| &key.pts_time);
        times
            .filter_map(|time| time.as_ref()?.parse().ok())
            .collect()
    }
}

/// The value of `a:b` or `a/b`; `None` unless it is above 0.
fn ratio(text: &str, sign: char) -> Option<f64> {
    let (over, under) = text.split_once(sign)?;
    let value = over.parse::<f64>().ok()? / under.parse::<f64>().ok()?;
    (value.is_finite() && value > 0.0).then_some(value)
}

/// Seconds of `HH:MM:SS.fraction`.
fn clock(text: &str) -> Option<f64> {
    let mut parts = text.split(':').map(|part| part.parse::<f64>().ok());
    let (hours, minutes, seconds) = (parts.next()??, parts.next()??, parts.next()??);
    Some(hours * 3600.0 + minutes * 60.0 + seconds)
}

/// One packet of the film's first minute.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Packet {
    #[serde(default)]
    stream_index: u32,
    /// Seconds, as text.
    pts_time: Option<String>,
    /// Begins with `K` where a decoder can start.
    #[serde(default)]
    flags: String,
}

/// Reads a film's headers, and its packets' times in the first minute; ffprobe may be silent for
/// `silence`.
///
/// # Errors
/// [`Error::NotMedia`] with ffprobe's own words, that it does not end, or that there is no ffprobe.
pub(crate) async fn probe(source: &Path, silence: Duration) -> Result<Probe, Error> {
    let mut command = Command::new("ffprobe");
    command.args([
        "-v",
        "error",
        "-print_format",
        "json",
        "-show_program_version",
    ]);
    command.args(["-show_format", "-show_streams", "-show_chapters"]);
    command.args(["-show_entries", "packet=stream_index,pts_time,flags"]);
    command
        .arg("-read_intervals")
        .arg(format!("%+{SAMPLED_SECONDS}"));
    command.args(ffmpeg::film(source)).stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let output = ffmpeg::report(&mut command, source, silence).await?;
    let no_media = |reason: &str| Error::NotMedia {
        path: source.to_owned(),
        reason: reason.to_owned(),
    };
    if !output.status.success() {
        return Err(no_media(&reason(&String::from_utf8_lossy(&output.stderr))));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| no_media(&error.to_string()))
}

/// A playlist, a text or a picture is called what it is. Otherwise ffprobe ends with `{path}: {reason}`; what stands before, `[{demuxer} @ {address}] {complaint}`, may
/// say more.
fn reason(said: &str) -> String {
    if let Some(container) = ffmpeg::refused_container(said) {
        return format!("ffprobe takes it for {container}, which holds no film");
    }
    let mut lines = said.lines().rev().filter(|line| !line.trim().is_empty());
    let last = lines.next().unwrap_or("ffprobe gives no reason");
    let last = last.rsplit_once(": ").map_or(last, |(_, reason)| reason);
    let complaint = lines.next().and_then(|line| line.split_once("] "));
    match complaint {
        Some((_, complaint)) => format!("{last} ({})", complaint.trim()),
        None => last.to_owned(),
    }
}
