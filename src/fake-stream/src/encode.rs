//! What Stream does to a film, on a small scale: HLS and DASH of the same segments, and a thumbnail.

use std::{ffi::OsString, path::Path, process::Stdio, time::Duration};

use serde::Deserialize;
use tokio::process::Command;

use crate::video::{Facts, Trouble};

/// Seconds of a segment, as Stream cuts them.
const SEGMENT_SECONDS: &str = "4";

/// The shortest film that Stream takes, in seconds.
const SHORTEST: f64 = 0.1;

/// ffmpeg may read files and nothing else, whatever a film refers to, and no playlists.
const FILMS: [&str; 4] = [
    "-protocol_whitelist",
    "file",
    "-format_whitelist",
    "mov,matroska,mpegts,mpeg,avi,flv,asf,mxf,ogg",
];

/// The longest that a small film takes on a small machine.
const LONGEST: Duration = Duration::from_secs(600);

#[derive(Deserialize)]
struct Probe {
    #[serde(default)]
    streams: Vec<Stream>,
    #[serde(default)]
    format: Format,
}

#[derive(Default, Deserialize)]
struct Format {
    duration: Option<String>,
}

#[derive(Deserialize)]
struct Stream {
    codec_type: Option<String>,
    codec_name: Option<String>,
    pix_fmt: Option<String>,
    width: Option<u32>,
    height: Option<u32>,
}

/// Encodes the film into `folder`, which becomes what is served under the video's uid.
///
/// # Errors
/// Why Stream would not take it.
pub(crate) async fn encode(film: &Path, folder: &Path) -> Result<Facts, Trouble> {
    let probe = probe(film).await?;
    let picture = probe.stream("video").ok_or_else(non_video)?;
    let duration = probe.format.duration.as_deref();
    let duration: f64 = duration
        .and_then(|text| text.parse().ok())
        .ok_or_else(non_video)?;
    if duration < SHORTEST {
        let text = "The video is too short.";
        return Err(Trouble::new("ERR_DURATION_TOO_SHORT", text));
    }
    let facts = Facts {
        duration,
        width: picture.width.unwrap_or(0),
        height: picture.height.unwrap_or(0),
    };
    for part in ["manifest", "thumbnails"] {
        let made = tokio::fs::create_dir_all(folder.join(part)).await;
        made.map_err(|error| Trouble::new("ERR_UNKNOWN", format!("the disk: {error}")))?;
    }
    ffmpeg(
        film,
        &segments(picture, probe.stream("audio")),
        &folder.join("manifest/video.mpd"),
    )
    .await?;
    ffmpeg(
        film,
        &words("-map 0:v:0 -frames:v 1 -q:v 4"),
        &folder.join("thumbnails/thumbnail.jpg"),
    )
    .await?;
    Ok(facts)
}

impl Probe {
    fn stream(&self, kind: &str) -> Option<&Stream> {
        let mut streams = self.streams.iter();
        streams.find(|stream| stream.codec_type.as_deref() == Some(kind))
    }
}

impl Stream {
    fn is(&self, codec: &str) -> bool {
        self.codec_name.as_deref() == Some(codec)
    }
}

fn non_video() -> Trouble {
    let text = "The file was not recognized as a valid video file.";
    Trouble::new("ERR_NON_VIDEO", text)
}

async fn probe(film: &Path) -> Result<Probe, Trouble> {
    let mut command = Command::new("ffprobe");
    command.args([
        "-v",
        "error",
        "-show_streams",
        "-show_format",
        "-of",
        "json",
    ]);
    command.args(FILMS).arg(url(film));
    let output = output("ffprobe", command).await?;
    if !output.status.success() {
        return Err(non_video());
    }
    serde_json::from_slice(&output.stdout).map_err(|_| non_video())
}

/// ffmpeg's options for what a browser plays: copied where it is that already.
fn segments(picture: &Stream, sound: Option<&Stream>) -> Vec<String> {
    let mut options = words("-map 0:v:0");
    options.extend(match (picture.is("h264"), picture.pix_fmt.as_deref()) {
        (true, Some("yuv420p")) => words("-c:v copy"),
        _ => words(
            "-c:v libx264 -preset veryfast -pix_fmt yuv420p -vf scale=trunc(iw/2)*2:trunc(ih/2)*2",
        ),
    });
    if let Some(sound) = sound {
        options.extend(words("-map 0:a:0"));
        options.extend(if sound.is("aac") {
            words("-c:a copy")
        } else {
            words("-c:a aac -ac 2 -ar 48000")
        });
    }
    options.extend(words(
        "-f dash -hls_playlist 1 -hls_master_name video.m3u8 -seg_duration",
    ));
    options.push(SEGMENT_SECONDS.to_owned());
    options
}

fn words(text: &str) -> Vec<String> {
    text.split(' ').map(str::to_owned).collect()
}

async fn ffmpeg(film: &Path, options: &[String], result: &Path) -> Result<(), Trouble> {
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-v", "error", "-y"]);
    command.args(FILMS).arg("-i").arg(url(film));
    command.args(options).arg(result);
    let output = output("ffmpeg", command).await?;
    if output.status.success() {
        return Ok(());
    }
    let complaints = String::from_utf8_lossy(&output.stderr);
    let last = complaints
        .trim()
        .lines()
        .last()
        .unwrap_or("no reason given");
    Err(Trouble::new(
        "ERR_MALFORMED_VIDEO",
        format!("ffmpeg: {last}"),
    ))
}

async fn output(tool: &str, mut command: Command) -> Result<std::process::Output, Trouble> {
    command.stdin(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(LONGEST, command.output()).await;
    let output = output.map_err(|_| Trouble::new("ERR_UNKNOWN", format!("{tool} does not end")))?;
    output.map_err(|error| Trouble::new("ERR_UNKNOWN", format!("cannot start {tool}: {error}")))
}

/// A path may begin with what ffmpeg takes for a protocol.
fn url(film: &Path) -> OsString {
    let mut url = OsString::from("file:");
    url.push(film);
    url
}
