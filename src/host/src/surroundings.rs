//! What everything in a process has around it.

use crate::log::Log;
use crate::metrics::Metrics;
use crate::traces::Traces;
use std::sync::Arc;
use tokio::sync::watch;

/// What a server and a schedule have around them.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// How connections to other servers are secured.
    pub client_tls: Arc<rustls::ClientConfig>,
    /// Where log lines go.
    pub log: Log,
    /// What is counted.
    pub metrics: Metrics,
    /// Where spans go; nowhere unless that was asked for.
    pub traces: Traces,
    /// Becomes true when the process is to end.
    pub stop: watch::Receiver<bool>,
}
