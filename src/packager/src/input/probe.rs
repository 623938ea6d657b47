//! What ffprobe says about a film.

use std::{collections::BTreeMap, path::Path, process::Stdio, time::Duration};

use serde::Deserialize;
use tokio::process::Command;

use crate::{
    Error, ffmpeg,
    input::{chapters, container::Container},
};

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
    /// What the boxes say; `None` where there are none.
    #[serde(skip)]
    pub(crate) container: Option<Container>,
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
    /// `mov,mp4,m4a,3gp,3g2,mj2`, ...
    #[serde(default)]
    format_name: String,
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
    /// Its number in the container: `0x1`.
    id: Option<String>,
    /// How many frames the container has of it.
    nb_frames: Option<String>,
    /// `bt709`, `arib-std-b67`, ...
    pub(crate) color_transfer: Option<String>,
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
    /// What it is.
    #[serde(default)]
    side_data_type: String,
}

impl Stream {
    /// Whether the disposition `name` is set.
    pub(crate) fn is(&self, name: &str) -> bool {
        self.disposition.get(name).is_some_and(|set| *set != 0)
    }

    /// Its number in the container.
    fn number(&self) -> Option<u32> {
        let digits = self.id.as_deref()?.strip_prefix("0x")?;
        u32::from_str_radix(digits, 16).ok()
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

    /// Why `stream` cannot be copied though its codec could: a clause.
    pub(crate) fn uncopyable(&self, stream: &Stream) -> Option<String> {
        let track = self.container.as_ref()?.track(stream.number()?);
        if track.is_some_and(|track| track.is_edited) {
            return Some("is cut by an edit list".to_owned());
        }
        track
            .is_some_and(|track| track.forms > 1)
            .then(|| "changes its size or form on the way".to_owned())
    }

    /// Whether `stream` does not say when its pictures are shown, as that of an AVI may not.
    pub(crate) fn lacks_times(&self, stream: &Stream) -> bool {
        self.packets_of(stream.index)
            .any(|packet| packet.pts_time.is_none())
    }

    /// Whether `stream` is a picture that does not move.
    pub(crate) fn is_still(&self, stream: &Stream) -> bool {
        let frames = stream.nb_frames.as_deref();
        let is_picture = stream.codec_type == "video";
        is_picture && (stream.is("attached_pic") || stream.is("still_image") || frames == Some("1"))
    }

    /// Whether any of it is encrypted.
    pub(crate) fn is_encrypted(&self) -> bool {
        let boxes = self.container.as_ref();
        let data = self
            .streams
            .iter()
            .flat_map(|stream| &stream.side_data_list);
        boxes.is_some_and(Container::is_encrypted)
            || data
                .into_iter()
                .any(|data| data.side_data_type.starts_with("Encryption"))
    }

    /// Whether the duration is written down and not guessed from the times at the ends.
    pub(crate) fn is_whole_told(&self) -> bool {
        let guessed = ["mpegts", "mpeg", "h264", "hevc", "mpegvideo", "dv"];
        let boxes = self.container.as_ref();
        !guessed.contains(&self.format.format_name.as_str())
            && !boxes.is_some_and(|boxes| boxes.is_fragmented)
    }

    /// Packets of stream `index` before the first that a decoder can start at.
    pub(crate) fn before_key(&self, index: u32) -> u64 {
        let mut packets = self.packets_of(index);
        let place = packets.position(|packet| packet.flags.starts_with('K'));
        place.unwrap_or_default() as u64
    }

    /// Whether each packet of stream `index` is a picture to be shown.
    pub(crate) fn is_frame_by_frame(&self, index: u32) -> bool {
        let mut streams = self.streams.iter().filter(|stream| stream.index == index);
        streams.any(|stream| {
            let is_whole = matches!(
                stream.field_order.as_deref(),
                None | Some("progressive" | "unknown")
            );
            matches!(stream.codec(), "h264" | "hevc")
                && is_whole
                && self.uncopyable(stream).is_none()
        })
    }

    fn packets_of(&self, index: u32) -> impl Iterator<Item = &Packet> {
        let packets = self.packets.iter();
        packets.filter(move |packet| packet.stream_index == index)
    }

    /// The times of the key frames of stream `index` in the first minute, in seconds.
    pub(crate) fn key_frames(&self, index: u32) -> Vec<f64> {
        let times = self
            .packets_of(index)
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

/// Reads a film's boxes and headers, and its packets' times in the first minute; ffprobe may be silent for
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
    let container = Container::read(source).await;
    let is_locked = container.as_ref().is_some_and(Container::is_encrypted);
    if is_locked {
        return Err(Error::Encrypted(source.to_owned()));
    }
    if !output.status.success() {
        let is_cut_off = container.is_some_and(|boxes| !boxes.has_index);
        return Err(match is_cut_off {
            true => Error::NoIndex(source.to_owned()),
            false => no_media(&reason(&String::from_utf8_lossy(&output.stderr))),
        });
    }
    let mut probe: Probe =
        serde_json::from_slice(&output.stdout).map_err(|error| no_media(&error.to_string()))?;
    probe.container = container;
    match probe.is_encrypted() {
        true => Err(Error::Encrypted(source.to_owned())),
        false => Ok(probe),
    }
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
