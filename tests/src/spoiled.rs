//! Films that a plain copy would spoil in a browser, made by ffmpeg.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A recipe for such a film.
#[derive(Clone, Copy, Debug)]
pub struct Spoiled {
    /// What a copy would spoil.
    pub kind: &'static str,
    /// The file's name, with the container's extension.
    file: &'static str,
    /// ffmpeg's arguments for each pass, blanks between them; `IN` is what the pass before has made.
    passes: &'static [&'static str],
    /// Whether the file is the last pass's twice, one behind the other.
    is_doubled: bool,
    /// Whether it is the sound that is odd.
    pub has_odd_sound: bool,
}

macro_rules! picture {
    ($seconds:literal) => {
        concat!(
            "-f lavfi -i testsrc2=size=320x180:rate=25:duration=",
            $seconds,
            " "
        )
    };
}

macro_rules! sound {
    ($seconds:literal) => {
        concat!(
            "-f lavfi -i sine=sample_rate=48000:duration=",
            $seconds,
            " "
        )
    };
}

macro_rules! h264 {
    ($input:expr) => {
        concat!(
            $input,
            "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a aac -g 50 "
        )
    };
}

const fn film(kind: &'static str, file: &'static str, passes: &'static [&'static str]) -> Spoiled {
    Spoiled {
        kind,
        file,
        passes,
        is_doubled: false,
        has_odd_sound: false,
    }
}

const fn with_odd_sound(film: Spoiled) -> Spoiled {
    Spoiled {
        has_odd_sound: true,
        ..film
    }
}

/// One film of each kind.
pub const SPOILED: [Spoiled; 11] = [
    with_odd_sound(film(
        "sound shorter than the picture",
        "short_sound.mp4",
        &[h264!(concat!(picture!(13), sound!(8)))],
    )),
    with_odd_sound(film(
        "sound longer than the picture",
        "long_sound.mp4",
        &[h264!(concat!(picture!(7), sound!(13)))],
    )),
    with_odd_sound(film(
        "AAC with a program config element",
        "surround.mp4",
        &[h264!(concat!(
            picture!(8),
            "-f lavfi -i anoisesrc=duration=8,aformat=channel_layouts=5.1(side) "
        ))],
    )),
    film(
        "open groups of pictures",
        "open.mp4",
        &[concat!(
            picture!(12),
            sound!(12),
            "-c:v libx264 -preset medium -pix_fmt yuv420p -bf 3 ",
            "-x264-params open-gop=1:keyint=50:min-keyint=50:scenecut=0 -c:a aac"
        )],
    ),
    film(
        "trimmed by an edit list",
        "trimmed.mp4",
        &[
            h264!(concat!(picture!(14), sound!(14))),
            "-ss 3.3 -i IN -c copy",
        ],
    ),
    Spoiled {
        is_doubled: true,
        ..film(
            "time that jumps back",
            "jumps.ts",
            &[h264!(concat!(picture!(6), sound!(6)))],
        )
    },
    film(
        "parameter sets in the stream",
        "avc3.mp4",
        &[
            h264!(concat!(picture!(8), sound!(8))),
            "-i IN -c copy -tag:v avc3",
        ],
    ),
    film(
        "one key frame",
        "one_key_frame.mp4",
        &[concat!(
            picture!(25),
            sound!(25),
            "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 9999 -keyint_min 9999 -sc_threshold 0 -c:a aac"
        )],
    ),
    film(
        "key frames under a second apart",
        "many_key_frames.mp4",
        &[concat!(
            picture!(8),
            sound!(8),
            "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 10 -c:a aac"
        )],
    ),
    film(
        "fragments and no duration",
        "fragmented.mp4",
        &[
            h264!(concat!(picture!(8), sound!(8))),
            "-i IN -c copy -movflags frag_keyframe+empty_moov+default_base_moof",
        ],
    ),
    with_odd_sound(film(
        "a picture that begins late",
        "late_picture.mp4",
        &[h264!(concat!("-itsoffset 2 ", picture!(8), sound!(10)))],
    )),
];

impl Spoiled {
    /// Makes the film in `folder`.
    ///
    /// # Panics
    ///
    /// There is no ffmpeg, or it lacks an encoder.
    pub fn make(&self, folder: &Path) -> PathBuf {
        let mut made = PathBuf::new();
        for (number, pass) in self.passes.iter().enumerate() {
            let output = folder.join(format!("{number}-{}", self.file));
            ffmpeg(pass, &made, &output);
            made = output;
        }
        if self.is_doubled {
            let content = std::fs::read(&made).expect("ffmpeg has made it");
            std::fs::write(&made, content.repeat(2)).expect("a folder of ours");
        }
        made
    }
}

fn ffmpeg(arguments: &str, input: &Path, output: &Path) {
    let words = arguments.split_ascii_whitespace();
    let outcome = Command::new("ffmpeg")
        .args(["-v", "error", "-nostdin", "-y"])
        .args(words.map(|word| {
            if word == "IN" {
                input.as_os_str()
            } else {
                word.as_ref()
            }
        }))
        .arg(output)
        .output()
        .expect("ffmpeg is installed");
    let complaints = String::from_utf8_lossy(&outcome.stderr);
    assert!(outcome.status.success(), "{arguments}: {complaints}");
}
