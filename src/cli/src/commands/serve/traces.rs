//! Where traces go, if anywhere.

use crate::exit::{Failure, Kind};
use reelgate_host::{Log, Metrics, Traces, TracesError, TracesSettings};
use rustls::ClientConfig;
use std::sync::Arc;

/// What the command line's `endpoint` and the environment say; `None` where there are to be no traces.
pub(super) fn settings(endpoint: Option<&str>) -> Result<Option<TracesSettings>, Failure> {
    let lookup = |name: &str| std::env::var(name).ok();
    TracesSettings::from_lookup(endpoint, &lookup).map_err(failure)
}

/// Begins to send them; without settings, nothing.
pub(super) fn start(
    settings: Option<&TracesSettings>,
    client_tls: &Arc<ClientConfig>,
    log: &Log,
    metrics: &Metrics,
) -> Result<Traces, Failure> {
    let Some(settings) = settings else {
        return Ok(Traces::default());
    };
    let traces = Traces::start(settings, client_tls, log, metrics).map_err(failure)?;
    log.info(&format!("traces are sent to {}", settings.collector()));
    Ok(traces)
}

fn failure(error: TracesError) -> Failure {
    Failure::new(Kind::Configuration, error)
        .with_help("set OTEL_SDK_DISABLED=true to go without traces")
}
