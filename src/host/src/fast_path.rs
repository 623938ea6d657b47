//! The short way of a film's request: the gate decides in one call, and the host does the rest itself.

mod cached;
pub(crate) mod forward;
pub(crate) mod gate;
pub(crate) mod native_origin;
pub(crate) mod x_cache;
