//! What is kept of a media file: its fragments, and what each holds of each track.

use std::ops::Range;

use super::{init::Track, nal::Picture};

/// What one fragment holds of one track.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Run {
    /// The track's number.
    pub(super) track: u32,
    /// When it begins, in the track's ticks; `None` without a `tfdt`.
    pub(super) decode_time: Option<u64>,
    /// Ticks of all samples.
    pub(super) duration: u64,
    /// Samples.
    pub(super) samples: u64,
    /// Where the first sample lies in the file.
    pub(super) first: Range<u64>,
    /// Ticks from the beginning of the run to each sample that decoding can begin with.
    pub(super) sync: Vec<u64>,
    /// Ticks from the beginning of the run to the sample that is shown first.
    pub(super) earliest: i64,
    /// Samples that come after the first and are shown before it.
    pub(super) leading: u64,
    /// What the first sample is, where it could be seen.
    pub(super) picture: Option<Picture>,
    /// Whether there are captions in any of its samples.
    pub(super) has_captions: bool,
}

impl Run {
    /// Whether the first sample is an IDR picture, where it could be seen.
    pub(super) fn is_idr(&self) -> Option<bool> {
        self.picture.map(|picture| picture == Picture::Idr)
    }
}

/// One `moof` and what belongs to it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Fragment {
    /// Where its `moof` begins in the file.
    pub(super) start: u64,
    /// One for each track.
    pub(super) runs: Vec<Run>,
}

impl Fragment {
    /// What it holds of that track.
    pub(super) fn run(&self, track: &Track) -> Option<&Run> {
        self.runs.iter().find(|run| run.track == track.id)
    }
}

/// What kind of file it is, by how it begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Format {
    /// Fragmented MP4.
    #[default]
    Fragments,
    /// An MPEG-2 transport stream (rfc8216bis §3.1.1); nothing in it is read.
    TransportStream,
    /// Sound alone (rfc8216bis §3.1.3); nothing in it is read.
    PackedAudio,
}

impl Format {
    /// By its first bytes.
    pub(super) fn of(beginning: &[u8]) -> Self {
        match beginning {
            // ISO/IEC 13818-1 §2.4.3.2: sync_byte.
            [0x47, ..] => Self::TransportStream,
            [b'I', b'D', b'3', ..] => Self::PackedAudio,
            // ISO/IEC 13818-7 §6.2.1 and ISO/IEC 11172-3 §2.4.1.3: syncword.
            [0xff, second, ..] if second & 0xe0 == 0xe0 => Self::PackedAudio,
            _ => Self::Fragments,
        }
    }
}

/// A media file.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct File {
    /// What kind of file it is.
    pub(super) format: Format,
    /// Bytes.
    pub(super) bytes: u64,
    /// Its fragments.
    pub(super) fragments: Vec<Fragment>,
    /// Whether it ends where a box ends.
    pub(super) is_whole: bool,
}
