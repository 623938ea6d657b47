//! What `bench` and `soak` stand on: a bucket, a fake Stream, a host, and a client for it.
//!
//! All of it listens on the loopback address, on ports that the operating system gives.

#[cfg(target_os = "linux")]
pub(crate) mod affinity;
pub(crate) mod bucket;
pub(crate) mod client;
pub(crate) mod collector;
pub(crate) mod columns;
pub(crate) mod fixture;
pub(crate) mod h2load;
pub(crate) mod host;
pub(crate) mod open_files;
pub(crate) mod process_stat;
pub(crate) mod relay;
pub(crate) mod report;
pub(crate) mod server;
pub(crate) mod session;
pub(crate) mod sink;
pub(crate) mod spread;
pub(crate) mod stream;
pub(crate) mod wrk;
