//! Changes to single bytes of boxes and pictures.

use super::{
    boxes::{find, number},
    film::Film,
};

/// How x264 begins the message with its name and settings, which nobody needs: type 5 and its
/// identifier (ITU-T H.264 §D.1.7).
const X264: [u8; 4] = [0xdc, 0x45, 0xe9, 0xbd];

impl Film {
    /// Has the edit list of the first track begin so many ticks later.
    pub(super) fn edit_from(&self, init: &str, ticks: u32) {
        let mut content = self.read(init);
        let path: [&[u8]; 4] = [b"moov", b"trak", b"edts", b"elst"];
        let list = find(&content, 0..content.len(), &path).unwrap();
        // ISO/IEC 14496-12 §8.6.6: header, version, count, duration, then the time.
        let at = list.start + 20;
        assert_eq!(
            number(&content, list.start + 12),
            1,
            "ffmpeg makes one edit"
        );
        let later = number(&content, at) + ticks;
        content[at..at + 4].copy_from_slice(&later.to_be_bytes());
        self.write(init, &content);
    }

    /// Has the sound of one channel list its channels itself: configuration 0 instead of 1, in the
    /// AudioSpecificConfig of 48,000 Hz (ISO/IEC 14496-3 §1.6.2.1).
    pub(super) fn list_channels(&self, init: &str) {
        let mut content = self.read(init);
        let at = content
            .windows(2)
            .position(|it| it == [0x11, 0x88])
            .unwrap();
        content[at + 1] = 0x80;
        self.write(init, &content);
    }

    /// Names a box otherwise, so that nobody knows it.
    pub(super) fn forget_box(&self, init: &str, name: &[u8]) {
        let mut content = self.read(init);
        let at = content.windows(4).position(|it| it == name).unwrap();
        content[at..at + 4].copy_from_slice(b"free");
        self.write(init, &content);
    }

    /// Writes captions where x264 writes its name: two letters of CEA-608 in the first field.
    pub(super) fn caption(&self, segment: &str, letters: [u8; 2]) {
        let mut content = self.read(segment);
        let uuid = content.windows(4).position(|it| it == X264).unwrap();
        // The size has a byte of 255 for as often as it needs one.
        let kind = content[..uuid]
            .windows(2)
            .rposition(|it| it == [6, 5])
            .unwrap()
            + 1;
        content[kind] = 4;
        let mut message = vec![
            0xb5, 0x00, 0x31, b'G', b'A', b'9', b'4', 3, 0x41, 0xff, 0xfc,
        ];
        message.extend(letters);
        content[uuid..uuid + message.len()].copy_from_slice(&message);
        self.write(segment, &content);
    }

    /// Leaves every second I-frame of a segment out of the list, as is right where there are more
    /// than anybody winds through; the rate is told anew.
    pub(super) fn thin_iframes(&self, name: &str) {
        let text = String::from_utf8(self.read(name)).unwrap();
        let entries: Vec<&str> = text.split("#EXTINF:2,\n").collect();
        let mut thin = entries[0].replace("TARGETDURATION:2", "TARGETDURATION:4");
        let mut rates: Vec<f64> = Vec::new();
        for (number, entry) in entries[1..].iter().enumerate() {
            if number % 3 == 1 {
                continue;
            }
            let seconds = if number % 3 == 0 && number != 6 { 4 } else { 2 };
            let bytes = entry.split([':', '@']).nth(1).unwrap();
            rates.push(bytes.parse::<f64>().unwrap() * 8.0 / f64::from(seconds));
            thin.push_str(&format!("#EXTINF:{seconds},\n{entry}"));
        }
        self.write(name, thin.as_bytes());
        let peak = rates.into_iter().fold(0.0, f64::max);
        let master = String::from_utf8(self.read("master.m3u8")).unwrap();
        let lines = master.lines().map(|line| match line.contains(name) {
            true => {
                let (head, rest) = line.split_once("BANDWIDTH=").unwrap();
                let (_, rest) = rest.split_once(',').unwrap();
                format!("{head}BANDWIDTH={peak:.0},{rest}\n")
            }
            false => format!("{line}\n"),
        });
        self.write("master.m3u8", lines.collect::<String>().as_bytes());
    }

    /// Adds English subtitles in segments as long as those of the picture.
    pub(super) fn add_subtitles(&self) {
        let mut list = "#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXT-X-PLAYLIST-TYPE:VOD\n".to_owned();
        for (number, (seconds, cue)) in [(6, 1), (6, 7), (2, 13)].into_iter().enumerate() {
            list.push_str(&format!("#EXTINF:{seconds},\nsubtitles_{number}.vtt\n"));
            let text = format!(
                "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000\n\n\
                 00:{cue:02}.000 --> 00:{cue:02}.900\nNumber {number}\n"
            );
            self.write(&format!("subtitles_{number}.vtt"), text.as_bytes());
        }
        self.write(
            "subtitles.m3u8",
            format!("{list}#EXT-X-ENDLIST\n").as_bytes(),
        );
        self.edit(
            "master.m3u8",
            "#EXT-X-STREAM-INF:",
            "#EXT-X-STREAM-INF:SUBTITLES=\"words\",",
        );
        self.edit("master.m3u8", ",mp4a.40.2", ",mp4a.40.2,wvtt");
        self.edit(
            "master.m3u8",
            "#EXT-X-MEDIA:TYPE=AUDIO",
            "#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"words\",NAME=\"English\",LANGUAGE=\"en\",\
             AUTOSELECT=YES,URI=\"subtitles.m3u8\"\n#EXT-X-MEDIA:TYPE=AUDIO",
        );
    }
}
