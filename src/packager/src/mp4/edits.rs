//! Edit lists that begin with silence (ISO/IEC 14496-12 §8.6.6).
//!
//! A track that begins later than the film does so by an empty edit, and browsers do not heed one:
//! sound and picture part by as much. The decode times of the fragments say the same to all players.
//! So an empty edit is taken out of the init section and added to them, byte for byte in place.

use std::ops::Range;

use mp4_atom::FourCC;

use crate::mp4::boxes::{child, children, number, time, time_bytes, timescale};

const EDTS: FourCC = FourCC::new(b"edts");
const ELST: FourCC = FourCC::new(b"elst");
const FREE: [u8; 4] = *b"free";
const MDHD: FourCC = FourCC::new(b"mdhd");
const MDIA: FourCC = FourCC::new(b"mdia");
const MOOF: FourCC = FourCC::new(b"moof");
const MOOV: FourCC = FourCC::new(b"moov");
const MVHD: FourCC = FourCC::new(b"mvhd");
const TFDT: FourCC = FourCC::new(b"tfdt");
const TFHD: FourCC = FourCC::new(b"tfhd");
const TKHD: FourCC = FourCC::new(b"tkhd");
const TRAF: FourCC = FourCC::new(b"traf");
const TRAK: FourCC = FourCC::new(b"trak");

/// How much later than the film a track begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Delay {
    track: u32,
    /// In the track's own time.
    ticks: u64,
}

/// Takes the empty edits out of `moov`, one whole box; gives what is to be added to the fragments.
/// What cannot be read is left as it is.
pub(crate) fn take_out(moov: &mut [u8]) -> Vec<Delay> {
    let whole = 0..moov.len();
    let Some(body) = child(moov, whole, MOOV) else {
        return Vec::new();
    };
    let movie = child(moov, body.clone(), MVHD).and_then(|mvhd| timescale(moov, mvhd));
    let Some(movie) = movie.filter(|ticks| *ticks > 0) else {
        return Vec::new();
    };
    let tracks = children(moov, body).filter(|(kind, _)| *kind == TRAK);
    let tracks: Vec<Range<usize>> = tracks.map(|(_, body)| body).collect();
    let delays = tracks
        .into_iter()
        .filter_map(|trak| straighten(moov, trak, movie));
    delays.collect()
}

/// Adds the delays to the decode times in `moof`, one whole box.
pub(crate) fn put_in(moof: &mut [u8], delays: &[Delay]) {
    let whole = 0..moof.len();
    let Some(body) = child(moof, whole, MOOF) else {
        return;
    };
    let runs = children(moof, body).filter(|(kind, _)| *kind == TRAF);
    let runs: Vec<Range<usize>> = runs.map(|(_, body)| body).collect();
    for run in runs {
        let track = child(moof, run.clone(), TFHD).and_then(|tfhd| number(moof, tfhd.start + 4));
        let delay = delays.iter().find(|delay| Some(delay.track) == track);
        if let (Some(delay), Some(tfdt)) = (delay, child(moof, run, TFDT)) {
            later(&mut moof[tfdt], delay.ticks);
        }
    }
}

/// Takes the empty edit of one track out.
fn straighten(moov: &mut [u8], trak: Range<usize>, movie: u32) -> Option<Delay> {
    let tkhd = child(moov, trak.clone(), TKHD)?;
    // Two times of 4 or 8 bytes stand before it.
    let track = number(moov, tkhd.start + 4 + 2 * time_bytes(moov, &tkhd)?)?;
    let mdia = child(moov, trak.clone(), MDIA)?;
    let mdhd = child(moov, mdia, MDHD)?;
    let own = timescale(moov, mdhd)?;
    let edts = child(moov, trak, EDTS)?;
    let elst = child(moov, edts, ELST)?;
    let wide = time_bytes(moov, &elst)?;
    let entry = 2 * wide + 4;
    let first = elst.start + 8;
    let is_empty = time(moov, first + wide, wide)? == u64::MAX >> (64 - 8 * wide);
    // Empty, then all the rest: other lists mean something else.
    if number(moov, elst.start + 4)? != 2 || !is_empty || elst.end != first + 2 * entry {
        return None;
    }
    let empty = time(moov, first, wide)?;
    moov.copy_within(first + entry..elst.end, first);
    moov[elst.start + 4..first].copy_from_slice(&1_u32.to_be_bytes());
    // The room of the entry becomes a box of its own, so that nothing moves.
    let size = u32::try_from(entry).ok()?;
    let freed = elst.end - entry;
    moov[freed..freed + 4].copy_from_slice(&size.to_be_bytes());
    moov[freed + 4..freed + 8].copy_from_slice(&FREE);
    let header = elst.start - 8;
    let elst_size = number(moov, header)? - size;
    moov[header..header + 4].copy_from_slice(&elst_size.to_be_bytes());
    let ticks = (empty * u64::from(own) + u64::from(movie) / 2) / u64::from(movie);
    Some(Delay { track, ticks })
}

/// Adds `ticks` to the time in the body of a `tfdt`.
fn later(tfdt: &mut [u8], ticks: u64) {
    let whole = 0..tfdt.len();
    let Some(wide) = time_bytes(tfdt, &whole) else {
        return;
    };
    let Some(now) = time(tfdt, 4, wide) else {
        return;
    };
    let then = now.saturating_add(ticks).to_be_bytes();
    tfdt[4..4 + wide].copy_from_slice(&then[8 - wide..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn garbage_is_left_alone() {
        let mut garbage = *b"\0\0\0\x10moov\0\0\0\x08trak\0\0";
        let before = garbage;
        assert_eq!(take_out(&mut garbage), []);
        put_in(&mut garbage, &[Delay { track: 1, ticks: 9 }]);
        assert_eq!(garbage, before);
    }
}
