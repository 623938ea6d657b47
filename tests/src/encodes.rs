//! Films of every odd kind, made by ffmpeg: what an archive of many years holds. Small, so that a
//! dozen of them cost seconds.
//!
//! This file stands by itself, for the packager's own tests take it too.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A recipe for a film.
#[derive(Clone, Copy, Debug)]
pub struct Encode {
    /// What is odd about it.
    pub kind: &'static str,
    /// The file's name, with the container's extension.
    pub file: &'static str,
    /// ffmpeg's arguments before the file, blanks between them.
    arguments: &'static str,
    /// Those of a second pass that copies what the first has made; empty for none.
    copied: &'static str,
}

/// Sound and picture of most: 12 seconds of 25 frames, a key frame every two seconds.
macro_rules! film {
    ($rest:literal) => {
        concat!(
            "-f lavfi -i testsrc2=size=320x180:rate=25:duration=12 ",
            "-f lavfi -i sine=frequency=440:sample_rate=48000:duration=12 ",
            $rest
        )
    };
}

/// H.264 as most of an archive is.
macro_rules! h264 {
    ($rest:literal) => {
        concat!(
            "-c:v libx264 -preset veryfast -pix_fmt yuv420p -g 50 -threads 2 ",
            $rest
        )
    };
}

/// One film of each kind.
pub const ENCODES: [Encode; 12] = [
    Encode {
        kind: "variable frame rate",
        file: "variable.mp4",
        arguments: concat!(
            film!("-vf select='lt(mod(n,50),20)+not(mod(n,5))' -fps_mode vfr "),
            h264!("-force_key_frames expr:gte(t,n_forced*2) -c:a aac -b:a 96k")
        ),
        copied: "",
    },
    Encode {
        kind: "B-frames, edit lists, and sound that begins later",
        file: "later.mp4",
        arguments: concat!(
            "-f lavfi -i testsrc2=size=320x180:rate=25:duration=12 -itsoffset 0.5 ",
            "-f lavfi -i sine=frequency=440:sample_rate=48000:duration=11 ",
            h264!("-bf 3 -c:a aac -b:a 96k")
        ),
        copied: "",
    },
    Encode {
        kind: "no sound",
        file: "silent.mov",
        arguments: concat!(
            "-f lavfi -i testsrc2=size=320x180:rate=25:duration=12 ",
            h264!("-an")
        ),
        copied: "",
    },
    Encode {
        kind: "several sounds and languages",
        file: "languages.mkv",
        arguments: concat!(
            film!(
                "-f lavfi -i sine=frequency=880:duration=12 -f lavfi -i sine=frequency=220:duration=12 "
            ),
            "-map 0 -map 1 -map 2 -map 3 ",
            h264!("-c:a:0 aac -c:a:1 aac -c:a:2 ac3 -metadata:s:a:0 language=eng "),
            "-metadata:s:a:1 language=ger -metadata:s:a:2 language=fre -disposition:a:1 default -disposition:a:0 0"
        ),
        copied: "",
    },
    Encode {
        kind: "to be turned, and a name of odd characters",
        file: "-a \"100 %\":\n it's é 🏒 #1?&.mp4",
        arguments: film!("-c:v libx264 -preset veryfast -pix_fmt yuv420p -g 50 -c:a aac -f mp4"),
        copied: "-c copy -metadata:s:v rotate=90 -f mp4",
    },
    Encode {
        kind: "interlaced",
        file: "interlaced.ts",
        arguments: film!(
            "-c:v libx264 -preset veryfast -pix_fmt yuv420p -g 50 -flags +ilme+ildct -x264-params tff=1 -c:a aac"
        ),
        copied: "",
    },
    Encode {
        kind: "10 bits",
        file: "ten_bits.mp4",
        arguments: film!("-c:v libx264 -preset veryfast -pix_fmt yuv420p10le -g 50 -c:a aac"),
        copied: "",
    },
    Encode {
        kind: "5.1",
        file: "surround.mp4",
        arguments: film!(
            "-c:v libx264 -preset veryfast -pix_fmt yuv420p -g 50 -c:a aac -ac 6 -b:a 256k"
        ),
        copied: "",
    },
    Encode {
        kind: "HEVC and AC-3",
        file: "hevc.mkv",
        arguments: film!(
            "-c:v libx265 -preset ultrafast -x265-params log-level=error -c:a ac3 -ac 6"
        ),
        copied: "",
    },
    Encode {
        kind: "VP9 and Opus",
        file: "vp9.webm",
        arguments: film!("-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -b:v 300k -c:a libopus"),
        copied: "",
    },
    Encode {
        kind: "AV1 and Opus",
        file: "av1.mkv",
        arguments: film!("-c:v libsvtav1 -preset 12 -b:v 300k -c:a libopus"),
        copied: "",
    },
    Encode {
        kind: "key frames ten seconds apart",
        file: "seldom.mp4",
        arguments: film!(
            "-c:v libx264 -preset veryfast -pix_fmt yuv420p -g 250 -keyint_min 250 -sc_threshold 0 -c:a aac"
        ),
        copied: "",
    },
];

impl Encode {
    /// Makes the film in `folder`, unless it is there.
    ///
    /// # Panics
    ///
    /// There is no ffmpeg, or it lacks an encoder.
    pub fn make(&self, folder: &Path) -> PathBuf {
        let film = folder.join(self.file);
        if film.is_file() {
            return film;
        }
        let extension = Path::new(self.file).extension().unwrap_or_default();
        let unfinished = |name: &str| {
            let name = format!("unfinished-{}-{name}", std::process::id());
            folder.join(name).with_extension(extension)
        };
        let made = unfinished("made");
        ffmpeg(&[], self.arguments, &made);
        let made = if self.copied.is_empty() {
            made
        } else {
            let copied = unfinished("copied");
            ffmpeg(&["-i".into(), file(&made)], self.copied, &copied);
            copied
        };
        std::fs::rename(made, &film).expect("one folder");
        film
    }
}

/// A film that breaks off half way through: somebody pulled the plug while it was copied.
///
/// # Panics
///
/// As [`Encode::make`].
pub fn truncated(folder: &Path) -> PathBuf {
    let whole = folder.join("whole.mp4");
    let arguments =
        film!("-c:v libx264 -preset veryfast -pix_fmt yuv420p -g 50 -c:a aac -movflags +faststart");
    ffmpeg(&[], arguments, &whole);
    let content = std::fs::read(&whole).expect("ffmpeg has made it");
    let film = folder.join("truncated.mp4");
    std::fs::write(&film, &content[..content.len() / 2]).expect("a folder to write to");
    film
}

/// A file that is no video, whatever its name says.
///
/// # Panics
///
/// The folder cannot be written.
pub fn no_video(folder: &Path) -> PathBuf {
    let film = folder.join("notes.mp4");
    std::fs::write(&film, "Period 1: 2-1.\n".repeat(1000)).expect("a folder to write to");
    film
}

fn ffmpeg(input: &[OsString], arguments: &str, output: &Path) {
    let outcome = Command::new("ffmpeg")
        .args(["-v", "error", "-nostdin", "-y"])
        .args(input)
        .args(arguments.split_ascii_whitespace())
        .arg(file(output))
        .env("SVT_LOG", "1")
        .output()
        .expect("ffmpeg is installed");
    assert!(
        outcome.status.success(),
        "{arguments}: {}",
        String::from_utf8_lossy(&outcome.stderr)
    );
}

/// So that no name is taken for an option or a protocol.
fn file(path: &Path) -> OsString {
    let mut url = OsString::from("file:");
    url.push(path);
    url
}
