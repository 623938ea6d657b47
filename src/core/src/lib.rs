//! The rules of reelgate, without a clock, a socket, a file or an environment.
//!
//! Everything here is sans-IO: a caller brings the request, the configuration, the time and the
//! randomness, and gets a decision back. The crate is `no_std`, so that the compiler refuses what a
//! rule must not touch.

#![no_std]

extern crate alloc;

pub mod clip;
pub mod config;
pub mod cookie;
pub mod cors;
mod endpoint;
pub mod gate;
pub mod hex;
pub mod http;
pub mod key;
pub mod origin;
pub mod playback;
mod query;
pub mod routes;
pub mod scope;
pub mod secret;
pub mod time;
pub mod token;
pub mod video;

#[cfg(test)]
mod vectors;
