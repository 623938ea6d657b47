//! What the journeys share: the built host as a process, a bucket that misbehaves on command, a portal
//! that mints tokens, players.
//!
//! Nothing here depends on the product's crates but for its files: what it runs are the binary and the
//! components that `cargo xtask build` made, and what it knows of tokens and S3 comes from elsewhere. The
//! fake Stream is no part of the product's way either; it only knows what Cloudflare documents.

#![forbid(unsafe_code)]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking, and this crate is for tests alone"
)]

pub mod acme;
pub mod archive;
pub mod bucket;
pub mod built;
pub mod check;
pub mod client;
pub mod collector;
pub mod deadline;
pub mod encodes;
pub mod film;
pub mod host;
pub mod issuer;
pub mod journal;
pub mod keeper;
pub mod manifest;
pub mod metrics;
pub mod page;
pub mod portal;
pub mod process;
pub mod redis;
pub mod s3;
pub mod source;
pub mod spoiled;
pub mod studio;
pub mod terminator;
pub mod tls;
pub mod vectors;
pub mod viewer;
pub mod wasmtime_serve;
pub mod way;
pub mod world;
