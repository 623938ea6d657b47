//! What is counted of components: their instances, their requests to other servers, their store, their schedule.
//! What the host does for a component, as its own origin does, counts as the component's.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use wasmtime_wasi_http::Error;

/// A bucket next door, a bucket far away, and one that is given up after 10 s.
const SECONDS: [f64; 11] = [
    0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Component {
    component: Arc<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    component: Arc<String>,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Cause {
    component: Arc<String>,
    cause: &'static str,
}

type Counters = Family<Outcome, Counter>;
type Causes = Family<Cause, Counter>;

/// Counters of all components.
pub(super) struct ComponentFamilies {
    busy: Family<Component, Gauge>,
    limit: Family<Component, Gauge>,
    failures: Causes,
    sent: Counters,
    retries: Causes,
    head: Family<Component, Histogram, fn() -> Histogram>,
    store: Counters,
    runs: Counters,
    ran: Family<Component, Gauge>,
}

impl ComponentFamilies {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let families = Self {
            busy: Family::default(),
            limit: Family::default(),
            failures: Family::default(),
            sent: Family::default(),
            retries: Family::default(),
            head: Family::new_with_constructor(|| Histogram::new(SECONDS)),
            store: Family::default(),
            runs: Family::default(),
            ran: Family::default(),
        };
        registry.register(
            "instances_busy",
            "Instances of components that are at work",
            families.busy.clone(),
        );
        registry.register(
            "instances_limit",
            "Instances that may be at work at once",
            families.limit.clone(),
        );
        registry.register(
            "component_failures",
            "Requests that a component gave no answer to: it trapped, failed, timed out, or every instance was busy",
            families.failures.clone(),
        );
        registry.register(
            "outgoing_requests",
            "Requests to the bucket and other servers, by class of status or by what went wrong",
            families.sent.clone(),
        );
        registry.register(
            "outgoing_retries",
            "Requests to the bucket that were sent again: it was busy or failed, or closed a kept connection",
            families.retries.clone(),
        );
        registry.register_with_unit(
            "outgoing_head_duration",
            "From a request to the bucket or another server to the head of its answer",
            Unit::Seconds,
            families.head.clone(),
        );
        registry.register(
            "store_operations",
            "Operations of the key-value store",
            families.store.clone(),
        );
        registry.register(
            "schedule_runs",
            "Runs by schedule, the reconciler's sweeps among them",
            families.runs.clone(),
        );
        registry.register_with_unit(
            "schedule_last_success_timestamp",
            "When a run by schedule last succeeded, since 1970; 0 before the first",
            Unit::Seconds,
            families.ran.clone(),
        );
        families
    }
}

/// Counters of one component.
#[derive(Debug)]
pub(crate) struct ComponentMetrics {
    pub(crate) instances_busy: Gauge,
    pub(crate) instances_limit: Gauge,
    pub(crate) failures: Failures,
    pub(crate) outgoing: Outgoing,
    pub(crate) store: Outcomes,
    pub(crate) schedule: Runs,
}

/// Requests without an answer, by why.
#[derive(Debug, Default)]
pub(crate) struct Failures {
    pub(crate) busy: Counter,
    pub(crate) timed_out: Counter,
    pub(crate) trapped: Counter,
    pub(crate) failed: Counter,
}

/// Requests to other servers.
#[derive(Debug)]
pub(crate) struct Outgoing {
    /// By class of status, 1xx to 5xx.
    by_class: [Counter; 5],
    unreachable: Counter,
    timed_out: Counter,
    broken: Counter,
    head: Histogram,
    /// Sent again, for the bucket was busy or failed.
    pub(crate) again: Counter,
    /// Sent again, for a kept connection was closed.
    pub(crate) reconnected: Counter,
}

/// What ends well or does not.
#[derive(Debug, Default)]
pub(crate) struct Outcomes {
    good: Counter,
    bad: Counter,
}

/// Runs by schedule.
#[derive(Debug, Default)]
pub(crate) struct Runs {
    outcomes: Outcomes,
    last_success: Gauge,
}

impl ComponentMetrics {
    pub(super) fn new(id: &str, families: &ComponentFamilies) -> Self {
        let component = Arc::new(id.to_owned());
        let label = Component {
            component: Arc::clone(&component),
        };
        let of = |family: &Counters, outcome| {
            let component = Arc::clone(&component);
            family.get_or_create_owned(&Outcome { component, outcome })
        };
        let by = |family: &Causes, cause| {
            let component = Arc::clone(&component);
            family.get_or_create_owned(&Cause { component, cause })
        };
        let outcomes = |family: &Counters| Outcomes {
            good: of(family, "success"),
            bad: of(family, "failure"),
        };
        Self {
            instances_busy: families.busy.get_or_create_owned(&label),
            instances_limit: families.limit.get_or_create_owned(&label),
            failures: Failures {
                busy: by(&families.failures, "busy"),
                timed_out: by(&families.failures, "timed_out"),
                trapped: by(&families.failures, "trapped"),
                failed: by(&families.failures, "failed"),
            },
            outgoing: Outgoing {
                by_class: ["1xx", "2xx", "3xx", "4xx", "5xx"]
                    .map(|class| of(&families.sent, class)),
                unreachable: of(&families.sent, "unreachable"),
                timed_out: of(&families.sent, "timed_out"),
                broken: of(&families.sent, "broken"),
                head: families.head.get_or_create_owned(&label),
                again: by(&families.retries, "failed"),
                reconnected: by(&families.retries, "closed"),
            },
            store: outcomes(&families.store),
            schedule: Runs {
                outcomes: outcomes(&families.runs),
                last_success: families.ran.get_or_create_owned(&label),
            },
        }
    }

    /// Counters that nobody reads.
    pub(crate) fn unread() -> Arc<Self> {
        Arc::new(Self {
            instances_busy: Gauge::default(),
            instances_limit: Gauge::default(),
            failures: Failures::default(),
            outgoing: Outgoing {
                by_class: Default::default(),
                unreachable: Counter::default(),
                timed_out: Counter::default(),
                broken: Counter::default(),
                head: Histogram::new(SECONDS),
                again: Counter::default(),
                reconnected: Counter::default(),
            },
            store: Outcomes::default(),
            schedule: Runs::default(),
        })
    }
}

impl Outgoing {
    /// A request was answered with a head, or failed.
    pub(crate) fn count(&self, outcome: Result<http::StatusCode, &Error>, after: Duration) {
        self.head.observe(after.as_secs_f64());
        let counter = match outcome {
            Ok(status) => {
                let class = usize::from(status.as_u16() / 100).clamp(1, 5);
                &self.by_class[class - 1]
            }
            Err(Error::ConnectionRefused | Error::ConnectionTimeout | Error::TlsProtocolError) => {
                &self.unreachable
            }
            Err(Error::HttpResponseTimeout | Error::ConnectionReadTimeout) => &self.timed_out,
            Err(_) => &self.broken,
        };
        counter.inc();
    }
}

impl Outcomes {
    /// One more.
    pub(crate) fn count(&self, is_good: bool) {
        if is_good { &self.good } else { &self.bad }.inc();
    }
}

impl Runs {
    /// A run is over.
    pub(crate) fn count(&self, is_good: bool) {
        self.outcomes.count(is_good);
        if is_good {
            let now = SystemTime::now().duration_since(UNIX_EPOCH);
            let seconds = now.map_or(0, |now| now.as_secs());
            self.last_success.set(seconds.cast_signed());
        }
    }
}
