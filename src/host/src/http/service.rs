//! One thread's share of the work: route a request, have it answered, write its line in the log.

use crate::app::App;
use crate::app::handler::HandlerPre;
use crate::fast_path::forward::Forwarder;
use crate::http::answered::Answered;
use crate::http::body::answer::AnswerBody;
use crate::http::body::logged::{Entry, LoggedBody};
use crate::http::body::request::RequestBody;
use crate::http::client::HttpClient;
use crate::http::connection::activity::InFlight;
use crate::http::head;
use crate::http::request_id::RequestId;
use crate::http::route::Routes;
use crate::log::Log;
use crate::runtime::pool::{ComponentError, Pool};
use crate::runtime::shares;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
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

/// What one thread answers with.
pub(crate) struct Service {
    routes: Routes<Arc<Handler>>,
    handlers: Vec<Arc<Handler>>,
    log: Log,
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

    async fn handle(&self, request: Request<Incoming>) -> Result<Answered, ComponentError> {
        if let Some(forwarder) = &self.forwarder {
            let answer = forwarder.handle(&request).await;
            if let Some(answer) = answer.map_err(|error| ComponentError::trapped(&error))? {
                return Ok(answer);
            }
        }
        let request = request.map(|body| RequestBody::new(body).boxed_unsync());
        self.pool.handle(request).await.map(Answered::from)
    }
}

impl Service {
    /// What one of `workers` answers with.
    pub(crate) fn new(app: &App, client: &HttpClient, log: &Log, workers: usize) -> Self {
        let needs: Vec<_> = app.handlers.iter().map(|pre| pre.need).collect();
        let shares = shares::instances(&needs, app.memories, workers);
        let of = |(pre, share): (&Arc<HandlerPre>, usize)| {
            let handler = Arc::new(Handler::new(pre, client, share));
            (Arc::as_ptr(pre), handler)
        };
        let handlers: HashMap<_, _> = app.handlers.iter().zip(shares).map(of).collect();
        Self {
            routes: app
                .routes
                .map(|pre| Arc::clone(&handlers[&Arc::as_ptr(pre)])),
            handlers: handlers.into_values().collect(),
            log: log.clone(),
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
        let id = RequestId::of(request.headers().get(X_REQUEST_ID));
        let method = request.method().clone();
        request.headers_mut().insert(X_REQUEST_ID, id.header());
        request.headers_mut().remove(LOG_HEADER);
        let (route, answered) = if client.has_too_many {
            let too_many = text(StatusCode::TOO_MANY_REQUESTS, "Too Many Requests at once");
            (Arc::default(), for_now(too_many).into())
        } else {
            self.route(request).await
        };
        let Answered { mut response, log } = answered;
        response.headers_mut().insert(X_REQUEST_ID, id.header());
        let entry = Entry {
            log: self.log.clone(),
            id,
            peer: client.address,
            method,
            route,
            status: response.status(),
            arrived,
            fields: log,
        };
        Ok(response.map(|body| {
            AnswerBody::new(
                |in_flight| LoggedBody::new(body, entry, in_flight),
                in_flight,
            )
        }))
    }

    async fn route(&self, request: Request<Incoming>) -> (Arc<str>, Answered) {
        if let Some((status, why)) = head::refusal(&request) {
            return (Arc::default(), text(status, why).into());
        }
        let path = request.uri().path();
        if path == "/healthz" {
            return ("/healthz".into(), text(StatusCode::OK, "ok").into());
        }
        let Some(route) = self.routes.find(path) else {
            let not_found = text(StatusCode::NOT_FOUND, "Not Found");
            return (Arc::default(), not_found.into());
        };
        let answered = route
            .handler
            .handle(request)
            .await
            .unwrap_or_else(|error| self.failed(&route.pattern, &error).into());
        (Arc::clone(&route.pattern), answered)
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
}

/// Asks for another try in a second.
fn for_now(mut response: Response<WasiBody>) -> Response<WasiBody> {
    let headers = response.headers_mut();
    headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

fn text(status: StatusCode, body: &'static str) -> Response<WasiBody> {
    let mut response = Response::new(
        Full::new(Bytes::from_static(body.as_bytes()))
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
