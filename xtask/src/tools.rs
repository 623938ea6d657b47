//! Tools that are not ours: found on the machine, or installed where that is allowed.

pub(crate) mod apt;
pub(crate) mod cargo_install;
pub(crate) mod npm;
pub(crate) mod pip;
pub(crate) mod rustup;
