//! 14 seconds in two sizes with sound apart, in segments of 6, 6 and 2 s, a key frame every 2 s.

use std::{fs, path::PathBuf, sync::OnceLock};

use tempfile::TempDir;

use super::{
    boxes::{find, number, trun},
    make::{avc, ffmpeg, make, moofs},
};

pub(super) const BIG: &str = "big.m3u8";
pub(super) const SMALL: &str = "small.m3u8";

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

    pub(super) fn empty() -> Self {
        Self(tempfile::tempdir().unwrap())
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
        let parts = text.split([':', ',']);
        let mut changed = text.clone();
        for part in parts {
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
        self.mux("14", &["-map", "1:a", "-ac", "6"]);
    }

    /// Becomes one file of a picture of 14 s and of sound, as ffmpeg muxes them.
    pub(super) fn mux(&self, seconds_of_sound: &str, more: &[&str]) {
        let file = self.path("muxed.mp4");
        let audio = format!("sine=frequency=300:sample_rate=48000:duration={seconds_of_sound}");
        let mut words = vec![
            "-f",
            "lavfi",
            "-i",
            "testsrc2=size=320x180:rate=25:duration=14",
            "-f",
            "lavfi",
            "-i",
            &audio,
            "-map",
            "0:v",
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
            "-movflags",
            "+frag_keyframe+delay_moov+default_base_moof",
        ];
        words.extend(more);
        words.push(file.to_str().unwrap());
        ffmpeg(&words);
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
}
