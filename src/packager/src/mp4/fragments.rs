//! A fragmented mp4 as it comes out of ffmpeg, told apart into its init section and its fragments
//! (ISO/IEC 14496-12 §8.8). Bytes in, pieces out; nothing is copied.

use std::{io::Cursor, ops::Range};

use bytes::{Bytes, BytesMut};
use mp4_atom::{Atom as _, Codec, Decode, FourCC, Header, Moof, Moov, Traf, Trak};

use crate::{
    Error,
    mp4::access_unit::{Described, Look},
    mp4::cutter::Timebase,
    mp4::edits::{self, Delay},
    mp4::sync,
    mp4::tally::Tally,
    plan::refit::Unfit,
};

/// Largest box that is taken into memory. A film that has no key frame for so long must be encoded.
const MAX_BOX_BYTES: usize = 1024 * 1024 * 1024;

/// Longest header of a box: size, kind, large size.
const HEADER_BYTES: usize = 16;

/// The box of the media itself.
const MDAT: FourCC = FourCC::new(b"mdat");

/// What a player needs before the first fragment, or one fragment.
#[derive(Debug)]
pub(crate) enum Piece {
    /// The boxes up to and with `moov`.
    Init(Bytes),
    /// `moof` and `mdat`, and what stands before them.
    Fragment(Fragment),
}

/// What ffmpeg writes from one key frame to the next.
#[derive(Clone, Debug)]
pub(crate) struct Fragment {
    /// Its boxes.
    pub(crate) content: Bytes,
    /// How long its picture lasts, or its sound where there is no picture.
    pub(crate) seconds: f64,
    /// Frames of its picture.
    pub(crate) frames: u64,
    /// The bytes of its key frame and of what stands before it; `None` where there is no picture.
    pub(crate) key_frame: Option<Range<usize>>,
    /// What its first picture is; `None` where there is none of H.264.
    pub(crate) look: Option<Look>,
}

impl Fragment {
    /// Whether it belongs to what stands before it: its first picture is no IDR.
    pub(crate) fn is_joined(&self) -> bool {
        self.look.is_some_and(|look| !look.is_idr)
    }
}

/// Takes bytes as they come and gives pieces as they are complete.
#[derive(Default)]
pub(crate) struct Splitter {
    input: BytesMut,
    /// How much of `input` is complete boxes of the next piece.
    complete: usize,
    /// What the `moof` among them says.
    timing: Option<Timing>,
    track: Option<Track>,
    described: Option<Described>,
    delays: Vec<Delay>,
    tally: Tally,
    /// Whether a fragment has gone through.
    has_begun: bool,
}

/// How the track that is counted counts time.
#[derive(Clone, Copy)]
struct Track {
    id: u32,
    is_picture: bool,
    ticks_per_second: u32,
    default_ticks: u32,
    default_bytes: u32,
}

/// What a `moof` says of the track.
#[derive(Clone)]
struct Timing {
    seconds: f64,
    frames: u64,
    key_frame: Option<Range<usize>>,
    /// Where the first picture itself begins.
    picture_at: usize,
    /// Where the `moof` lies.
    moof: Range<usize>,
}

impl Splitter {
    /// The buffer to read into.
    pub(crate) fn input(&mut self) -> &mut BytesMut {
        &mut self.input
    }

    /// The next complete piece; `None` until more bytes have come.
    ///
    /// # Errors
    /// [`Error::Output`] when the bytes are no fragmented mp4 with a picture.
    pub(crate) fn next(&mut self) -> Result<Option<Piece>, Error> {
        while let Some((kind, end)) = self.next_box()? {
            let atom = self.complete..end;
            self.complete = end;
            if kind == Moov::KIND {
                let moov: Moov = read(&self.input[atom.clone()])?;
                self.track = Some(track(&moov)?);
                self.described = described(&moov);
                self.tally = Tally::new(&moov);
                self.delays = edits::take_out(&mut self.input[atom]);
                return Ok(Some(Piece::Init(self.take())));
            }
            if kind == Moof::KIND {
                self.timing = Some(self.timing(atom)?);
            }
            if kind == MDAT {
                let timing = self.timing.take();
                let timing = timing.ok_or_else(|| bad("has media without a moof"))?;
                if timing.key_frame.as_ref().is_some_and(|key| key.end > end) {
                    return Err(bad("has a key frame beyond its media"));
                }
                let look = self.look(&timing);
                self.mark(look, &timing);
                return Ok(Some(Piece::Fragment(Fragment {
                    look,
                    content: self.take(),
                    seconds: timing.seconds,
                    frames: timing.frames,
                    key_frame: timing.key_frame,
                })));
            }
        }
        Ok(None)
    }

    /// What has gone through so far.
    pub(crate) fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Nobody starts at a picture that needs others; but the film has to begin somewhere.
    fn mark(&mut self, look: Option<Look>, timing: &Timing) {
        let is_first = !std::mem::replace(&mut self.has_begun, true);
        let needs_others = look.is_some_and(|look| !look.is_idr);
        if let Some(track) = self.track.filter(|_| needs_others && !is_first) {
            sync::not_a_start(&mut self.input[timing.moof.clone()], track.id);
            let picture = timing
                .key_frame
                .as_ref()
                .map(|key| timing.picture_at..key.end);
            if let (Some(described), Some(place)) = (&self.described, picture)
                && let Some(picture) = self.input.get_mut(place)
            {
                described.hide_recovery_point(picture);
            }
        }
    }

    /// The track that is counted, once the init section has come.
    pub(crate) fn timebase(&self) -> Option<Timebase> {
        self.track.map(|track| Timebase {
            track: track.id,
            ticks_per_second: track.ticks_per_second,
        })
    }

    /// Looks at the first picture, which is all there.
    fn look(&self, timing: &Timing) -> Option<Look> {
        let place = timing.picture_at..timing.key_frame.as_ref()?.end;
        let picture = self.input.get(place)?;
        Some(self.described.as_ref()?.look(picture))
    }

    /// Checks that the bytes have ended where a piece ends.
    ///
    /// # Errors
    /// [`Error::Output`] when they have not, or when there were none.
    pub(crate) fn finish(&self) -> Result<(), Error> {
        match (self.track, self.input.len()) {
            (None, _) => Err(bad("has no moov")),
            (_, 0) => Ok(()),
            _ => Err(bad("ends in the middle of a fragment")),
        }
    }

    /// Kind and end of the box at `complete`, if all of it is there; else makes room for it.
    fn next_box(&mut self) -> Result<Option<(FourCC, usize)>, Error> {
        let rest = &self.input[self.complete..];
        if rest.len() < HEADER_BYTES {
            return Ok(None);
        }
        let mut after = rest;
        let header = Header::decode(&mut after).map_err(|error| bad(&error.to_string()))?;
        let size = header.size.filter(|size| *size <= MAX_BOX_BYTES);
        // ffmpeg does not know how long a box is whose head it has sent already: it says 0.
        let size = size.ok_or(Error::Unfit(Unfit::LongFragment))?;
        let missing = size.saturating_sub(after.len());
        let end = self.complete + (rest.len() - after.len()) + size;
        if missing == 0 {
            return Ok(Some((header.kind, end)));
        }
        self.input.reserve(missing);
        Ok(None)
    }

    fn take(&mut self) -> Bytes {
        let complete = std::mem::take(&mut self.complete);
        self.input.split_to(complete).freeze()
    }

    /// What the `moof` that stands at `atom` says of the track, with late tracks set right.
    fn timing(&mut self, atom: Range<usize>) -> Result<Timing, Error> {
        let track = self
            .track
            .ok_or_else(|| bad("has a moof before its moov"))?;
        if !self.delays.is_empty() {
            edits::put_in(&mut self.input[atom.clone()], &self.delays);
        }
        let moof: Moof = read(&self.input[atom.clone()])?;
        self.tally.add(&moof);
        let (mut ticks, mut frames, mut key_frame, mut picture_at) = (0, 0, None, 0);
        for traf in moof
            .traf
            .iter()
            .filter(|traf| traf.tfhd.track_id == track.id)
        {
            if key_frame.is_none() && track.is_picture {
                let sample = first_sample(traf, atom.start, track)?;
                (picture_at, key_frame) = (sample.start, Some(atom.start..sample.end));
            }
            let default = traf
                .tfhd
                .default_sample_duration
                .unwrap_or(track.default_ticks);
            for sample in traf.trun.iter().flat_map(|trun| trun.samples.iter()) {
                ticks += u64::from(sample.duration.unwrap_or(default));
                frames += 1;
            }
        }
        Ok(Timing {
            seconds: ticks as f64 / f64::from(track.ticks_per_second),
            frames,
            key_frame,
            picture_at,
            moof: atom,
        })
    }
}

/// Where the first sample of `traf` lies, counted as the `moof` at `moof` is: ffmpeg is asked for
/// `default_base_moof`.
fn first_sample(traf: &Traf, moof: usize, track: Track) -> Result<Range<usize>, Error> {
    let run = traf.trun.first();
    let place = run.and_then(|run| Some((run.data_offset?, run.samples.get(0)?)));
    let (offset, sample) = place.ok_or_else(|| bad("has a fragment without a sample"))?;
    let bytes = sample.size.or(traf.tfhd.default_sample_size);
    let bytes = usize::try_from(bytes.unwrap_or(track.default_bytes));
    let end = usize::try_from(offset).ok().zip(bytes.ok());
    end.map(|(offset, bytes)| moof + offset..moof + offset + bytes)
        .ok_or_else(|| bad("has a sample before its fragment"))
}

/// The picture's track, or that of the sound where there is none.
fn track(moov: &Moov) -> Result<Track, Error> {
    let codecs = |trak: &Trak| trak.mdia.minf.stbl.stsd.codecs.clone();
    let is_picture = |trak: &&Trak| codecs(trak).iter().any(|codec| codec.visual().is_some());
    let picture = moov.trak.iter().find(is_picture);
    let trak = picture.or(moov.trak.first());
    let trak = trak.ok_or_else(|| bad("has no track"))?;
    let id = trak.tkhd.track_id;
    let trex = moov
        .mvex
        .iter()
        .flat_map(|mvex| &mvex.trex)
        .find(|trex| trex.track_id == id);
    Ok(Track {
        id,
        is_picture: picture.is_some(),
        ticks_per_second: trak.mdia.mdhd.timescale.max(1),
        default_ticks: trex.map_or(0, |trex| trex.default_sample_duration),
        default_bytes: trex.map_or(0, |trex| trex.default_sample_size),
    })
}

/// What is said of the pictures, where they are H.264.
fn described(moov: &Moov) -> Option<Described> {
    let codecs = moov.trak.iter();
    let mut codecs = codecs.flat_map(|trak| &trak.mdia.minf.stbl.stsd.codecs);
    codecs.find_map(|codec| match codec {
        Codec::Avc1(avc) => Some(Described::new(&avc.avcc)),
        _ => None,
    })
}

/// Reads one whole box.
fn read<T: Decode>(atom: &[u8]) -> Result<T, Error> {
    T::decode(&mut Cursor::new(atom)).map_err(|error| bad(&format!("cannot be read: {error}")))
}

fn bad(what: &str) -> Error {
    Error::Output(format!("the stream {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three fragments by ffmpeg 5.1.9: 64×36 pixels at 10 frames a second, a key frame every 2 s, 5 s in all.
    const FILM: &[u8] = include_bytes!("samples/fragmented.mp4");

    fn split(chunk: usize) -> (Vec<Bytes>, Vec<f64>) {
        let mut splitter = Splitter::default();
        let (mut contents, mut durations) = (Vec::new(), Vec::new());
        for bytes in FILM.chunks(chunk) {
            splitter.input().extend_from_slice(bytes);
            while let Some(piece) = splitter.next().unwrap() {
                match piece {
                    Piece::Init(init) => contents.push(init),
                    Piece::Fragment(Fragment {
                        content,
                        seconds,
                        frames,
                        key_frame,
                        look,
                    }) => {
                        // `ffprobe -show_frames`: each is an I picture, by x264 with closed groups.
                        assert!(look.is_some_and(|look| look.is_idr && !look.is_another));
                        assert_eq!(key_frame.unwrap().start, 0);
                        contents.push(content);
                        durations.push(seconds);
                        assert_eq!(frames as f64, 10.0 * seconds);
                    }
                }
            }
        }
        splitter.finish().unwrap();
        (contents, durations)
    }

    #[test]
    fn pieces_are_the_whole_stream_however_it_is_read() {
        for chunk in [1, 7, 1000, FILM.len()] {
            let (contents, durations) = split(chunk);
            assert_eq!(contents.concat(), FILM, "{chunk}");
            assert_eq!(contents.len(), 4);
            // As `ffprobe -show_entries packet=duration_time` adds them up.
            assert_eq!(durations, [2.0, 2.0, 1.0]);
        }
    }

    #[test]
    fn a_stream_that_breaks_off_is_not_finished() {
        let mut splitter = Splitter::default();
        assert!(splitter.finish().is_err());
        splitter.input().extend_from_slice(&FILM[..FILM.len() - 1]);
        while splitter.next().unwrap().is_some() {}
        assert!(splitter.finish().is_err());
    }

    #[test]
    fn garbage_is_no_stream() {
        let mut splitter = Splitter::default();
        splitter.input().extend_from_slice(&[0; 64]);
        assert!(splitter.next().is_err());
    }
}
