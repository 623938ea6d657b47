//! What is told of the certificate in force.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Source {
    source: &'static str,
}

/// The certificate's gauge; there is none while there is no certificate.
#[derive(Clone, Debug, Default)]
pub(crate) struct TlsMetrics {
    expiry: Family<Source, Gauge>,
}

impl TlsMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        registry.register_with_unit(
            "tls_certificate_expiry_timestamp",
            "When the certificate in force ends, since 1970",
            Unit::Seconds,
            metrics.expiry.clone(),
        );
        metrics
    }

    /// The certificate in force, which `source` gave, ends so many seconds after 1970.
    pub(crate) fn expires(&self, source: &'static str, seconds: i64) {
        self.expiry.get_or_create(&Source { source }).set(seconds);
    }
}
