//! What is counted of connections.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// Counters of a server's connections.
#[derive(Clone, Debug, Default)]
pub(crate) struct ConnectionMetrics {
    pub(crate) accepted: Counter,
    pub(crate) open: Gauge,
    pub(crate) limit: Gauge,
    /// Ended while they idled, for another wanted the place.
    pub(crate) displaced: Counter,
    /// Could not be accepted: no more files, say.
    pub(crate) refused: Counter,
    pub(crate) handshakes_failed: Counter,
    pub(crate) requests_in_flight: Gauge,
}

impl ConnectionMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        registry.register(
            "connections_accepted",
            "Connections that were accepted",
            metrics.accepted.clone(),
        );
        registry.register(
            "connections_open",
            "Connections that are open",
            metrics.open.clone(),
        );
        registry.register(
            "connections_limit",
            "Connections that may be open at once",
            metrics.limit.clone(),
        );
        registry.register(
            "connections_displaced",
            "Idle connections that were closed to make room for new ones",
            metrics.displaced.clone(),
        );
        registry.register(
            "connections_refused",
            "Connections that the operating system did not let in",
            metrics.refused.clone(),
        );
        registry.register(
            "tls_handshakes_failed",
            "Connections that ended before they spoke TLS",
            metrics.handshakes_failed.clone(),
        );
        registry.register(
            "requests_in_flight",
            "Requests whose answer is not over",
            metrics.requests_in_flight.clone(),
        );
        metrics
    }
}
