//! The pictures in a fragment, one by one, and when each is shown (ISO/IEC 14496-12 §8.8).

use std::{io::Cursor, ops::Range};

use mp4_atom::{
    Atom as _, Codec, Decode, DecodeMaybe as _, FourCC, Header, Moof, Moov, Traf, Trak,
};

/// How NAL units are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    /// One byte of header.
    H264,
    /// Two.
    Hevc,
}

/// How a track counts time.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Clock {
    track: u32,
    ticks_per_second: u32,
    /// When, by the clock of the media, the track's presentation begins.
    edited: i64,
}

/// How the pictures of a film lie in its fragments.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Pictures {
    track: u32,
    family: Family,
    /// Bytes of the length before each NAL unit.
    length_bytes: usize,
    default_bytes: u32,
    default_ticks: u32,
    /// Of the picture's track and of all others.
    clocks: Vec<Clock>,
}

/// One picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sample {
    /// In the track's ticks.
    pub(crate) shown_at: i64,
    place: Range<usize>,
    length_bytes: usize,
}

/// The pictures of one fragment.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Fragment {
    /// When the first of them is shown, or a sound beside it is heard, in seconds.
    pub(crate) begins_at: f64,
    /// In the order of decoding.
    pub(crate) samples: Vec<Sample>,
}

impl Pictures {
    /// Reads an init section; `None` where it holds no H.264 and no HEVC.
    pub(crate) fn read(init: &[u8]) -> Option<Self> {
        let moov: Moov = first(init, Moov::KIND)?;
        let (trak, family, length_bytes) = moov.trak.iter().find_map(picture)?;
        let track = trak.tkhd.track_id;
        let extends = moov.mvex.iter().flat_map(|mvex| &mvex.trex);
        let trex = extends.clone().find(|trex| trex.track_id == track);
        Some(Self {
            track,
            family,
            length_bytes,
            default_bytes: trex.map_or(0, |trex| trex.default_sample_size),
            default_ticks: trex.map_or(0, |trex| trex.default_sample_duration),
            clocks: moov.trak.iter().map(clock).collect(),
        })
    }

    /// H.264 or HEVC.
    pub(crate) fn family(&self) -> Family {
        self.family
    }

    /// The pictures of a fragment; `None` where it has none.
    pub(crate) fn fragment(&self, content: &[u8]) -> Option<Fragment> {
        let (at, moof) = moof(content)?;
        let mut samples = Vec::new();
        for traf in moof.traf.iter().filter(|it| it.tfhd.track_id == self.track) {
            self.run(traf, at, &mut samples);
        }
        samples.retain(|sample| sample.place.end <= content.len());
        let (first, clock) = (
            samples.iter().map(|it| it.shown_at).min()?,
            self.clock(self.track)?,
        );
        let others = moof.traf.iter().filter(|it| it.tfhd.track_id != self.track);
        let others = others.filter_map(|traf| {
            let clock = self.clock(traf.tfhd.track_id)?;
            Some(clock.seconds(begins(traf) - clock.edited))
        });
        Some(Fragment {
            begins_at: others.fold(clock.seconds(first), f64::min),
            samples,
        })
    }

    fn clock(&self, track: u32) -> Option<&Clock> {
        self.clocks.iter().find(|clock| clock.track == track)
    }

    fn run(&self, traf: &Traf, moof: usize, samples: &mut Vec<Sample>) {
        let mut decoded_at = begins(traf);
        let edited = self.clock(self.track).map_or(0, |clock| clock.edited);
        let bytes = traf.tfhd.default_sample_size.unwrap_or(self.default_bytes);
        let ticks = traf
            .tfhd
            .default_sample_duration
            .unwrap_or(self.default_ticks);
        let mut next = moof;
        for trun in &traf.trun {
            // ffmpeg is asked for `default_base_moof`.
            if let Some(offset) = trun.data_offset.and_then(|it| usize::try_from(it).ok()) {
                next = moof + offset;
            }
            for entry in trun.samples.iter() {
                let end = next + entry.size.unwrap_or(bytes) as usize;
                samples.push(Sample {
                    shown_at: decoded_at + entry.cts.unwrap_or_default() - edited,
                    place: next..end,
                    length_bytes: self.length_bytes,
                });
                next = end;
                decoded_at += i64::from(entry.duration.unwrap_or(ticks));
            }
        }
    }
}

impl Sample {
    /// Its NAL units, out of the whole fragment.
    pub(crate) fn nal_units<'a>(&self, fragment: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        let mut rest = fragment.get(self.place.clone()).unwrap_or_default();
        let length_bytes = self.length_bytes;
        std::iter::from_fn(move || {
            let (length, after) = rest.split_at_checked(length_bytes)?;
            let length = length
                .iter()
                .fold(0, |sum, byte| sum << 8 | usize::from(*byte));
            let (unit, after) = after.split_at_checked(length)?;
            rest = after;
            Some(unit)
        })
    }
}

impl Clock {
    fn seconds(&self, ticks: i64) -> f64 {
        ticks as f64 / f64::from(self.ticks_per_second)
    }
}

fn clock(trak: &Trak) -> Clock {
    let lists = trak.edts.iter().flat_map(|edts| &edts.elst);
    let mut entries = lists.flat_map(|list| &list.entries);
    let edited = entries.find_map(|entry| entry.media_time);
    Clock {
        track: trak.tkhd.track_id,
        ticks_per_second: trak.mdia.mdhd.timescale.max(1),
        edited: edited
            .and_then(|at| i64::try_from(at).ok())
            .unwrap_or_default(),
    }
}

/// When the first sample of a run is decoded, in the track's ticks.
fn begins(traf: &Traf) -> i64 {
    let begin = traf
        .tfdt
        .as_ref()
        .map_or(0, |tfdt| tfdt.base_media_decode_time);
    i64::try_from(begin).unwrap_or_default()
}

fn picture(trak: &Trak) -> Option<(&Trak, Family, usize)> {
    let codecs = &trak.mdia.minf.stbl.stsd.codecs;
    let (family, length_bytes) = codecs.iter().find_map(|codec| match codec {
        Codec::Avc1(avc) => Some((Family::H264, avc.avcc.length_size)),
        Codec::Avc3(avc) => Some((Family::H264, avc.avcc.length_size)),
        Codec::Hvc1(hevc) => Some((Family::Hevc, hevc.hvcc.length_size_minus_one + 1)),
        Codec::Hev1(hevc) => Some((Family::Hevc, hevc.hvcc.length_size_minus_one + 1)),
        _ => None,
    })?;
    Some((trak, family, usize::from(length_bytes)))
}

/// The `moof` of a fragment, and where it begins.
fn moof(content: &[u8]) -> Option<(usize, Moof)> {
    let at = find(content, Moof::KIND)?;
    let moof = Moof::decode(&mut Cursor::new(content.get(at..)?)).ok()?;
    Some((at, moof))
}

fn first<T: Decode>(content: &[u8], kind: FourCC) -> Option<T> {
    let at = find(content, kind)?;
    T::decode(&mut Cursor::new(content.get(at..)?)).ok()
}

/// Where the first box of this kind begins.
fn find(content: &[u8], kind: FourCC) -> Option<usize> {
    let mut at = 0;
    loop {
        let mut rest = Cursor::new(content.get(at..)?);
        let header = Header::decode_maybe(&mut rest).ok()??;
        if header.kind == kind {
            return Some(at);
        }
        at += usize::try_from(rest.position()).ok()? + header.size?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pictures_of_a_film_are_found_with_their_times() {
        // As `ffprobe -show_packets` tells of it: 50 pictures, 10 a second, from 0.
        let film = include_bytes!("samples/fragmented.mp4");
        let pictures = Pictures::read(film).unwrap();
        assert_eq!(pictures.family(), Family::H264);
        let at = find(film, Moof::KIND).unwrap();
        let fragment = pictures.fragment(&film[at..]).unwrap();
        assert_eq!((fragment.begins_at, fragment.samples.len()), (0.0, 20));
        let first = fragment.samples[0].nal_units(&film[at..]);
        let types: Vec<u8> = first.map(|unit| unit[0] & 0x1f).collect();
        // A picture that a decoder can begin with.
        assert!(types.contains(&5), "{types:?}");
    }
}
