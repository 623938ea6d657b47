//! What is counted of requests, route by route.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use reelgate_core::token::Reason;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// Heads come from a cache, or from a bucket far away; a slow bucket has 10 s.
const HEAD_SECONDS: [f64; 13] = [
    0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];
/// Whole answers are segments of some megabytes on slow lines, or an original in one piece.
const ANSWER_SECONDS: [f64; 12] = [
    0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0,
];

/// Statuses that are counted without a look into a map; any other is counted all the same.
const USUAL: [u16; 24] = [
    200, 201, 202, 204, 206, 304, 400, 401, 403, 404, 405, 408, 409, 412, 413, 415, 416, 422, 429,
    500, 501, 502, 503, 504,
];
/// Every reason, and none.
const REASONS: usize = Reason::ALL.len() + 1;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    route: Arc<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    route: Arc<String>,
    status: u16,
    /// Why the gate refused; empty otherwise.
    reason: &'static str,
}

type Histograms = Family<Route, Histogram, fn() -> Histogram>;

/// Counters of all routes.
pub(super) struct RouteFamilies {
    requests: Family<Outcome, Counter>,
    incomplete: Family<Route, Counter>,
    bytes: Family<Route, Counter>,
    sessions: Family<Route, Counter>,
    head: Histograms,
    duration: Histograms,
}

impl RouteFamilies {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let families = Self {
            requests: Family::default(),
            incomplete: Family::default(),
            bytes: Family::default(),
            sessions: Family::default(),
            head: Family::new_with_constructor(|| Histogram::new(HEAD_SECONDS)),
            duration: Family::new_with_constructor(|| Histogram::new(ANSWER_SECONDS)),
        };
        registry.register(
            "requests",
            "Requests that are over, by route of the manifest, status, and why the gate refused",
            families.requests.clone(),
        );
        registry.register(
            "responses_incomplete",
            "Answers that broke, or whose client left before the end",
            families.incomplete.clone(),
        );
        registry.register_with_unit(
            "response_body",
            "Bytes of bodies that were sent",
            Unit::Bytes,
            families.bytes.clone(),
        );
        registry.register(
            "sessions_begun",
            "Sessions that a playback token began",
            families.sessions.clone(),
        );
        registry.register_with_unit(
            "response_head_duration",
            "From a request's arrival to the head of its answer",
            Unit::Seconds,
            families.head.clone(),
        );
        registry.register_with_unit(
            "response_duration",
            "From a request's arrival to the end of its answer",
            Unit::Seconds,
            families.duration.clone(),
        );
        families
    }
}

/// Counters of one route.
pub(crate) struct RouteMetrics {
    route: Arc<String>,
    requests: Family<Outcome, Counter>,
    /// Those of [`USUAL`] statuses that have occurred.
    usual: [[OnceLock<Counter>; REASONS]; USUAL.len()],
    incomplete: Counter,
    bytes: Counter,
    sessions: Counter,
    head: Histogram,
    duration: Histogram,
}

/// An answer that is over.
pub(crate) struct Over {
    pub(crate) status: u16,
    pub(crate) reason: Option<Reason>,
    pub(crate) bytes: u64,
    pub(crate) duration: Duration,
    pub(crate) complete: bool,
}

impl RouteMetrics {
    pub(super) fn new(route: &str, families: &RouteFamilies) -> Self {
        let route = Arc::new(route.to_owned());
        let label = Route {
            route: Arc::clone(&route),
        };
        Self {
            route,
            requests: families.requests.clone(),
            usual: Default::default(),
            incomplete: families.incomplete.get_or_create_owned(&label),
            bytes: families.bytes.get_or_create_owned(&label),
            sessions: families.sessions.get_or_create_owned(&label),
            head: families.head.get_or_create_owned(&label),
            duration: families.duration.get_or_create_owned(&label),
        }
    }

    /// The route, as the manifest writes it; empty where no route matched.
    pub(crate) fn name(&self) -> &str {
        &self.route
    }

    /// The head of an answer is made.
    pub(crate) fn head(&self, after: Duration, begins_session: bool) {
        self.head.observe(after.as_secs_f64());
        if begins_session {
            self.sessions.inc();
        }
    }

    /// An answer is over.
    pub(crate) fn over(&self, over: &Over) {
        self.count(over.status, over.reason);
        self.bytes.inc_by(over.bytes);
        self.duration.observe(over.duration.as_secs_f64());
        if !over.complete {
            self.incomplete.inc();
        }
    }

    fn count(&self, status: u16, reason: Option<Reason>) {
        let make = || {
            let outcome = Outcome {
                route: Arc::clone(&self.route),
                status,
                reason: reason.map_or("", Reason::as_str),
            };
            self.requests.get_or_create_owned(&outcome)
        };
        match USUAL.binary_search(&status) {
            Ok(place) => self.usual[place][column(reason)].get_or_init(make).inc(),
            Err(_) => make().inc(),
        };
    }
}

/// The place of a reason in a row; that of none is 0.
fn column(reason: Option<Reason>) -> usize {
    let place = reason.and_then(|reason| Reason::ALL.iter().position(|one| *one == reason));
    place.map_or(0, |place| place + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::{Format, Log};
    use crate::metrics::Metrics;

    fn over(status: u16, reason: Option<Reason>) -> Over {
        Over {
            status,
            reason,
            bytes: 7,
            duration: Duration::from_millis(30),
            complete: status != 502,
        }
    }

    /// The OpenMetrics specification: names of counters end in `_total`, units in the name, buckets add up, the
    /// text ends with `# EOF`.
    #[test]
    fn requests_are_written_as_openmetrics_has_them() {
        let metrics = Metrics::new(&Log::new(Format::Text), None);
        let route = metrics.route("/games/...");
        route.head(Duration::from_millis(3), true);
        route.over(&over(200, None));
        route.over(&over(200, None));
        route.over(&over(403, Some(Reason::WrongGame)));
        route.over(&over(502, None));
        route.over(&over(599, None));
        // Who asks for the route again counts into the same.
        metrics.route("/games/...").over(&over(200, None));
        let text = metrics.encode().unwrap();
        for line in [
            r#"reelgate_requests_total{route="/games/...",status="200",reason=""} 3"#,
            r#"reelgate_requests_total{route="/games/...",status="403",reason="wrong_game"} 1"#,
            r#"reelgate_requests_total{route="/games/...",status="599",reason=""} 1"#,
            r#"reelgate_responses_incomplete_total{route="/games/..."} 1"#,
            "# UNIT reelgate_response_body_bytes bytes",
            r#"reelgate_response_body_bytes_total{route="/games/..."} 42"#,
            r#"reelgate_sessions_begun_total{route="/games/..."} 1"#,
            r#"reelgate_response_head_duration_seconds_bucket{le="0.005",route="/games/..."} 1"#,
            r#"reelgate_response_duration_seconds_bucket{le="0.025",route="/games/..."} 0"#,
            r#"reelgate_response_duration_seconds_bucket{le="+Inf",route="/games/..."} 6"#,
            "# TYPE reelgate_requests counter",
        ] {
            assert!(text.lines().any(|own| own == line), "no {line} in\n{text}");
        }
        assert!(text.ends_with("# EOF\n"));
    }

    #[test]
    fn the_usual_statuses_are_in_order_and_every_reason_has_a_place() {
        assert!(USUAL.is_sorted());
        let places = Reason::ALL.map(|reason| column(Some(reason)));
        assert_eq!(places.to_vec(), (1..REASONS).collect::<Vec<_>>());
        assert_eq!(column(None), 0);
    }
}
