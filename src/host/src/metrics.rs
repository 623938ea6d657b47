//! What is counted, for Prometheus: in memory, and told to whoever asks at a listener of its own.
//!
//! Names and units are those of OpenMetrics. Each label has a value out of a set that the manifest and this
//! program know: nothing that a client chose is one. A request adds to counters that are looked up once, when
//! its route is made, so that it makes no text and takes no lock but that of a histogram, for a few nanoseconds.

mod cache;
pub(crate) mod component;
pub(crate) mod connections;
mod listener;
mod process;
pub(crate) mod reloads;
pub(crate) mod route;
pub(crate) mod tls;

pub use crate::metrics::listener::MetricsListener;

use crate::log::Log;
use crate::metrics::cache::CacheCollector;
use crate::metrics::component::{ComponentFamilies, ComponentMetrics};
use crate::metrics::connections::ConnectionMetrics;
use crate::metrics::process::ProcessCollector;
use crate::metrics::reloads::ReloadMetrics;
use crate::metrics::route::{RouteFamilies, RouteMetrics};
use crate::metrics::tls::TlsMetrics;
use prometheus_client::encoding::{EncodeLabelSet, prometheus_text, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;
use reelgate_cache::Cache;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// Everything that a process counts. A clone counts into the same.
#[derive(Clone)]
pub struct Metrics(Arc<Inner>);

struct Inner {
    registry: Registry,
    routes: Named<RouteMetrics>,
    route_families: RouteFamilies,
    components: Named<ComponentMetrics>,
    component_families: ComponentFamilies,
    connections: ConnectionMetrics,
    reloads: ReloadMetrics,
    tls: TlsMetrics,
    spans_lost: Counter,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Build {
    version: &'static str,
}

impl Metrics {
    /// Nothing counted yet but the lines that `log` loses and what `cache` has.
    #[must_use]
    pub fn new(log: &Log, cache: Option<&Cache>) -> Self {
        let mut registry = Registry::default();
        if let Some(cache) = cache {
            registry.register_collector(Box::new(CacheCollector(cache.clone())));
        }
        registry.register_collector(Box::new(ProcessCollector::new()));
        let own = registry.sub_registry_with_prefix("reelgate");
        let version = env!("CARGO_PKG_VERSION");
        own.register("build", "The program", Info::new(Build { version }));
        own.register(
            "log_lines_lost",
            "Lines of the log that were lost to a slow reader",
            log.lost(),
        );
        let spans_lost = Counter::default();
        own.register(
            "spans_lost",
            "Spans of traces that the collector did not take",
            spans_lost.clone(),
        );
        Self(Arc::new(Inner {
            routes: Named::default(),
            route_families: RouteFamilies::register(own),
            components: Named::default(),
            component_families: ComponentFamilies::register(own),
            connections: ConnectionMetrics::register(own),
            reloads: ReloadMetrics::register(own),
            tls: TlsMetrics::register(own),
            spans_lost,
            registry,
        }))
    }

    /// What is counted of the route with this pattern.
    pub(crate) fn route(&self, pattern: &str) -> Arc<RouteMetrics> {
        let make = || RouteMetrics::new(pattern, &self.0.route_families);
        self.0.routes.get(pattern, make)
    }

    /// What is counted of the component with this id.
    pub(crate) fn component(&self, id: &str) -> Arc<ComponentMetrics> {
        let make = || ComponentMetrics::new(id, &self.0.component_families);
        self.0.components.get(id, make)
    }

    /// What is counted of connections.
    pub(crate) fn connections(&self) -> &ConnectionMetrics {
        &self.0.connections
    }

    /// What is counted of configuration that was read again.
    #[must_use]
    pub fn reloads(&self) -> &ReloadMetrics {
        &self.0.reloads
    }

    /// What is told of the certificate in force.
    pub(crate) fn tls(&self) -> &TlsMetrics {
        &self.0.tls
    }

    /// What is counted of spans that nobody will see.
    pub(crate) fn spans_lost(&self) -> Counter {
        self.0.spans_lost.clone()
    }

    /// All of it, in the text that Prometheus had before OpenMetrics.
    fn encode_plain(&self) -> Result<String, fmt::Error> {
        let mut out = String::new();
        prometheus_text::encode(&mut out, &self.0.registry)?;
        Ok(out)
    }

    /// All of it, as OpenMetrics writes it.
    fn encode(&self) -> Result<String, fmt::Error> {
        let mut out = String::new();
        text::encode(&mut out, &self.0.registry)?;
        Ok(out)
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

/// One of a kind for each name, made when it is first wanted: all threads have the same, and an application that
/// is loaded again goes on counting.
struct Named<T>(Mutex<HashMap<String, Arc<T>>>);

impl<T> Default for Named<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Named<T> {
    fn get(&self, name: &str, make: impl FnOnce() -> T) -> Arc<T> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(one) = all.get(name) {
            return Arc::clone(one);
        }
        let one = Arc::new(make());
        all.insert(name.to_owned(), Arc::clone(&one));
        one
    }
}

/// One more in a gauge, for as long as this lives.
#[derive(Debug)]
pub(crate) struct Counted(Gauge);

impl Counted {
    pub(crate) fn in_gauge(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}
