//! Fragmented mp4 (ISO/IEC 14496-12): taken apart, cut into segments, and named for players.

pub(crate) mod access_unit;
pub(crate) mod boxes;
pub(crate) mod codecs;
pub(crate) mod cutter;
pub(crate) mod edits;
pub(crate) mod fragments;
pub(crate) mod pictures;
pub(crate) mod recovery;
pub(crate) mod stills;
pub(crate) mod stretch;
pub(crate) mod sync;
pub(crate) mod tally;
