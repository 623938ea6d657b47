//! The only crate that names WASI or Spin: configuration, clock, randomness, log, `next`, outgoing
//! requests and answers, in the words of [`reelgate_core`].

mod body;
mod bucket;
mod clock;
mod config;
#[doc(hidden)]
pub mod configuration;
mod fetch;
#[doc(hidden)]
pub mod gate;
mod incoming;
mod keyvalue;
mod log;
mod next;
mod random;
mod reply;
#[doc(hidden)]
pub mod schedule;
pub mod video;
mod wait;

pub use body::Body;
pub use bucket::BucketTransport;
pub use clock::now;
pub use config::{OncePerInstance, variable};
pub use configuration::Configuration;
pub use fetch::{call, fetch, fetch_keys, read_whole};
pub use gate::Gate;
pub use incoming::{Fields, Incoming};
pub use keyvalue::Store;
pub use log::{Level, log};
#[doc(hidden)]
pub use next::request_for_next;
pub use random::random;
pub use reply::{forward, head_of, reply};
pub use schedule::{Reconciler, Scheduled};
pub use wait::pause;

pub use reelgate_core as core;
pub use wasip3::http::types::{ErrorCode, Request, Response};

#[allow(
    unsafe_code,
    missing_docs,
    clippy::all,
    reason = "generated: foreign calls need it"
)]
mod bindings {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "configured",
        generate_all,
    });
}

/// Exports a type's `handle` as `wasi:http/handler`.
///
/// The type implements `wasip3::exports::http::handler::Guest`.
#[macro_export]
macro_rules! export_handler {
    ($type:ident) => {
        wasip3::http::service::export!($type);
    };
}
