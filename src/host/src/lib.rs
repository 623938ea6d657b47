//! Runs an application's `spin.toml` on wasmtime: the host of laptops, tests and self-hosting.
//!
//! Read [`manifest`] for what it obeys, `app` for how components become ready, `server`, `worker` and
//! `guests` for the way of a request, `guest` for all that a component may touch.

#![forbid(unsafe_code)]

mod allowed_hosts;
mod app;
mod bindings;
pub mod compose;
mod deadline;
mod engine;
mod gated;
mod gatekeeper;
mod guest;
mod guests;
mod keyvalue;
mod linker;
mod loader;
mod log;
pub mod manifest;
mod native_origin;
mod next;
mod outbound;
mod patience;
mod request_id;
mod route;
mod schedule;
mod server;
mod tls;
pub mod variables;
mod worker;

pub use allowed_hosts::AllowedHosts;
pub use app::{App, AppError, Origin, Setting};
pub use engine::engine;
pub use keyvalue::{Address, ConfigError, OpenError, Place, RuntimeConfig, Stores};
pub use log::{Format, Log};
pub use patience::Limits;
pub use schedule::Schedule;
pub use server::{Server, Settings};
pub use tls::{outbound_tls, server_tls};
