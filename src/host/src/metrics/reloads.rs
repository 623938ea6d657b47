//! What is counted of configuration that is read again.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// What was read again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reloaded {
    /// Manifests, components and variables.
    Application,
    /// The certificate and its key.
    Certificate,
}

impl Reloaded {
    fn as_str(self) -> &'static str {
        match self {
            Self::Application => "application",
            Self::Certificate => "certificate",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct What {
    what: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Attempt {
    what: &'static str,
    outcome: &'static str,
}

/// Counters of reloads.
#[derive(Clone, Debug, Default)]
pub struct ReloadMetrics {
    attempts: Family<Attempt, Counter>,
    successful: Family<What, Gauge>,
}

impl ReloadMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        registry.register(
            "reloads",
            "How often configuration was read again",
            metrics.attempts.clone(),
        );
        registry.register(
            "reload_last_successful",
            "Whether what was last read again is in force: 0 where the old is kept, for the new cannot be used",
            metrics.successful.clone(),
        );
        metrics
    }

    /// `what` was read again: it `is_good`, or the old stays in force.
    pub fn count(&self, what: Reloaded, is_good: bool) {
        let what = what.as_str();
        let outcome = if is_good { "success" } else { "failure" };
        self.attempts
            .get_or_create(&Attempt { what, outcome })
            .inc();
        self.successful
            .get_or_create(&What { what })
            .set(is_good.into());
    }
}
