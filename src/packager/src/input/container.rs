//! What the boxes of an MP4 or QuickTime film say that ffprobe does not: which parts of it are shown,
//! whether its samples change their form, whether they are encrypted, and whether the file ends before
//! its boxes do.

use std::{
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom},
    ops::Range,
    path::Path,
};

use mp4_atom::FourCC;
use tokio::task::spawn_blocking;

use crate::mp4::boxes::{child, children, number, time, time_bytes, timescale};

/// The largest `moov` that is read. That of a film of ten hours has some 20 MB.
const MOST_MOOV: u64 = 256 * 1024 * 1024;

/// Kinds that a file of boxes begins with.
const FIRST: [&[u8; 4]; 7] = [
    b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"styp",
];

/// Sample entries whose samples are encrypted (ISO/IEC 14496-12 §8.12), and those of Apple's own.
const ENCRYPTED: [&[u8; 4]; 5] = [b"encv", b"enca", b"encs", b"drmi", b"drms"];

/// Silence before the first sound that an encoder needs, and pictures that are shown in another order:
/// what an edit list may skip where nothing tells how much that is, in seconds.
const PRIMING_SECONDS: f64 = 0.25;

/// How much of the last sound may be silence that is not heard: two blocks of AAC-LC at 16 kHz.
const PADDING_SECONDS: f64 = 0.13;

/// The boxes of a film.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Container {
    /// Whether its samples come in fragments, so that it cannot know how long it is.
    pub(crate) is_fragmented: bool,
    /// Bytes that its boxes have and the file has not.
    pub(crate) missing: u64,
    /// Whether it says what is in it.
    pub(crate) has_index: bool,
    /// Its tracks.
    pub(crate) tracks: Vec<Track>,
}

/// One track.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Track {
    /// As the container numbers it.
    pub(crate) id: u32,
    /// Whether its edit list shows anything but all of it from some time on.
    pub(crate) is_edited: bool,
    /// In how many forms its samples come.
    pub(crate) forms: u32,
    /// Whether it is encrypted.
    pub(crate) is_encrypted: bool,
}

impl Container {
    /// Reads the boxes of `film`; `None` when there are none, or they cannot be read.
    pub(crate) async fn read(film: &Path) -> Option<Self> {
        let film = film.to_owned();
        let read = spawn_blocking(move || scan(&mut File::open(film)?)).await;
        read.ok()?.ok().flatten()
    }

    /// Whether all that is known of it is encrypted.
    pub(crate) fn is_encrypted(&self) -> bool {
        self.tracks.iter().any(|track| track.is_encrypted)
    }

    /// The track of this number.
    pub(crate) fn track(&self, id: u32) -> Option<&Track> {
        self.tracks.iter().find(|track| track.id == id)
    }
}

fn scan(file: &mut File) -> io::Result<Option<Container>> {
    let length = file.metadata()?.len();
    let (mut at, mut container) = (0, Container::default());
    while at + 8 <= length {
        let Some((kind, size)) = header(file, at, length)? else {
            break;
        };
        if at == 0 && !FIRST.contains(&&kind) {
            return Ok(None);
        }
        let end = at.saturating_add(size);
        // What follows the last box may be anything; of these something is missing.
        let matters = [b"mdat", b"moof", b"moov"].contains(&&kind);
        if end > length {
            container.missing = if matters { end - length } else { 0 };
            break;
        }
        if &kind == b"moov" && size <= MOST_MOOV {
            let mut moov = vec![0; size as usize];
            file.seek(SeekFrom::Start(at))?;
            file.read_exact(&mut moov)?;
            container.index(&moov);
        }
        at = end;
    }
    Ok((at > 0 || container.missing > 0).then_some(container))
}

/// Kind and size of the box at `at`; `None` where there is none.
fn header(file: &mut File, at: u64, length: u64) -> io::Result<Option<([u8; 4], u64)>> {
    let mut header = [0; 16];
    file.seek(SeekFrom::Start(at))?;
    let there = usize::try_from(length - at).unwrap_or(16).min(16);
    file.read_exact(&mut header[..there])?;
    let [a, b, c, d, kind @ .., _, _, _, _, _, _, _, _] = header;
    let size = match u32::from_be_bytes([a, b, c, d]) {
        // To the end of the file.
        0 => length - at,
        1 => time(&header, 8, 8).unwrap_or_default(),
        size => u64::from(size),
    };
    let is_kind = kind.iter().all(|byte| (0x20..0x7f).contains(byte));
    Ok((size >= 8 && is_kind).then_some((kind, size)))
}

impl Container {
    /// Takes in `moov`, one whole box.
    fn index(&mut self, moov: &[u8]) {
        let Some(body) = child(moov, 0..moov.len(), FourCC::new(b"moov")) else {
            return;
        };
        self.has_index = true;
        self.is_fragmented = child(moov, body.clone(), FourCC::new(b"mvex")).is_some();
        let movie = child(moov, body.clone(), FourCC::new(b"mvhd"));
        let movie = movie.and_then(|mvhd| timescale(moov, mvhd)).unwrap_or(1);
        let tracks = children(moov, body).filter(|(kind, _)| *kind == FourCC::new(b"trak"));
        self.tracks = tracks
            .filter_map(|(_, trak)| Boxes { moov, trak, movie }.track())
            .collect();
    }
}

/// The boxes of one track.
struct Boxes<'a> {
    moov: &'a [u8],
    trak: Range<usize>,
    /// Ticks a second of the film.
    movie: u32,
}

impl Boxes<'_> {
    fn track(&self) -> Option<Track> {
        let tkhd = self.inside(&[b"tkhd"])?;
        let id = number(
            self.moov,
            tkhd.start + 4 + 2 * time_bytes(self.moov, &tkhd)?,
        )?;
        let stsd = self.inside(&[b"mdia", b"minf", b"stbl", b"stsd"])?;
        let entries = children(self.moov, stsd.start + 8..stsd.end);
        let mut kinds = entries.map(|(kind, _)| kind);
        Some(Track {
            id,
            is_edited: self.is_edited().unwrap_or(false),
            forms: number(self.moov, stsd.start + 4)?,
            is_encrypted: kinds
                .any(|kind| ENCRYPTED.iter().any(|other| kind == FourCC::new(other))),
        })
    }

    /// The body of the box at the end of `path`.
    fn inside(&self, path: &[&[u8; 4]]) -> Option<Range<usize>> {
        let mut within = self.trak.clone();
        for kind in path {
            within = child(self.moov, within, FourCC::new(kind))?;
        }
        Some(within)
    }

    /// Whether the edit list is anything but the track from its first shown sample to its last, later
    /// or not (ISO/IEC 14496-12 §8.6.6); `None` without a list.
    fn is_edited(&self) -> Option<bool> {
        let edits = self.edits()?;
        // An empty edit at the beginning is only a later start.
        let shown = match edits.as_slice() {
            [(_, None, _), rest @ ..] => rest,
            all => all,
        };
        let &[(lasts, Some(from), rate)] = shown else {
            return Some(!shown.is_empty());
        };
        let mdhd = self.inside(&[b"mdia", b"mdhd"])?;
        let wide = time_bytes(self.moov, &mdhd)?;
        let own = f64::from(timescale(self.moov, mdhd.clone())?.max(1));
        let all = time(self.moov, mdhd.start + 4 + 2 * wide + 4, wide)? as f64 / own;
        let (from, lasts) = (
            from as f64 / own,
            lasts as f64 / f64::from(self.movie.max(1)),
        );
        let (most_skipped, most_cut) = self.allowances(own);
        let is_cut = lasts > 0.0 && all > 0.0 && all - from - lasts > most_cut;
        Some(rate != 1 << 16 || from > most_skipped || is_cut)
    }

    /// Seconds at the beginning and at the end that are not meant to be shown anyway.
    fn allowances(&self, own: f64) -> (f64, f64) {
        let is_sound = self.inside(&[b"mdia", b"minf", b"smhd"]).is_some();
        if is_sound {
            return (PRIMING_SECONDS, PADDING_SECONDS);
        }
        let tick = 1.5 / f64::from(self.movie.max(1)) + 1.5 / own;
        // The first is shown as much after it is decoded, and the last lasts so long.
        let first = self.table_entry(b"ctts", |_| 4);
        let last = self.table_entry(b"stts", |count| 8 * (count - 1) + 4);
        let Some(last) = last else {
            // Fragments say it, which nobody has read yet.
            return (PRIMING_SECONDS, f64::INFINITY);
        };
        // Of version 1 it may be below 0, and then the beginning is not skipped.
        let first = f64::from((first.unwrap_or_default() as i32).max(0)) / own;
        // Pictures that are shown later push the end back by as much as the beginning.
        (first + tick, f64::from(last) / own * 0.5 + tick - first)
    }

    /// A number of a table of samples, `at` so many bytes behind the count of its entries.
    fn table_entry(&self, kind: &[u8; 4], at: impl Fn(usize) -> usize) -> Option<u32> {
        let table = self.inside(&[b"mdia", b"minf", b"stbl", kind])?;
        let count = number(self.moov, table.start + 4)? as usize;
        let place = (count > 0).then(|| table.start + 8 + at(count))?;
        number(self.moov, place)
    }

    /// Of each edit how long it lasts, where it begins (`None` for nothing) and its rate.
    fn edits(&self) -> Option<Vec<(u64, Option<u64>, u32)>> {
        let elst = self.inside(&[b"edts", b"elst"])?;
        let wide = time_bytes(self.moov, &elst)?;
        let count = number(self.moov, elst.start + 4)? as usize;
        let nothing = u64::MAX >> (64 - 8 * wide);
        let edit = |place: usize| {
            let at = elst.start + 8 + place * (2 * wide + 4);
            let from = time(self.moov, at + wide, wide)?;
            let lasts = time(self.moov, at, wide)?;
            let rate = number(self.moov, at + 2 * wide)?;
            (at < elst.end).then_some((lasts, (from != nothing).then_some(from), rate))
        };
        (0..count.min(elst.len())).map(edit).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boxed(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
        let size = u32::try_from(content.len() + 8).unwrap().to_be_bytes();
        [&size[..], kind, content].concat()
    }

    /// The body of a box of numbers.
    fn numbers(all: &[u32]) -> Vec<u8> {
        all.iter().flat_map(|number| number.to_be_bytes()).collect()
    }

    /// A film of 10 s in 25 pictures a second, with these edits: how long, from where, at 1000 ticks.
    fn film(edits: &[(u32, u32)], entry: &[u8; 4]) -> Container {
        let list = edits
            .iter()
            .flat_map(|&(lasts, from)| [lasts, from, 1 << 16]);
        let list: Vec<u32> = [0, edits.len() as u32].into_iter().chain(list).collect();
        let stsd = [numbers(&[0, 1]), boxed(entry, &[0; 78])].concat();
        let stts = numbers(&[0, 1, 250, 40]);
        let tables = [boxed(b"stsd", &stsd), boxed(b"stts", &stts)].concat();
        let minf = boxed(b"minf", &boxed(b"stbl", &tables));
        let mdhd = boxed(b"mdhd", &numbers(&[0, 0, 0, 1000, 10_000, 0]));
        let trak = [
            boxed(b"tkhd", &numbers(&[0, 0, 0, 7])),
            boxed(b"edts", &boxed(b"elst", &numbers(&list))),
            boxed(b"mdia", &[mdhd, minf].concat()),
        ];
        let mvhd = boxed(b"mvhd", &numbers(&[0, 0, 0, 1000]));
        let moov = [mvhd, boxed(b"trak", &trak.concat())].concat();
        let mut container = Container::default();
        container.index(&boxed(b"moov", &moov));
        container
    }

    fn is_edited(edits: &[(u32, u32)]) -> bool {
        film(edits, b"avc1").track(7).unwrap().is_edited
    }

    #[test]
    fn a_later_start_is_no_edit_and_all_others_are() {
        let nothing = u32::MAX;
        assert!(!is_edited(&[(10_000, 0)]));
        assert!(!is_edited(&[(500, nothing), (10_000, 0)]));
        // Its beginning, its end, and a part in the middle are not shown.
        assert!(is_edited(&[(8_000, 2_000)]));
        assert!(is_edited(&[(9_000, 0)]));
        assert!(is_edited(&[(4_000, 0), (4_000, 6_000)]));
    }

    #[test]
    fn what_is_encrypted_says_so() {
        assert!(film(&[(10_000, 0)], b"encv").is_encrypted());
        assert!(!film(&[(10_000, 0)], b"avc1").is_encrypted());
    }
}
