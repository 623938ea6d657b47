//! Captions: read from a film or from files, cut along the film, announced to players.

pub(crate) mod bad;
pub(crate) mod beside;
pub(crate) mod closed;
pub(crate) mod cue;
pub(crate) mod embedded;
pub(crate) mod encoding;
pub(crate) mod label;
pub(crate) mod markup;
mod remote;
pub(crate) mod rendition;
pub(crate) mod segments;
pub(crate) mod srt;
pub(crate) mod vtt;
