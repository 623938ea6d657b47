//! One thread's share of the work: route a request, have it answered, write its line in the log.

use crate::app::App;
use crate::app::handler::HandlerPre;
use crate::fast_path::forward::Forwarder;
use crate::http::answered::Answered;
use crate::http::asked::Asked;
use crate::http::body::answer::AnswerBody;
use crate::http::body::logged::{Entry, LoggedBody};
use crate::http::body::request::RequestBody;
use crate::http::client::HttpClient;
use crate::http::connection::activity::InFlight;
use crate::http::head;
use crate::http::request_id::RequestId;
use crate::http::route::Routes;
use crate::log::Log;
use crate::metrics::Counted;
use crate::metrics::connections::ConnectionMetrics;
use crate::metrics::route::RouteMetrics;
use crate::runtime::pool::{ComponentError, Pool};
use crate::runtime::shares;
use crate::surroundings::Surroundings;
use crate::traces::Traces;
use crate::traces::server_span::ServerSpan;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONNECTION, CONTENT_TYPE, RETRY_AFTER, SET_COOKIE};
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use reelgate_core::gate::LOG_HEADER;
use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Instant;
use wasmtime_wasi_http::WasiBody;

const X_REQUEST_ID: &str = "x-request-id";
/// Whether the process lives.
const HEALTHZ: &str = "/healthz";
/// Whether it can do its work.
const READYZ: &str = "/readyz";

/// What one thread answers with.
pub(crate) struct Service {
    app: Arc<App>,
    routes: Routes<Target>,
    handlers: Vec<Arc<Handler>>,
    healthz: Arc<RouteMetrics>,
    readyz: Arc<RouteMetrics>,
    /// Requests that no route matches.
    unrouted: Arc<RouteMetrics>,
    connections: ConnectionMetrics,
    client: HttpClient,
    log: Log,
    traces: Traces,
}

/// Where a route leads.
struct Target {
    handler: Arc<Handler>,
    metrics: Arc<RouteMetrics>,
}

/// What answers on a route.
struct Handler {
    forwarder: Option<Forwarder>,
    pool: Arc<Pool>,
}

impl Handler {
    /// One for a worker, where it may have so many `instances`.
    fn new(pre: &HandlerPre, client: &HttpClient, instances: usize) -> Self {
        let config = &pre.config;
        // Decisions and whole requests are made by instances of one component.
        let (deciding, whole) = match &pre.forwarder {
            Some(forwarder) => (Some(forwarder), (instances / 2).max(1)),
            None => (None, instances),
        };
        Self {
            forwarder: deciding.map(|forwarder| {
                let deciding = instances.saturating_sub(whole).max(1);
                forwarder.on_worker(config, client, deciding)
            }),
            pool: Arc::new(Pool::new(
                pre.pre.clone(),
                Arc::clone(config),
                client.clone(),
                whole,
            )),
        }
    }

    async fn handle(
        &self,
        request: Request<Incoming>,
        span: Option<&ServerSpan>,
    ) -> Result<Answered, ComponentError> {
        if let Some(forwarder) = &self.forwarder {
            let answer = forwarder.handle(&request, span).await;
            if let Some(answer) = answer.map_err(|error| ComponentError::trapped(&error))? {
                return Ok(answer);
            }
        }
        let request = request.map(|body| RequestBody::new(body).boxed_unsync());
        // Boxed: what every request has to have room for is not to be as large as this.
        let answer = Box::pin(self.pool.handle(request)).await;
        answer.map(Answered::from)
    }
}

impl Service {
    /// What one of `workers` answers with.
    pub(crate) fn new(
        app: &Arc<App>,
        client: &HttpClient,
        around: &Surroundings,
        workers: usize,
    ) -> Self {
        let metrics = &around.metrics;
        let needs: Vec<_> = app.handlers.iter().map(|pre| pre.need).collect();
        let shares = shares::instances(&needs, app.memories, workers);
        let of = |(pre, share): (&Arc<HandlerPre>, usize)| {
            let counters = metrics.component(&pre.config.name);
            let all = i64::try_from(share * workers).unwrap_or(i64::MAX);
            counters.instances_limit.set(all);
            let handler = Handler::new(pre, &client.counted(&counters), share);
            (Arc::as_ptr(pre), Arc::new(handler))
        };
        let handlers: HashMap<_, _> = app.handlers.iter().zip(shares).map(of).collect();
        Self {
            app: Arc::clone(app),
            routes: app.routes.map(|pattern, pre| Target {
                handler: Arc::clone(&handlers[&Arc::as_ptr(pre)]),
                metrics: metrics.route(pattern),
            }),
            handlers: handlers.into_values().collect(),
            healthz: metrics.route(HEALTHZ),
            readyz: metrics.route(READYZ),
            unrouted: metrics.route(""),
            connections: metrics.connections().clone(),
            client: client.clone(),
            log: around.log.clone(),
            traces: around.traces.clone(),
        }
    }

    /// Gives back what a burst left.
    pub(crate) fn shrink(&self) {
        for handler in &self.handlers {
            handler.pool.shrink();
        }
    }

    /// Answers `request`; whatever goes wrong is an answer too.
    pub(crate) async fn answer(
        self: Arc<Self>,
        mut request: Request<Incoming>,
        client: Client,
        in_flight: InFlight,
    ) -> Result<Response<AnswerBody>, Infallible> {
        let arrived = Instant::now();
        let counted = Counted::in_gauge(&self.connections.requests_in_flight);
        let id = RequestId::of(request.headers().get(X_REQUEST_ID));
        let method = request.method().clone();
        let asked = Asked::new(&request, client.tls);
        let span = self.begin_span(&request, &asked);
        request.headers_mut().insert(X_REQUEST_ID, id.header());
        request.headers_mut().remove(LOG_HEADER);
        let (route, answered) = if client.has_too_many {
            let too_many = text(StatusCode::TOO_MANY_REQUESTS, "Too Many Requests at once");
            (&self.unrouted, for_now(too_many).into())
        } else {
            self.route(request, span.as_deref()).await
        };
        let Answered { mut response, log } = answered;
        let status = response.status();
        // A cookie without a token renews a session.
        let begins_session =
            asked.has_token && status.as_u16() < 400 && response.headers().contains_key(SET_COOKIE);
        route.head(arrived.elapsed(), begins_session);
        response.headers_mut().insert(X_REQUEST_ID, id.header());
        if in_flight.is_last() {
            // The client sends nothing more by this connection, so that nothing can be lost with it.
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(CONNECTION, close);
        }
        let entry = Entry {
            log: self.log.clone(),
            id,
            peer: client.address,
            method,
            asked,
            route: Arc::clone(route),
            status,
            arrived,
            fields: log,
            span,
            _in_flight: counted,
        };
        Ok(response.map(|body| {
            AnswerBody::new(
                |in_flight| LoggedBody::new(body, entry, in_flight),
                in_flight,
            )
        }))
    }

    /// Probes are not traced: there is one every few seconds, for as long as nobody watches anything.
    fn begin_span<B>(&self, request: &Request<B>, asked: &Asked) -> Option<Box<ServerSpan>> {
        match request.uri().path() {
            HEALTHZ | READYZ => None,
            _ => self.traces.begin(request, asked),
        }
    }

    async fn route(
        &self,
        request: Request<Incoming>,
        span: Option<&ServerSpan>,
    ) -> (&Arc<RouteMetrics>, Answered) {
        if let Some((status, why)) = head::refusal(&request) {
            return (&self.unrouted, text(status, why).into());
        }
        match request.uri().path() {
            HEALTHZ => return (&self.healthz, text(StatusCode::OK, "ok").into()),
            READYZ => return (&self.readyz, Box::pin(self.readiness()).await.into()),
            _ => {}
        }
        let Some(route) = self.routes.find(request.uri().path()) else {
            let not_found = text(StatusCode::NOT_FOUND, "Not Found");
            return (&self.unrouted, not_found.into());
        };
        let Target { handler, metrics } = &route.handler;
        let answered = handler.handle(request, span).await.unwrap_or_else(|error| {
            error.count(&handler.pool.metrics().failures);
            self.failed(&route.pattern, &error).into()
        });
        (metrics, answered)
    }

    async fn readiness(&self) -> Response<WasiBody> {
        let report = self.app.readyz.report(&self.client).await;
        let status = if report.is_ready() {
            StatusCode::OK
        } else {
            StatusCode::SERVICE_UNAVAILABLE
        };
        let mut response = with_body(status, report.to_json());
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(CONTENT_TYPE, json);
        response
    }

    fn failed(&self, route: &str, error: &ComponentError) -> Response<WasiBody> {
        self.log
            .error("host", &format!("{route}: the component {error}"));
        match error {
            ComponentError::Busy => {
                for_now(text(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable"))
            }
            ComponentError::TimedOut => text(StatusCode::GATEWAY_TIMEOUT, "Gateway Timeout"),
            ComponentError::Trapped(_) | ComponentError::Failed(_) => {
                text(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
            }
        }
    }
}

/// Who asks.
pub(crate) struct Client {
    /// As the log has it.
    pub(crate) address: Arc<str>,
    /// Whether as many requests are in flight as one address may have.
    pub(crate) has_too_many: bool,
    /// The version of TLS, as the log has it; empty without.
    pub(crate) tls: &'static str,
}

/// Asks for another try in a second.
fn for_now(mut response: Response<WasiBody>) -> Response<WasiBody> {
    let headers = response.headers_mut();
    headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

fn text(status: StatusCode, body: &'static str) -> Response<WasiBody> {
    with_body(status, Bytes::from_static(body.as_bytes()))
}

fn with_body(status: StatusCode, body: impl Into<Bytes>) -> Response<WasiBody> {
    let mut response = Response::new(
        Full::new(body.into())
            .map_err(|never| match never {})
            .boxed_unsync(),
    );
    *response.status_mut() = status;
    response.headers_mut().insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    response
}
