//! Bodies that pass through the host, and for how long each side may keep the other waiting.

pub(crate) mod answer;
pub(crate) mod logged;
pub(crate) mod request;
