//! One thread's share of the work: route a request, have it answered, write its line in the log.

use crate::app::App;
use crate::app::handler::HandlerPre;
use crate::fast_path::forward::Forwarder;
use crate::http::answered::Answered;
use crate::http::client::HttpClient;
use crate::http::request_id::RequestId;
use crate::http::route::Routes;
use crate::http::timeouts::InFlight;
use crate::log::{Access, Log};
use crate::runtime::pool::{ComponentError, Pool};
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use reelgate_core::gate::{LOG_HEADER, LogFields, Reason};
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;
use wasmtime_wasi_http::{Error, WasiBody};

const X_REQUEST_ID: &str = "x-request-id";

/// What one thread answers with.
pub(crate) struct Service {
    routes: Routes<Arc<Handler>>,
    log: Log,
}

/// What answers on a route.
struct Handler {
    forwarder: Option<Forwarder>,
    pool: Arc<Pool>,
}

impl Handler {
    async fn handle(&self, request: Request<Incoming>) -> Result<Answered, ComponentError> {
        if let Some(forwarder) = &self.forwarder {
            let answer = forwarder.handle(&request).await;
            if let Some(answer) = answer.map_err(|error| ComponentError::trapped(&error))? {
                return Ok(answer);
            }
        }
        let request = request.map(|body| body.map_err(Error::Hyper).boxed_unsync());
        self.pool.handle(request).await.map(Answered::from)
    }
}

impl Service {
    pub(crate) fn new(app: &App, client: &HttpClient, log: &Log, instances: usize) -> Self {
        let on_this_worker = |handler: &Arc<HandlerPre>| {
            let forwarder = handler.forwarder.as_ref();
            Arc::new(Handler {
                forwarder: forwarder.map(|pre| pre.on_worker(&handler.config, client)),
                pool: Arc::new(Pool::new(
                    handler.pre.clone(),
                    Arc::clone(&handler.config),
                    client.clone(),
                    instances,
                )),
            })
        };
        Self {
            routes: app.routes.map(on_this_worker),
            log: log.clone(),
        }
    }

    /// Answers `request`; whatever goes wrong is an answer too.
    pub(crate) async fn answer(
        self: Arc<Self>,
        mut request: Request<Incoming>,
        peer: Arc<str>,
        in_flight: InFlight,
    ) -> Result<Response<LoggedBody>, Infallible> {
        let arrived = Instant::now();
        let id = RequestId::of(request.headers().get(X_REQUEST_ID));
        let method = request.method().clone();
        request.headers_mut().insert(X_REQUEST_ID, id.header());
        request.headers_mut().remove(LOG_HEADER);
        let (route, Answered { mut response, log }) = self.route(request).await;
        response.headers_mut().insert(X_REQUEST_ID, id.header());
        let entry = Entry {
            service: self,
            id,
            peer,
            method,
            route,
            status: response.status(),
            arrived,
            log,
            _in_flight: in_flight,
        };
        Ok(response.map(|body| LoggedBody::new(body, entry)))
    }

    async fn route(&self, request: Request<Incoming>) -> (Arc<str>, Answered) {
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
                let mut response = text(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable");
                response
                    .headers_mut()
                    .insert(RETRY_AFTER, HeaderValue::from_static("1"));
                response
            }
            ComponentError::TimedOut => text(StatusCode::GATEWAY_TIMEOUT, "Gateway Timeout"),
            ComponentError::Trapped(_) | ComponentError::Failed(_) => {
                text(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
            }
        }
    }
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

/// What the log will say of a request.
struct Entry {
    service: Arc<Service>,
    id: RequestId,
    peer: Arc<str>,
    method: Method,
    route: Arc<str>,
    status: StatusCode,
    arrived: Instant,
    log: String,
    _in_flight: InFlight,
}

impl Entry {
    fn write(&self, bytes: u64, complete: bool) {
        let fields = LogFields::parse(&self.log);
        self.service.log.access(&Access {
            request_id: self.id.as_str(),
            client: &self.peer,
            method: self.method.as_str(),
            route: &self.route,
            status: self.status.as_u16(),
            bytes,
            duration: self.arrived.elapsed(),
            complete,
            game: fields.game.as_deref().unwrap_or_default(),
            subject: fields.subject.as_deref().unwrap_or_default(),
            reason: fields.reason.map_or("", Reason::as_str),
        });
    }
}

/// A body that counts itself and, when it is over, writes the request's line.
pub(crate) struct LoggedBody {
    body: WasiBody,
    entry: Entry,
    sent: u64,
    /// Bytes to come, where the body knows.
    left: Option<u64>,
    ended: bool,
}

impl LoggedBody {
    fn new(body: WasiBody, entry: Entry) -> Self {
        // hyper does not ask a body for more once it has what was announced, nor that of a HEAD.
        let left = match entry.method {
            Method::HEAD => Some(0),
            _ => body.size_hint().exact(),
        };
        Self {
            body,
            entry,
            sent: 0,
            left,
            ended: false,
        }
    }
}

impl Body for LoggedBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        match &polled {
            Poll::Ready(Some(Ok(frame))) => {
                let length = frame.data_ref().map_or(0, |data| data.len() as u64);
                self.sent += length;
                self.left = self.left.map(|left| left.saturating_sub(length));
            }
            Poll::Ready(None) => self.ended = true,
            Poll::Ready(Some(Err(_))) | Poll::Pending => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        // To HEAD the length is that of the object and the body has none of it: hyper, for HTTP/2,
        // would take the difference for a broken transfer.
        self.left == Some(0) || self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for LoggedBody {
    fn drop(&mut self) {
        let complete = self.ended || self.left == Some(0) || self.body.is_end_stream();
        self.entry.write(self.sent, complete);
    }
}
