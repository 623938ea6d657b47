//! A request decided by a gate and forwarded by the host: nothing of the answer enters the component.

use crate::fast_path::gate::{Answer, Decision, Gate, GatePre, Method, Pass, Request, Viewer};
use crate::fast_path::native_origin::NativeOrigin;
use crate::fast_path::x_cache::{Operator, X_CACHE};
use crate::http::answered::Answered;
use crate::http::client::HttpClient;
use crate::runtime::store::InstanceConfig;
use crate::traces::bucket_span::TracedClient;
use crate::traces::server_span::ServerSpan;
use bytes::Bytes;
use http::header::CACHE_CONTROL;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use reelgate_core::gate::{NO_STORE, add_common, passed_on, reads};
use reelgate_core::http as core_http;
use reelgate_core::http::Headers;
use std::borrow::Cow;
use std::sync::Arc;
use wasmtime_wasi_http::WasiBody;

/// Room for the headers of an answer, so that the map need not grow; `date` and `x-request-id` come later.
const HEADER_CAPACITY: usize = 24;

/// A gate before the host's own origin, ready to be instantiated.
#[derive(Clone)]
pub(crate) struct ForwarderPre {
    pub(crate) gate: GatePre,
    pub(crate) origin: Arc<NativeOrigin>,
    pub(crate) operator: Option<Arc<Operator>>,
}

impl ForwarderPre {
    /// One for a worker, whose gate has no instance yet.
    pub(crate) fn on_worker(
        &self,
        config: &Arc<InstanceConfig>,
        client: &HttpClient,
        instances: usize,
    ) -> Forwarder {
        let config = Arc::clone(config);
        Forwarder {
            gate: Gate::new(self.gate.clone(), config, client.clone(), instances),
            origin: Arc::clone(&self.origin),
            operator: self.operator.clone(),
            client: client.clone(),
        }
    }
}

/// A gate that decides, and the host's own origin that answers what it lets through.
pub(crate) struct Forwarder {
    gate: Gate,
    origin: Arc<NativeOrigin>,
    operator: Option<Arc<Operator>>,
    client: HttpClient,
}

impl Forwarder {
    /// Answers `request`, of whose body nothing is read, as part of `span`. `None` when the gate's variables cannot be
    /// used: its handler has words for that.
    ///
    /// # Errors
    ///
    /// The gate trapped.
    pub(crate) async fn handle<B>(
        &self,
        request: &http::Request<B>,
        span: Option<&ServerSpan>,
    ) -> wasmtime::Result<Option<Answered>> {
        match self.decide(request).await? {
            Decision::Misconfigured => Ok(None),
            Decision::Reply(answer) => Ok(Some(reply(answer))),
            Decision::Forward(pass) => Ok(Some(self.forward(pass, request.headers(), span).await)),
        }
    }

    async fn decide<B>(&self, request: &http::Request<B>) -> wasmtime::Result<Decision> {
        let headers: Vec<(&str, &[u8])> = request
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_bytes()))
            .filter(|(name, _)| reads(name))
            .collect();
        let target = request.uri().path_and_query();
        let head = Request {
            method: method(request.method()),
            target: target.map_or("/", |target| target.as_str()),
            headers: &headers,
        };
        self.gate.decide(head).await
    }

    async fn forward(
        &self,
        pass: Pass,
        headers: &HeaderMap,
        span: Option<&ServerSpan>,
    ) -> Answered {
        let request = core_http::Request {
            method: core_method(pass.method),
            target: &pass.target,
            headers: pass.headers.as_slice(),
        };
        let client = TracedClient::new(&self.client, span);
        let (mut response, cache_status) = self.origin.handle(&request, client).await;
        *response.headers_mut() = respond(pass.on_success, &pass.viewer, &response);
        let operator = self.operator.as_ref();
        if operator.is_some_and(|operator| operator.asks(headers)) {
            response
                .headers_mut()
                .insert(X_CACHE, cache_status.header());
        }
        Answered {
            response,
            log: pass.viewer.log,
        }
    }
}

/// The headers of the player's answer when the origin gave `response` (see [`passed_on`]).
fn respond(on_success: Fields, viewer: &Viewer, response: &Response<WasiBody>) -> HeaderMap {
    let status = response.status().as_u16();
    let mut headers = HeaderMap::with_capacity(HEADER_CAPACITY);
    for name in passed_on(status) {
        let mut values = response.headers().get_all(name).iter();
        if let (Some(value), None) = (values.next(), values.next()) {
            headers.append(HeaderName::from_static(name), value.clone());
        }
    }
    if status < 400 {
        extend(&mut headers, on_success);
    } else {
        headers.append(CACHE_CONTROL, HeaderValue::from_static(NO_STORE));
    }
    finish(&mut headers, viewer);
    headers
}

fn reply(answer: Answer) -> Answered {
    let body = Full::new(Bytes::from(answer.body))
        .map_err(|never| match never {})
        .boxed_unsync();
    let mut headers = HeaderMap::with_capacity(HEADER_CAPACITY);
    extend(&mut headers, answer.headers);
    finish(&mut headers, &answer.viewer);
    let mut response = Response::new(body);
    *response.headers_mut() = headers;
    *response.status_mut() =
        StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    Answered {
        response,
        log: answer.viewer.log,
    }
}

/// What every answer of a gate carries.
fn finish(headers: &mut HeaderMap, viewer: &Viewer) {
    let mut common = Headers::with_capacity(8);
    add_common(&mut common, viewer.origin.as_deref());
    for (name, value) in common {
        let value = match value {
            Cow::Borrowed(value) => HeaderValue::from_maybe_shared(Bytes::from_static(value)),
            Cow::Owned(value) => HeaderValue::from_maybe_shared(Bytes::from(value)),
        };
        if let Ok(value) = value {
            headers.append(HeaderName::from_static(name), value);
        }
    }
}

/// Header fields as the component gives them.
type Fields = Vec<(String, Vec<u8>)>;

/// A field that HTTP cannot carry is left out.
fn extend(headers: &mut HeaderMap, fields: Fields) {
    for (name, value) in fields {
        if let (Ok(name), Ok(value)) = (
            HeaderName::from_bytes(name.as_bytes()),
            HeaderValue::from_maybe_shared(Bytes::from(value)),
        ) {
            headers.append(name, value);
        }
    }
}

fn method(method: &http::Method) -> Method {
    match *method {
        http::Method::GET => Method::Get,
        http::Method::HEAD => Method::Head,
        http::Method::OPTIONS => Method::Options,
        _ => Method::Other,
    }
}

fn core_method(method: Method) -> core_http::Method {
    match method {
        Method::Get => core_http::Method::Get,
        Method::Head => core_http::Method::Head,
        Method::Options => core_http::Method::Options,
        Method::Other => core_http::Method::Other,
    }
}
