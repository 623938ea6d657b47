//! What has gone through a stream of fragments, track by track: how many samples, from when to when,
//! and whether time stood still or ran back between them.

use mp4_atom::{Moof, Moov, Traf, Trak};

/// Seconds between two sounds that are a hole and no block of samples.
const HOLE_SECONDS: f64 = 0.4;

/// A picture that lasts less was given a time for want of one: 1 ms is 1000 pictures a second.
const INSTANT_SECONDS: f64 = 0.000_5;

/// All tracks of one stream.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    tracks: Vec<Counted>,
}

#[derive(Clone, Debug)]
struct Counted {
    id: u32,
    ticks_per_second: f64,
    default_ticks: u32,
    span: Span,
}

/// One track.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Span {
    /// Whether it is a picture.
    pub(crate) is_picture: bool,
    /// Samples.
    pub(crate) samples: u64,
    /// When the first begins, in seconds.
    pub(crate) start: f64,
    /// When the last ends, in seconds.
    pub(crate) end: f64,
    /// Seconds of all samples together.
    pub(crate) seconds: f64,
    /// Where a sound has a hole.
    pub(crate) hole: Option<f64>,
    /// Samples that last no time.
    pub(crate) instants: u64,
}

impl Tally {
    /// Of the tracks that `moov` describes.
    pub(crate) fn new(moov: &Moov) -> Self {
        let counted = |trak: &Trak| {
            let id = trak.tkhd.track_id;
            let trex = moov.mvex.iter().flat_map(|mvex| &mvex.trex);
            let mut trex = trex.filter(|trex| trex.track_id == id);
            let codecs = &trak.mdia.minf.stbl.stsd.codecs;
            Counted {
                id,
                ticks_per_second: f64::from(trak.mdia.mdhd.timescale.max(1)),
                default_ticks: trex.next().map_or(0, |trex| trex.default_sample_duration),
                span: Span {
                    is_picture: codecs.iter().any(|codec| codec.visual().is_some()),
                    ..Span::default()
                },
            }
        };
        Self {
            tracks: moov.trak.iter().map(counted).collect(),
        }
    }

    /// Takes in one fragment.
    pub(crate) fn add(&mut self, moof: &Moof) {
        for traf in &moof.traf {
            let id = traf.tfhd.track_id;
            if let Some(track) = self.tracks.iter_mut().find(|track| track.id == id) {
                track.add(traf);
            }
        }
    }

    /// The picture.
    pub(crate) fn picture(&self) -> Option<Span> {
        let mut spans = self.spans().filter(|span| span.is_picture);
        spans.next()
    }

    /// The sound.
    pub(crate) fn sound(&self) -> Option<Span> {
        let mut spans = self.spans().filter(|span| !span.is_picture);
        spans.next()
    }

    fn spans(&self) -> impl Iterator<Item = Span> {
        self.tracks.iter().map(|track| track.span)
    }
}

impl Counted {
    fn add(&mut self, traf: &Traf) {
        let default = traf.tfhd.default_sample_duration;
        let default = default.unwrap_or(self.default_ticks);
        let begins = traf.tfdt.as_ref().map(|tfdt| tfdt.base_media_decode_time);
        let span = &mut self.span;
        let mut now = begins.map_or(span.end, |ticks| ticks as f64 / self.ticks_per_second);
        if span.samples == 0 {
            span.start = now;
        }
        for sample in traf.trun.iter().flat_map(|trun| trun.samples.iter()) {
            let lasts = f64::from(sample.duration.unwrap_or(default)) / self.ticks_per_second;
            if !span.is_picture && lasts > HOLE_SECONDS && span.hole.is_none() {
                span.hole = Some(now);
            }
            span.instants += u64::from(lasts < INSTANT_SECONDS);
            span.samples += 1;
            span.seconds += lasts;
            now += lasts;
        }
        span.end = now;
    }
}
