//! What comes in: the film, where it lies, and what ffprobe says about it.

pub(crate) mod chapters;
pub(crate) mod container;
pub(crate) mod probe;
pub(crate) mod scratch;
pub(crate) mod source;
