//! What ffmpeg and ffprobe make of a film or of a playlist.

use std::{ffi::OsString, path::Path, process::Command};

/// Seconds of a film's beginnings, as decoded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Start {
    pub(crate) picture: f64,
    pub(crate) sound: f64,
}

impl Start {
    /// How much later the sound begins.
    pub(crate) fn offset(self) -> f64 {
        self.sound - self.picture
    }
}

fn run(program: &str, arguments: &[&str], film: &Path, after: &[&str]) -> String {
    let mut url = OsString::from("file:");
    url.push(film);
    let outcome = Command::new(program)
        .args(["-v", "error"])
        .args(arguments)
        .arg("-i")
        .arg(url)
        .args(after)
        .output()
        .expect("ffmpeg is installed");
    let complaints = String::from_utf8_lossy(&outcome.stderr);
    assert!(outcome.status.success(), "{}: {complaints}", film.display());
    String::from_utf8(outcome.stdout).unwrap()
}

/// Decodes `stream` (`v:0`, `a:1`) to the end, stopping at the first error; gives its frames.
pub(crate) fn frames(film: &Path, stream: &str) -> u64 {
    let arguments = [
        "-nostdin",
        "-xerror",
        "-err_detect",
        "explode",
        "-progress",
        "pipe:1",
    ];
    let select = format!("0:{stream}");
    let after = [
        "-map",
        &select,
        "-fps_mode",
        "passthrough",
        "-f",
        "null",
        "-",
    ];
    let said = run("ffmpeg", &arguments, film, &after);
    let count = said
        .lines()
        .rev()
        .find_map(|line| line.strip_prefix("frame="));
    count.unwrap_or("0").trim().parse().unwrap()
}

/// Pictures of a film, as its container holds them.
pub(crate) fn packets(film: &Path) -> u64 {
    let arguments = ["-select_streams", "v:0", "-count_packets"];
    let entries = [
        "-show_entries",
        "stream=nb_read_packets",
        "-of",
        "default=nw=1:nk=1",
    ];
    let said = run("ffprobe", &arguments, film, &entries);
    said.split_whitespace().next().unwrap().parse().unwrap()
}

/// When the first frame of picture and sound is shown and heard.
pub(crate) fn start(film: &Path) -> Start {
    let first = |stream| {
        let arguments = ["-select_streams", stream, "-read_intervals", "%+3"];
        let entries = ["-show_entries", "frame=pts_time", "-of", "csv=p=0"];
        let said = run("ffprobe", &arguments, film, &entries);
        let first = said.split([',', '\n']).find(|word| !word.trim().is_empty());
        first.unwrap().trim().parse().unwrap()
    };
    Start {
        picture: first("v:0"),
        sound: first("a:0"),
    }
}

/// When the last packet of `stream` ends, in seconds.
pub(crate) fn end(film: &Path, stream: &str) -> f64 {
    let arguments = ["-select_streams", stream];
    let entries = ["-show_entries", "packet=pts_time,duration_time"];
    let said = run(
        "ffprobe",
        &arguments,
        film,
        &[&entries[..], &["-of", "csv=p=0"]].concat(),
    );
    let ends = said.lines().filter_map(|line| {
        let mut numbers = line.split(',').filter_map(|word| word.parse::<f64>().ok());
        Some(numbers.next()? + numbers.next().unwrap_or_default())
    });
    ends.fold(0.0, f64::max)
}

/// Whether the first frame comes as two halves.
pub(crate) fn is_interlaced(film: &Path) -> bool {
    let arguments = ["-select_streams", "v:0", "-read_intervals", "%+#1"];
    let entries = ["-show_entries", "frame=interlaced_frame", "-of", "csv=p=0"];
    run("ffprobe", &arguments, film, &entries).starts_with('1')
}

/// Fields of the first stream that `select` picks, in the order asked for.
pub(crate) fn stream(film: &Path, select: &str, fields: &str) -> String {
    let arguments = ["-select_streams", select];
    let entries = format!("stream={fields}");
    let after = ["-show_entries", &entries, "-of", "csv=p=0"];
    let said = run("ffprobe", &arguments, film, &after);
    said.lines().next().unwrap_or_default().trim().to_owned()
}

/// Width and height of a picture file.
pub(crate) fn size(picture: &Path) -> String {
    stream(picture, "v:0", "width,height")
}
