//! Runs an application's `spin.toml` on wasmtime: the host of laptops, tests and self-hosting.
//!
//! Read [`manifest`] for what it obeys, `app` for how components become ready, `http::server` and
//! `http::service` for the way of a request, `runtime` for all that a component may touch.

#![forbid(unsafe_code)]

mod app;
mod fast_path;
mod http;
mod keyvalue;
mod log;
mod metrics;
mod runtime;
mod surroundings;
mod traces;

pub use crate::app::error::AppError;
pub use crate::app::options::{LoadOptions, Origin};
pub use crate::app::schedule::Scheduler;
pub use crate::app::{App, manifest, variables};
pub use crate::http::connection::timeouts::Timeouts;
pub use crate::http::server::{Server, ServerOptions};
pub use crate::http::tls::acme::{Acme, AcmeError, AcmeOptions, Contact, Directory, Domain};
pub use crate::http::tls::certificate::Certificate;
pub use crate::http::tls::source::CertificateSource;
pub use crate::http::tls::{TlsError, client_tls};
pub use crate::keyvalue::{Address, ConfigError, OpenError, Place, RuntimeConfig, Stores};
/// Looking after the file of a store that no host uses.
pub mod store_file {
    pub use crate::keyvalue::{CareError, Sound, backup, check, repair};
}
pub use crate::log::{Format, Log};
pub use crate::metrics::reloads::{ReloadMetrics, Reloaded};
pub use crate::metrics::{Metrics, MetricsListener};
pub use crate::runtime::allowed_hosts::AllowedHosts;
pub use crate::runtime::engine::Runtime;
pub use crate::surroundings::Surroundings;
pub use crate::traces::{Traces, TracesError, TracesSettings};
pub use reelgate_cache as cache;
