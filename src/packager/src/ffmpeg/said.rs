//! What ffmpeg says while it works: its complaints, and how much it has read and decoded.

use std::collections::BTreeMap;

use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};

/// How it is made to say so. Each line then tells how grave it is.
pub(crate) const OPTIONS: [&str; 5] = [
    "-nostdin",
    "-hide_banner",
    "-nostats",
    "-loglevel",
    "level+verbose",
];

/// Complaints that are kept: the first say most, and a damaged film has thousands.
const KEPT_COMPLAINTS: usize = 100;

/// Bytes of a line that is read; a name in it may be long.
const LONGEST_LINE: usize = 4096;

/// All of one ffmpeg.
#[derive(Clone, Debug, Default)]
pub(crate) struct Said {
    /// Lines that tell of an error.
    complaints: Vec<String>,
    /// Whether it gave up, and what it had written was to be kept.
    pub(crate) has_failed: bool,
    /// Of each stream of the film, by its number.
    pub(crate) counts: BTreeMap<u32, Counts>,
    /// Of each stream, by its number, the packets that are corrupt or have others missing before them. An MPEG
    /// transport stream shows it by its continuity counter (ISO/IEC 13818-1, section 2.4.3.3).
    pub(crate) corrupt: BTreeMap<u32, u64>,
}

/// What ffmpeg has counted of one stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Packets read.
    pub(crate) packets: u64,
    /// Frames decoded; `None` for a stream that was copied.
    pub(crate) frames: Option<u64>,
}

impl Said {
    /// Reads to the end.
    pub(crate) async fn read(stderr: impl AsyncRead + Unpin) -> Self {
        let mut said = Self::default();
        let mut lines = BufReader::new(stderr).split(b'\n');
        // What was said before an error of the pipe is worth as much.
        while let Ok(Some(line)) = lines.next_segment().await {
            let end = line.len().min(LONGEST_LINE);
            said.take(&String::from_utf8_lossy(&line[..end]));
        }
        said
    }

    fn take(&mut self, line: &str) {
        let is_complaint = line.contains("[error]") || line.contains("[fatal]");
        if is_complaint && self.complaints.len() < KEPT_COMPLAINTS {
            self.complaints.push(without_level(line));
        }
        if let Some((stream, counts)) = counts(line) {
            self.counts.insert(stream, counts);
        }
        if let Some(stream) = corrupt(line) {
            *self.corrupt.entry(stream).or_default() += 1;
        }
    }

    /// Whether anything was amiss.
    pub(crate) fn has_complaints(&self) -> bool {
        !self.complaints.is_empty()
    }

    /// The last complaint.
    pub(crate) fn last_words(&self) -> &str {
        let last = self.complaints.last().map(|line| line.trim());
        last.filter(|line| !line.is_empty())
            .unwrap_or("it gives no reason")
    }

    /// The stream that it has no decoder for: `Decoder (codec none) not found for input stream #0:1`.
    pub(crate) fn undecodable(&self) -> Option<u32> {
        let mut complaints = self.complaints.iter();
        complaints.find_map(|line| {
            let named = line.contains("not found for input stream #")
                || line.contains("opening decoder for input stream #")
                || line.contains("no decoder found for");
            let (_, stream) = line.split_once("#0:").filter(|_| named)?;
            let digits = stream.find(|c: char| !c.is_ascii_digit());
            stream[..digits.unwrap_or(stream.len())].parse().ok()
        })
    }
}

fn without_level(line: &str) -> String {
    line.replace("[error] ", "").replace("[fatal] ", "")
}

/// `Input stream #0:0 (video): 325 packets read (1048940 bytes); 325 frames decoded;`
fn counts(line: &str) -> Option<(u32, Counts)> {
    let (_, rest) = line.split_once("Input stream #0:")?;
    let (stream, rest) = rest.split_once(' ')?;
    let (_, rest) = rest.split_once("): ")?;
    let mut parts = rest.split(';').map(str::trim);
    let packets = parts.next()?.split_once(" packets read")?.0;
    let frames = parts.find_map(|part| part.split_once(" frames decoded"));
    let counts = Counts {
        packets: packets.parse().ok()?,
        frames: frames.and_then(|(frames, _)| frames.parse().ok()),
    };
    Some((stream.parse().ok()?, counts))
}

/// `[warning] film.ts: corrupt input packet in stream 1`, once for each packet
fn corrupt(line: &str) -> Option<u32> {
    let (_, stream) = line.rsplit_once("corrupt input packet in stream ")?;
    stream.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ffmpeg_has_counted_is_read() {
        // ffmpeg 5.1.9 about two films.
        let said = "[verbose]   Input stream #0:0 (video): 48 packets read (57330 bytes); 24 frames decoded; \n\
                    [verbose]   Input stream #0:1 (audio): 49 packets read (16748 bytes); \n\
                    [verbose]   Output stream #0:0 (video): 24 frames encoded; 24 packets muxed (93513 bytes); \n";
        let mut read = Said::default();
        said.lines().for_each(|line| read.take(line));
        let counts = |packets, frames| Counts { packets, frames };
        let expected = [(0, counts(48, Some(24))), (1, counts(49, None))];
        assert_eq!(read.counts, BTreeMap::from(expected));
        assert_eq!(read.last_words(), "it gives no reason");
    }

    #[test]
    fn corrupt_packets_are_counted() {
        // ffmpeg 5.1.9 about a transport stream with a hole. The demuxer has a line for each packet too.
        let said = "[mpegts @ 0x55bec995b900] [warning] Packet corrupt (stream = 0, dts = 1387500).\n\
                    [warning] gap.ts: corrupt input packet in stream 0\n\
                    [mpegts @ 0x55bec995b900] [warning] Packet corrupt (stream = 1, dts = 1357404).\n\
                    [warning] gap.ts: corrupt input packet in stream 1\n\
                    [warning] gap.ts: corrupt input packet in stream 1\n";
        let mut read = Said::default();
        said.lines().for_each(|line| read.take(line));
        assert_eq!(read.corrupt, BTreeMap::from([(0, 1), (1, 2)]));
    }

    #[test]
    fn a_stream_without_a_decoder_is_named() {
        // ffmpeg 5.1.9.
        let mut said = Said::default();
        said.take("[error] Decoder (codec none) not found for input stream #0:12");
        assert_eq!(said.undecodable(), Some(12));
        let last = "Decoder (codec none) not found for input stream #0:12";
        assert_eq!(said.last_words(), last);
    }
}
