//! 14 seconds in two sizes with sound apart, in segments of 6, 6 and 2 s, a key frame every 2 s.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use tempfile::TempDir;

use super::boxes::{boxes, find, number, trun};

pub(super) const BIG: &str = "big.m3u8";
pub(super) const SMALL: &str = "small.m3u8";

/// Ticks of AAC: 1024 to a frame, 48000 to a second.
const FRAME_OF_SOUND: f64 = 1024.0 / 48000.0;

/// A copy of the right presentation.
pub(super) struct Film(TempDir);

impl Film {
    pub(super) fn new() -> Self {
        static RIGHT: OnceLock<Film> = OnceLock::new();
        let right = RIGHT.get_or_init(make);
        let copy = tempfile::tempdir().unwrap();
        for entry in fs::read_dir(right.0.path()).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
        }
        Self(copy)
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(super) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    fn text(&self, name: &str) -> String {
        String::from_utf8(self.read(name)).unwrap()
    }

    pub(super) fn write(&self, name: &str, content: &[u8]) {
        fs::write(self.path(name), content).unwrap();
    }

    pub(super) fn edit(&self, name: &str, from: &str, to: &str) {
        let text = self.text(name);
        assert!(text.contains(from), "{name} has no {from}: {text}");
        self.write(name, text.replace(from, to).as_bytes());
    }

    pub(super) fn version(&self, name: &str, version: u8) {
        self.edit(
            name,
            "#EXT-X-VERSION:6",
            &format!("#EXT-X-VERSION:{version}"),
        );
    }

    pub(super) fn remove(&self, name: &str) {
        fs::remove_file(self.path(name)).unwrap();
    }

    pub(super) fn remove_lines(&self, name: &str, sign: &str) {
        let text = self.text(name);
        let left = text.lines().filter(|line| !line.contains(sign));
        let left: String = left.map(|line| format!("{line}\n")).collect();
        assert_ne!(left, text);
        self.write(name, left.as_bytes());
    }

    /// Takes a size away.
    pub(super) fn remove_variant(&self, name: &str) {
        let text = self.text("master.m3u8");
        let variant = text
            .split("#EXT-X-STREAM-INF")
            .find(|it| it.contains(&format!("\n{name}.m3u8")));
        let variant = format!(
            "#EXT-X-STREAM-INF{}.m3u8\n",
            variant.unwrap().split(".m3u8").next().unwrap()
        );
        self.edit("master.m3u8", &variant, "");
        self.remove_lines("master.m3u8", &format!("{name}_iframes"));
    }

    /// Has every value of that attribute be so many times what it is.
    pub(super) fn scale(&self, attribute: &str, factor: f64) {
        let text = self.text("master.m3u8");
        let mut changed = text.clone();
        for part in text.split([':', ',']) {
            let value = part
                .strip_prefix(attribute)
                .and_then(|it| it.strip_prefix('='));
            if let Some(value) = value {
                let value = value.split('\n').next().unwrap();
                let scaled = value.parse::<f64>().unwrap() * factor;
                for before in [':', ','] {
                    changed = changed.replace(
                        &format!("{before}{attribute}={value}"),
                        &format!("{before}{attribute}={scaled:.0}"),
                    );
                }
            }
        }
        assert_ne!(changed, text);
        self.write("master.m3u8", changed.as_bytes());
    }

    /// Takes the last segment out of the playlist.
    pub(super) fn cut_last(&self, name: &str) {
        let text = self.text(name);
        let end = text.rfind("#EXTINF").unwrap();
        self.write(name, format!("{}#EXT-X-ENDLIST\n", &text[..end]).as_bytes());
    }

    /// Adds a box that means nothing.
    pub(super) fn pad(&self, name: &str, bytes: u32) {
        let mut content = self.read(name);
        content.extend(bytes.to_be_bytes());
        content.extend(b"free");
        content.resize(content.len() + bytes as usize - 8, 0);
        self.write(name, &content);
    }

    pub(super) fn truncate(&self, name: &str) {
        let content = self.read(name);
        self.write(name, &content[..content.len() - 1]);
    }

    /// Makes the first picture one that needs another: type 1 instead of 5.
    pub(super) fn spoil_idr(&self, name: &str) {
        let mut content = self.read(name);
        let moof = find(&content, 0..content.len(), &[b"moof"]).unwrap();
        let mut unit = moof.start + trun(&content, moof).data_offset as usize;
        while content[unit + 4] & 0x1f != 5 {
            unit += 4 + number(&content, unit) as usize;
        }
        content[unit + 4] = content[unit + 4] & 0xe0 | 1;
        self.write(name, &content);
    }

    /// Has the first fragment begin so many ticks later.
    pub(super) fn shift(&self, name: &str, ticks: u32) {
        let mut content = self.read(name);
        let place = find(&content, 0..content.len(), &[b"moof", b"traf", b"tfdt"]).unwrap();
        let at = place.end - 4;
        let later = number(&content, at) + ticks;
        content[at..at + 4].copy_from_slice(&later.to_be_bytes());
        self.write(name, &content);
    }

    /// Denies in the flags that the second fragment of the first segment begins with a key frame.
    pub(super) fn few_key_frames(&self) {
        let mut content = self.read("big_0.m4s");
        let moofs = moofs(&content);
        let trun = find(
            &content,
            moofs[1]..content.len(),
            &[b"moof", b"traf", b"trun"],
        )
        .unwrap();
        let at = trun.start;
        assert_eq!(
            number(&content, at + 8) & 4,
            4,
            "ffmpeg gives the first flags"
        );
        content[at + 20] |= 1;
        content[at + 21] |= 1;
        self.write("big_0.m4s", &content);
    }

    /// Moves where each range begins, and changes how long it is.
    pub(super) fn move_ranges(&self, name: &str, by: i64, longer: i64) {
        let text = self.text(name);
        let moved = text.lines().map(|line| {
            let Some(range) = line.strip_prefix("#EXT-X-BYTERANGE:") else {
                return format!("{line}\n");
            };
            let (length, start) = range.split_once('@').unwrap();
            let (length, start): (i64, i64) = (length.parse().unwrap(), start.parse().unwrap());
            format!("#EXT-X-BYTERANGE:{}@{}\n", length + longer, start + by)
        });
        self.write(name, moved.collect::<String>().as_bytes());
    }

    /// Becomes one file of picture and two tracks of sound with six channels, as ffmpeg muxes them.
    pub(super) fn become_muxed(&self) {
        let file = self.path("muxed.mp4");
        let audio = "sine=frequency=300:sample_rate=48000:duration=14";
        ffmpeg(&[
            "-f",
            "lavfi",
            "-i",
            "testsrc2=size=320x180:rate=25:duration=14",
            "-f",
            "lavfi",
            "-i",
            audio,
            "-map",
            "0:v",
            "-map",
            "1:a",
            "-map",
            "1:a",
            "-c:v",
            "libx264",
            "-preset",
            "ultrafast",
            "-pix_fmt",
            "yuv420p",
            "-g",
            "50",
            "-sc_threshold",
            "0",
            "-b:v",
            "200k",
            "-maxrate",
            "200k",
            "-bufsize",
            "200k",
            "-c:a",
            "aac",
            "-b:a",
            "96k",
            "-ac",
            "6",
            "-movflags",
            "+frag_keyframe+delay_moov+default_base_moof",
            file.to_str().unwrap(),
        ]);
        self.cut(&file, "muxed", 3);
        let (peak, average) = self.rates(&["muxed"]);
        self.playlist("muxed", 6);
        let iframes = self.iframes("muxed");
        let init = self.read("muxed_init.mp4");
        let codec = avc(&init);
        self.write("master.m3u8", format!(
            "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-INDEPENDENT-SEGMENTS\n\
             #EXT-X-STREAM-INF:BANDWIDTH={peak},AVERAGE-BANDWIDTH={average},CODECS=\"{codec},mp4a.40.2\",RESOLUTION=320x180,FRAME-RATE=25\n\
             muxed.m3u8\n\
             #EXT-X-I-FRAME-STREAM-INF:BANDWIDTH={iframes},CODECS=\"{codec}\",RESOLUTION=320x180,URI=\"muxed_iframes.m3u8\"\n"
        ).as_bytes());
    }

    /// Cuts an mp4 of fragments into an init section and segments of so many fragments.
    fn cut(&self, file: &Path, name: &str, fragments: usize) {
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
    fn rates(&self, names: &[&str]) -> (u64, u64) {
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

    fn playlist(&self, name: &str, version: u8) {
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
    fn iframes(&self, name: &str) -> u64 {
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

fn moofs(content: &[u8]) -> Vec<usize> {
    let all = boxes(content, 0..content.len()).into_iter();
    all.filter(|(kind, _)| kind == b"moof")
        .map(|(_, place)| place.start)
        .collect()
}

/// The name of the codec, by the three bytes after `avcC` and its version.
fn avc(init: &[u8]) -> String {
    let at = init.windows(4).position(|it| it == b"avcC").unwrap() + 5;
    let [profile, constraints, level] = init[at..at + 3].try_into().unwrap();
    format!("avc1.{profile:02x}{constraints:02x}{level:02x}")
}

fn ffmpeg(arguments: &[&str]) {
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

fn make() -> Film {
    let film = Film(tempfile::tempdir().unwrap());
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
