//! A media file as it streams by: where its fragments lie, what they say of time, and how each
//! begins. Of the media itself only the beginnings of pictures are kept, so a file of any size needs
//! little memory.

use std::{collections::VecDeque, io::Cursor, ops::Range};

use mp4_atom::{Atom as _, Decode as _, FourCC, Header, Moof, Traf};

use super::{
    fragment::{File, Format, Fragment, Run},
    init::{Init, Kind, Track},
};

/// Largest `moof` or `moov` that is read.
const MAX_BOX_BYTES: u64 = 32 * 1024 * 1024;

/// How much of a picture is kept to find its first slice behind parameter sets and messages.
const KEPT_BYTES: u64 = 64 * 1024;

/// As much for one that is not the first of its fragment: of these, captions are looked for.
const KEPT_OF_OTHERS: u64 = 4 * 1024;

/// ISO/IEC 14496-12 §8.8.3.1: `sample_is_non_sync_sample`.
const NON_SYNC: u32 = 0x0001_0000;

const MDAT: FourCC = FourCC::new(b"mdat");

/// A picture's beginning that is waited for.
struct Awaited {
    range: Range<u64>,
    run: usize,
    is_first: bool,
    seen: Vec<u8>,
}

enum State {
    /// Collects a header of so many bytes.
    Header(u64),
    /// Collects a box of so many bytes, its header included.
    Box(u64),
    /// Passes over so many.
    Skip(u64),
}

/// Reads a media file as its bytes come.
pub(super) struct Scanner {
    init: Init,
    /// The place of the next byte in the file.
    position: u64,
    /// Where the box begins that is being read.
    box_start: u64,
    state: State,
    collected: Vec<u8>,
    /// In the order of their places, all of the last fragment.
    awaited: VecDeque<Awaited>,
    /// Whether a header was read.
    has_boxes: bool,
    file: File,
}

impl Scanner {
    /// For a file whose first byte is number `position` of its object.
    pub(super) fn new(init: Init, position: u64) -> Self {
        Self {
            init,
            position,
            box_start: position,
            state: State::Header(8),
            collected: Vec::new(),
            awaited: VecDeque::new(),
            has_boxes: false,
            file: File::default(),
        }
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// What is wrong with the file, as a clause.
    pub(super) fn push(&mut self, mut bytes: &[u8]) -> Result<(), String> {
        self.file.bytes += bytes.len() as u64;
        while !bytes.is_empty() {
            let wanted = match self.state {
                State::Header(size) | State::Box(size) => size - self.collected.len() as u64,
                State::Skip(left) => left,
            };
            let taken = usize::try_from(wanted)
                .unwrap_or(usize::MAX)
                .min(bytes.len());
            let (now, rest) = bytes.split_at(taken);
            bytes = rest;
            match &mut self.state {
                State::Header(_) | State::Box(_) => self.collected.extend_from_slice(now),
                State::Skip(left) => {
                    *left -= taken as u64;
                    self.look(now);
                }
            }
            self.position += taken as u64;
            self.step()?;
        }
        Ok(())
    }

    /// What the file held.
    pub(super) fn finish(mut self) -> File {
        self.file.is_whole = self.file.format != Format::Fragments
            || self.collected.is_empty() && matches!(self.state, State::Header(8));
        self.settle_before(u64::MAX);
        self.file
    }

    /// Goes on when what was waited for is there.
    fn step(&mut self) -> Result<(), String> {
        let so_far = self.collected.len() as u64;
        match self.state {
            State::Skip(0) => self.next_box(),
            State::Header(size) if so_far == size => return self.header(),
            State::Box(size) if so_far == size => return self.whole_box(),
            _ => {}
        }
        Ok(())
    }

    fn next_box(&mut self) {
        self.collected.clear();
        self.box_start = self.position;
        self.state = State::Header(8);
    }

    fn header(&mut self) -> Result<(), String> {
        // ISO/IEC 14496-12 §4.2: a size of 1 says that the real one follows.
        if self.collected.len() == 8 && self.collected.starts_with(&[0, 0, 0, 1]) {
            self.state = State::Header(16);
            return Ok(());
        }
        if !self.has_boxes {
            self.file.format = Format::of(&self.collected);
            self.has_boxes = true;
        }
        if self.file.format != Format::Fragments {
            self.state = State::Skip(u64::MAX);
            return Ok(());
        }
        let header = Header::decode(&mut Cursor::new(&self.collected))
            .map_err(|error| format!("has a box that cannot be read: {error}"))?;
        let Some(size) = header.size else {
            // To the end of the file.
            self.state = State::Skip(u64::MAX);
            return Ok(());
        };
        let size = size as u64;
        if header.kind == Moof::KIND || header.kind == Init::MOOV {
            let whole = size + self.collected.len() as u64;
            if whole > MAX_BOX_BYTES || size == 0 {
                return Err(format!("has a {} of {size} bytes", header.kind));
            }
            self.state = State::Box(whole);
            return Ok(());
        }
        if header.kind == MDAT && self.file.fragments.is_empty() {
            return Err("has media before its first moof".to_owned());
        }
        match size {
            0 => self.next_box(),
            size => self.state = State::Skip(size),
        }
        Ok(())
    }

    fn whole_box(&mut self) -> Result<(), String> {
        let bytes = std::mem::take(&mut self.collected);
        if bytes.get(4..8) == Some(b"moov") {
            self.init = Init::read_moov(&bytes)?;
        } else {
            let moof = Moof::decode(&mut Cursor::new(&bytes));
            let moof = moof.map_err(|error| format!("has a moof that cannot be read: {error}"))?;
            self.fragment(&moof);
        }
        self.next_box();
        Ok(())
    }

    fn fragment(&mut self, moof: &Moof) {
        let start = self.box_start;
        // What the fragment before it holds has gone by.
        self.settle_before(u64::MAX);
        let runs: Vec<Run> = moof.traf.iter().map(|traf| self.run(traf, start)).collect();
        let mut awaited: Vec<Awaited> = Vec::new();
        for (number, traf) in moof.traf.iter().enumerate() {
            let track = self.init.track(traf.tfhd.track_id);
            if track.is_some_and(|track| track.units.is_some()) {
                awaited.extend(self.pictures(traf, start, number));
            }
        }
        awaited.sort_by_key(|it| it.range.start);
        self.awaited = awaited.into();
        self.file.fragments.push(Fragment { start, runs });
    }

    /// The beginnings of all samples of a run of pictures.
    fn pictures(&self, traf: &Traf, moof_start: u64, run: usize) -> Vec<Awaited> {
        let of_track = self.init.track(traf.tfhd.track_id);
        let default_size = traf.tfhd.default_sample_size;
        let default_size =
            default_size.unwrap_or_else(|| of_track.map_or(0, |track| track.default_size));
        let base = traf.tfhd.base_data_offset.unwrap_or(moof_start);
        let mut at = base;
        let mut awaited = Vec::new();
        for trun in &traf.trun {
            if let Some(offset) = trun.data_offset {
                at = base.saturating_add_signed(i64::from(offset));
            }
            for sample in trun.samples.iter() {
                let is_first = awaited.is_empty();
                let size = u64::from(sample.size.unwrap_or(default_size));
                let kept = if is_first { KEPT_BYTES } else { KEPT_OF_OTHERS };
                awaited.push(Awaited {
                    range: at..at.saturating_add(size.min(kept)),
                    run,
                    is_first,
                    seen: Vec::new(),
                });
                at = at.saturating_add(size);
            }
        }
        awaited
    }

    /// Judges the beginnings that lie before `position`: nothing will be added to them.
    fn settle_before(&mut self, position: u64) {
        while let Some(awaited) = self.awaited.pop_front_if(|it| it.range.end <= position) {
            let fragment = self.file.fragments.last_mut();
            let Some(run) = fragment.and_then(|it| it.runs.get_mut(awaited.run)) else {
                continue;
            };
            let units = self.init.track(run.track).and_then(|track| track.units);
            let Some(beginning) = units.map(|units| units.begin(&awaited.seen)) else {
                continue;
            };
            run.has_captions |= beginning.has_captions;
            if awaited.is_first {
                run.picture = beginning.picture;
            }
        }
    }

    /// ISO/IEC 14496-12 §8.8.7 and §8.8.8: a field that a run lacks is the fragment's, else the
    /// track's.
    fn run(&self, traf: &Traf, moof_start: u64) -> Run {
        let tfhd = &traf.tfhd;
        let track = self.init.track(tfhd.track_id);
        let inherited = |own: Option<u32>, of_track: fn(&Track) -> u32| {
            own.unwrap_or_else(|| track.map_or(0, of_track))
        };
        let default_duration =
            inherited(tfhd.default_sample_duration, |track| track.default_duration);
        let default_size = inherited(tfhd.default_sample_size, |track| track.default_size);
        let default_flags = inherited(tfhd.default_sample_flags, |track| track.default_flags);
        let (mut duration, mut samples, mut sync) = (0_u64, 0_u64, Vec::new());
        let mut first_size = 0;
        let (mut earliest, mut leading, mut first_shown) = (i64::MAX, 0, 0);
        for sample in traf.trun.iter().flat_map(|trun| trun.samples.iter()) {
            if samples == 0 {
                first_size = sample.size.unwrap_or(default_size);
            }
            let shown = duration.cast_signed() + sample.cts.unwrap_or_default();
            if samples == 0 {
                first_shown = shown;
            }
            leading += u64::from(shown < first_shown);
            earliest = earliest.min(shown);
            if sample.flags.unwrap_or(default_flags) & NON_SYNC == 0 {
                sync.push(duration);
            }
            duration += u64::from(sample.duration.unwrap_or(default_duration));
            samples += 1;
        }
        let base = tfhd.base_data_offset.unwrap_or(moof_start);
        let offset = traf.trun.first().and_then(|trun| trun.data_offset);
        let first = base.saturating_add_signed(i64::from(offset.unwrap_or_default()));
        let is_video = track.is_some_and(|track| track.kind == Kind::Video);
        Run {
            track: tfhd.track_id,
            decode_time: traf.tfdt.as_ref().map(|tfdt| tfdt.base_media_decode_time),
            duration,
            samples,
            first: first..first + u64::from(first_size),
            // Every frame of sound is one: that would be a long list that says nothing.
            sync: if is_video { sync } else { Vec::new() },
            earliest: if samples == 0 { 0 } else { earliest },
            leading,
            picture: None,
            has_captions: false,
        }
    }

    /// Keeps what belongs to the beginning of a picture.
    fn look(&mut self, bytes: &[u8]) {
        let now = self.position..self.position + bytes.len() as u64;
        for awaited in &mut self.awaited {
            if awaited.range.start >= now.end {
                break;
            }
            let from = awaited.range.start.max(now.start);
            let to = awaited.range.end.min(now.end);
            if from < to {
                let from = (from - now.start) as usize;
                let to = (to - now.start) as usize;
                awaited.seen.extend_from_slice(&bytes[from..to]);
            }
        }
        self.settle_before(now.end);
    }
}
