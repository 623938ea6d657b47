//! A media playlist, cut to the segments that overlap a range.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use super::{
    Clip, Seconds,
    lines::{is_playlist, lines, number, tag, with_uri},
    master::start_tag,
};

const SEQUENCE: &str = "#EXT-X-MEDIA-SEQUENCE";
const DISCONTINUITIES: &str = "#EXT-X-DISCONTINUITY-SEQUENCE";

/// Tags about the whole playlist that hold for every part of it. The target duration stays: it is that of
/// the other renditions too (Apple's rule 8.2), and an upper bound for a part as for all.
const OF_ALL: [&str; 5] = [
    "#EXT-X-VERSION",
    "#EXT-X-TARGETDURATION",
    "#EXT-X-INDEPENDENT-SEGMENTS",
    "#EXT-X-I-FRAMES-ONLY",
    "#EXT-X-DEFINE",
];

/// Tags about one segment that stay as they are.
const OF_ONE: [&str; 3] = ["#EXTINF", "#EXT-X-PROGRAM-DATE-TIME", "#EXT-X-GAP"];

/// A playlist that was cut.
#[derive(Debug)]
pub(crate) struct Cut {
    pub(crate) text: String,
    /// How long after the first segment's beginning the range begins.
    pub(crate) offset: Seconds,
}

/// Why there is nothing to cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Uncut {
    /// It is no media playlist, or one with a line that makes no sense.
    NotMedia,
    /// The range begins where the playlist has ended.
    Beyond,
}

/// Cuts `text`. `folder` stands before every relative address, for the clip lies in the game's folder and
/// the playlist perhaps below it; it is empty or ends in a slash.
///
/// Numbers are kept: the first segment's is what it was, on which the keys of encrypted segments may
/// depend (RFC 8216 §5.2), and what ties renditions to each other stays the same in all.
pub(crate) fn cut(text: &str, clip: &Clip, folder: &str) -> Result<Cut, Uncut> {
    let media = Media::parse(text).ok_or(Uncut::NotMedia)?;
    let mut begin = Seconds::default();
    let mut kept: Option<(usize, Seconds)> = None;
    let mut end = 0;
    for (at, segment) in media.segments.iter().enumerate() {
        let next = begin + segment.duration;
        if begin < clip.end && next > clip.start {
            kept = kept.or(Some((at, begin)));
            end = at + 1;
        }
        begin = next;
    }
    let (first, begins) = kept.ok_or(Uncut::Beyond)?;
    let offset = clip.start - begins;
    Ok(Cut {
        text: media.write(first, end, offset, folder),
        offset,
    })
}

/// A playlist taken apart.
#[derive(Debug, Default)]
struct Media<'t> {
    of_all: Vec<&'t str>,
    sequence: u64,
    discontinuities: u64,
    /// What holds for segments until something else does: map, keys, bit rate.
    standing: Vec<Standing<'t>>,
    segments: Vec<Segment<'t>>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Standing<'t> {
    map: Option<&'t str>,
    keys: Vec<&'t str>,
    bitrate: Option<&'t str>,
}

#[derive(Debug)]
struct Segment<'t> {
    /// Its own tags, in their order.
    tags: Vec<&'t str>,
    duration: Seconds,
    /// Length and beginning.
    range: Option<(u64, u64)>,
    discontinuity: bool,
    /// Its place in [`Media::standing`].
    standing: usize,
    address: &'t str,
}

/// What has been read since the last segment.
#[derive(Default)]
struct Pending<'t> {
    tags: Vec<&'t str>,
    duration: Option<Seconds>,
    range: Option<&'t str>,
    discontinuity: bool,
    /// Keys may stand in a row, one for each system; a new row takes the place of the old one.
    has_key: bool,
}

impl<'t> Media<'t> {
    fn parse(text: &'t str) -> Option<Self> {
        if !is_playlist(text) {
            return None;
        }
        let mut media = Self::default();
        let mut standing = Standing::default();
        let mut pending = Pending::default();
        for line in lines(text) {
            if !line.starts_with('#') {
                media.push(line, &standing, core::mem::take(&mut pending))?;
            } else if !standing.read(line, &mut pending) {
                media.read(line, &mut pending)?;
            }
        }
        Some(media).filter(|media| !media.segments.is_empty())
    }

    fn read(&mut self, line: &'t str, pending: &mut Pending<'t>) -> Option<()> {
        let is = |name: &&str| tag(line, name).is_some();
        if let Some(value) = tag(line, "#EXTINF") {
            let duration = value.split(',').next().unwrap_or_default();
            pending.duration = Some(Seconds::parse(duration.trim())?);
        }
        if OF_ALL.iter().any(is) {
            self.of_all.push(line);
        } else if OF_ONE.iter().any(is) {
            pending.tags.push(line);
        } else if tag(line, "#EXT-X-DISCONTINUITY") == Some("") {
            pending.discontinuity = true;
        } else if let Some(range) = tag(line, "#EXT-X-BYTERANGE") {
            pending.range = Some(range);
        } else if is(&SEQUENCE) {
            self.sequence = number(line, SEQUENCE)?;
        } else if is(&DISCONTINUITIES) {
            self.discontinuities = number(line, DISCONTINUITIES)?;
        }
        // The rest is comment, or about a playlist that changes: a clip does not.
        Some(())
    }

    fn push(
        &mut self,
        address: &'t str,
        standing: &Standing<'t>,
        pending: Pending<'t>,
    ) -> Option<()> {
        if self.standing.last() != Some(standing) {
            self.standing.push(standing.clone());
        }
        let range = match pending.range {
            None => None,
            Some(range) => Some(self.range(range, address)?),
        };
        self.segments.push(Segment {
            tags: pending.tags,
            duration: pending.duration?,
            range,
            discontinuity: pending.discontinuity,
            standing: self.standing.len() - 1,
            address,
        });
        Some(())
    }

    /// `n[@o]`; without `o` it begins where the one before it ends (RFC 8216 §4.3.2.2).
    fn range(&self, range: &str, address: &str) -> Option<(u64, u64)> {
        let (length, begin) = match range.trim().split_once('@') {
            Some((length, begin)) => (length, begin.parse().ok()?),
            None => {
                let before = self.segments.last();
                let before = before.filter(|before| before.address == address)?;
                let (length, begin) = before.range?;
                (range.trim(), begin.checked_add(length)?)
            }
        };
        Some((length.parse().ok()?, begin))
    }

    fn write(&self, first: usize, end: usize, offset: Seconds, folder: &str) -> String {
        let before = self.segments[..=first].iter();
        let skipped = before.filter(|segment| segment.discontinuity).count();
        let mut lines: Vec<String> = alloc::vec!["#EXTM3U".to_string()];
        lines.extend(self.of_all.iter().map(ToString::to_string));
        lines.push("#EXT-X-PLAYLIST-TYPE:VOD".to_string());
        let sequence = self.sequence.saturating_add(first as u64);
        lines.push(format!("{SEQUENCE}:{sequence}"));
        let discontinuities = self.discontinuities.saturating_add(skipped as u64);
        if discontinuities > 0 {
            lines.push(format!("{DISCONTINUITIES}:{discontinuities}"));
        }
        lines.push(start_tag(offset));
        let mut standing: Option<&Standing<'_>> = None;
        for (at, segment) in self.segments[..end].iter().enumerate().skip(first) {
            // That the first one follows on nothing goes without saying.
            if segment.discontinuity && at > first {
                lines.push("#EXT-X-DISCONTINUITY".to_string());
            }
            let holds = &self.standing[segment.standing];
            holds.write(standing, folder, &mut lines);
            standing = Some(holds);
            lines.extend(segment.tags.iter().map(ToString::to_string));
            if let Some((length, begin)) = segment.range {
                lines.push(format!("#EXT-X-BYTERANGE:{length}@{begin}"));
            }
            lines.push(below(folder, segment.address));
        }
        lines.push("#EXT-X-ENDLIST\n".to_string());
        lines.join("\n")
    }
}

impl<'t> Standing<'t> {
    /// Takes a line that holds for more than one segment.
    fn read(&mut self, line: &'t str, pending: &mut Pending<'t>) -> bool {
        if tag(line, "#EXT-X-MAP").is_some() {
            self.map = Some(line);
        } else if tag(line, "#EXT-X-BITRATE").is_some() {
            self.bitrate = Some(line);
        } else if tag(line, "#EXT-X-KEY").is_some() {
            if !core::mem::replace(&mut pending.has_key, true) {
                self.keys.clear();
            }
            self.keys.push(line);
        } else {
            return false;
        }
        true
    }

    /// Writes what is not so already. Keys come first: a map may be encrypted by them (RFC 8216 §4.3.2.4).
    fn write(&self, before: Option<&Self>, folder: &str, lines: &mut Vec<String>) {
        let mut push = |line: &str| lines.push(with_uri(line, |address| below(folder, address)));
        if before.map(|before| &before.keys) != Some(&self.keys) {
            self.keys.iter().for_each(|line| push(line));
        }
        if let Some(map) = self
            .map
            .filter(|_| before.map(|before| before.map) != Some(self.map))
        {
            push(map);
        }
        let bitrate = self.bitrate;
        if let Some(line) = bitrate.filter(|_| before.map(|before| before.bitrate) != Some(bitrate))
        {
            push(line);
        }
    }
}

/// An address that was relative to a playlist in `folder`, relative to where that folder lies. One with a
/// scheme or an absolute path is the same everywhere.
fn below(folder: &str, address: &str) -> String {
    let scheme = address.split(['/', '?', '#']).next().unwrap_or_default();
    if address.starts_with('/') || scheme.contains(':') {
        return address.to_string();
    }
    format!("{folder}{address}")
}
