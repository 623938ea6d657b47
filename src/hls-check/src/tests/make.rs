//! Makes the right presentation: ffmpeg encodes it, and it is cut and listed here.

use std::{fmt::Write as _, fs, path::Path, process::Command};

use super::{
    boxes::{boxes, trun},
    film::Film,
};

/// Seconds of one frame of AAC: 1024 samples of 48000.
const FRAME_OF_SOUND: f64 = 1024.0 / 48000.0;

impl Film {
    /// Cuts an mp4 of fragments into an init section and segments of so many fragments.
    pub(super) fn cut(&self, file: &Path, name: &str, fragments: usize) {
        let content = fs::read(file).unwrap();
        let moofs = moofs(&content);
        self.write(&format!("{name}_init.mp4"), &content[..moofs[0]]);
        let end = boxes(&content, 0..content.len());
        let end = end.iter().rfind(|(kind, _)| kind == b"mdat").unwrap().1.end;
        let starts: Vec<usize> = moofs.iter().step_by(fragments).copied().collect();
        for (number, start) in starts.iter().enumerate() {
            let end = starts.get(number + 1).copied().unwrap_or(end);
            self.write(&format!("{name}_{number}.m4s"), &content[*start..end]);
        }
    }

    /// Seconds and bytes of each segment.
    fn segments(&self, name: &str) -> Vec<(f64, usize)> {
        let lengths = (0..3).map(|number| {
            let content = self.read(&format!("{name}_{number}.m4s"));
            let samples: u32 = moofs(&content)
                .iter()
                .map(|at| trun(&content, *at..content.len()).samples)
                .sum();
            let frame = if name == "sound" {
                FRAME_OF_SOUND
            } else {
                1.0 / 25.0
            };
            (f64::from(samples) * frame, content.len())
        });
        lengths.collect()
    }

    /// Peak and average of all of them together.
    pub(super) fn rates(&self, names: &[&str]) -> (u64, u64) {
        let (mut peak, mut average) = (0.0, 0.0);
        for name in names {
            let segments = self.segments(name);
            let rate = |segments: &[(f64, usize)]| {
                let bytes: usize = segments.iter().map(|it| it.1).sum();
                bytes as f64 * 8.0 / segments.iter().map(|it| it.0).sum::<f64>()
            };
            let runs = [&segments[..1], &segments[1..2], &segments[1..]];
            peak += runs.into_iter().map(rate).fold(0.0, f64::max);
            average += rate(&segments);
        }
        (peak.ceil() as u64, average.ceil() as u64)
    }

    pub(super) fn playlist(&self, name: &str, version: u8) {
        let mut text = format!(
            "#EXTM3U\n#EXT-X-VERSION:{version}\n#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-TARGETDURATION:6\n\
             #EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-MAP:URI=\"{name}_init.mp4\"\n"
        );
        for (number, (seconds, _)) in self.segments(name).iter().enumerate() {
            writeln!(text, "#EXTINF:{seconds},\n{name}_{number}.m4s").unwrap();
        }
        self.write(
            &format!("{name}.m3u8"),
            format!("{text}#EXT-X-ENDLIST\n").as_bytes(),
        );
    }

    /// Writes a playlist of a picture's I-frames, each 2 s; gives their peak.
    pub(super) fn iframes(&self, name: &str) -> u64 {
        let mut text = format!(
            "#EXTM3U\n#EXT-X-VERSION:5\n#EXT-X-TARGETDURATION:2\n#EXT-X-PLAYLIST-TYPE:VOD\n\
             #EXT-X-I-FRAMES-ONLY\n#EXT-X-MAP:URI=\"{name}_init.mp4\"\n"
        );
        let mut longest = 0;
        for number in 0..3 {
            let content = self.read(&format!("{name}_{number}.m4s"));
            for moof in moofs(&content) {
                let trun = trun(&content, moof..content.len());
                let bytes = trun.data_offset + trun.first_size;
                longest = longest.max(bytes);
                writeln!(
                    text,
                    "#EXTINF:2,\n#EXT-X-BYTERANGE:{bytes}@{moof}\n{name}_{number}.m4s"
                )
                .unwrap();
            }
        }
        self.write(
            &format!("{name}_iframes.m3u8"),
            format!("{text}#EXT-X-ENDLIST\n").as_bytes(),
        );
        u64::from(longest) * 4
    }
}

pub(super) fn moofs(content: &[u8]) -> Vec<usize> {
    let all = boxes(content, 0..content.len()).into_iter();
    all.filter(|(kind, _)| kind == b"moof")
        .map(|(_, place)| place.start)
        .collect()
}

/// The name of the codec, by the three bytes after `avcC` and its version; of H.265 by its first
/// letters.
pub(super) fn avc(init: &[u8]) -> String {
    let Some(at) = init.windows(4).position(|it| it == b"avcC") else {
        return "hev1.1.6.L60.90".to_owned();
    };
    let at = at + 5;
    let [profile, constraints, level] = init[at..at + 3].try_into().unwrap();
    format!("avc1.{profile:02x}{constraints:02x}{level:02x}")
}

pub(super) fn ffmpeg(arguments: &[&str]) {
    let output = Command::new("ffmpeg")
        .args(["-v", "error", "-y"])
        .args(arguments)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

pub(super) fn make() -> Film {
    let film = Film::empty();
    let [big, small, sound] = ["big.mp4", "small.mp4", "sound.mp4"].map(|name| film.path(name));
    let flags = "+delay_moov+default_base_moof";
    let picture = format!("+frag_keyframe{flags}");
    let encoder = |rate| {
        let mut words = vec!["-c:v", "libx264", "-preset", "ultrafast", "-g", "50"];
        words.extend([
            "-sc_threshold",
            "0",
            "-pix_fmt",
            "yuv420p",
            "-bf",
            "2",
            "-movflags",
            &picture,
        ]);
        words.extend(["-b:v", rate, "-maxrate", rate, "-bufsize", rate]);
        words
    };
    let mut words = vec![
        "-f",
        "lavfi",
        "-i",
        "testsrc2=size=320x180:rate=25:duration=14",
    ];
    words.extend([
        "-f",
        "lavfi",
        "-i",
        "sine=frequency=300:sample_rate=48000:duration=14",
    ]);
    words.extend([
        "-filter_complex",
        "[0:v]split=2[a][b];[b]scale=160:90[c]",
        "-map",
        "[a]",
    ]);
    words.extend(encoder("300k"));
    words.extend([big.to_str().unwrap(), "-map", "[c]"]);
    words.extend(encoder("100k"));
    words.extend([
        small.to_str().unwrap(),
        "-map",
        "1:a",
        "-c:a",
        "aac",
        "-b:a",
        "64k",
    ]);
    words.extend([
        "-movflags",
        flags,
        "-frag_duration",
        "2000000",
        sound.to_str().unwrap(),
    ]);
    ffmpeg(&words);
    for (name, file) in [("big", big), ("small", small), ("sound", sound)] {
        film.cut(&file, name, 3);
        fs::remove_file(file).unwrap();
        film.playlist(name, 6);
    }
    let mut master = "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-INDEPENDENT-SEGMENTS\n\
        #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"sound\",NAME=\"English\",LANGUAGE=\"en\",DEFAULT=YES,AUTOSELECT=YES,CHANNELS=\"1\",URI=\"sound.m3u8\"\n"
        .to_owned();
    for (name, size) in [("big", "320x180"), ("small", "160x90")] {
        let (peak, average) = film.rates(&[name, "sound"]);
        let iframes = film.iframes(name);
        let codec = avc(&film.read(&format!("{name}_init.mp4")));
        write!(
            master,
            "#EXT-X-STREAM-INF:BANDWIDTH={peak},AVERAGE-BANDWIDTH={average},CODECS=\"{codec},mp4a.40.2\",RESOLUTION={size},FRAME-RATE=25,AUDIO=\"sound\"\n\
             {name}.m3u8\n\
             #EXT-X-I-FRAME-STREAM-INF:BANDWIDTH={iframes},CODECS=\"{codec}\",RESOLUTION={size},URI=\"{name}_iframes.m3u8\"\n"
        )
        .unwrap();
    }
    film.write("master.m3u8", master.as_bytes());
    film
}
