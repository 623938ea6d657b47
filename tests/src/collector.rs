//! A collector of OpenTelemetry: takes traces by OTLP over HTTP, and misbehaves on command.

use crate::deadline::within;
use crate::host::Settings;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::{Span, span::SpanKind, status::StatusCode as Code};
use prost::Message as _;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// What it does with spans.
#[derive(Clone, Copy, Debug)]
pub enum Manner {
    /// Takes them.
    Take,
    /// Answers with this status.
    Refuse(u16),
    /// Reads them and says nothing.
    Hang,
}

/// A span as it came.
#[derive(Clone, Debug)]
pub struct Reported {
    /// What it is called.
    pub name: String,
    /// Whose it is: `Server` or `Client`.
    pub kind: SpanKind,
    /// The trace, in hexadecimal digits.
    pub trace: String,
    /// Its own name, in hexadecimal digits.
    pub id: String,
    /// Its parent's; empty where it has none.
    pub parent: String,
    /// Attributes, each as text.
    pub attributes: BTreeMap<String, String>,
    /// Whether it says that something failed.
    pub failed: bool,
    /// Nanoseconds from its beginning to its end.
    pub nanoseconds: u64,
    /// `service.name` of who sent it.
    pub service: String,
}

impl Reported {
    /// An attribute; empty where there is none.
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        self.attributes.get(name).map_or("", String::as_str)
    }

    /// Whether it is the span of a request.
    #[must_use]
    pub fn is_server(&self) -> bool {
        self.kind == SpanKind::Server
    }
}

/// A collector on a port of its own. It ends when this is dropped.
#[derive(Debug)]
pub struct Collector {
    address: SocketAddr,
    state: Arc<State>,
    accepting: JoinHandle<()>,
}

#[derive(Debug)]
struct State {
    manner: Mutex<Manner>,
    spans: watch::Sender<Vec<Reported>>,
    bodies: watch::Sender<Vec<Bytes>>,
}

impl Collector {
    /// One that takes what it is given.
    ///
    /// # Panics
    ///
    /// No port is free.
    pub async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await;
        let listener = listener.expect("a free port");
        let address = listener.local_addr().expect("a bound socket");
        let state = Arc::new(State {
            manner: Mutex::new(Manner::Take),
            spans: watch::Sender::default(),
            bodies: watch::Sender::default(),
        });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&state)));
        Self {
            address,
            state,
            accepting,
        }
    }

    /// Does this from now on.
    pub fn behave(&self, manner: Manner) {
        *self.state.manner.lock().unwrap() = manner;
    }

    /// `settings` of a host that sends its traces here, and soon.
    #[must_use]
    pub fn of(&self, settings: Settings) -> Settings {
        sends_to(self.address, settings)
    }

    /// All spans so far.
    #[must_use]
    pub fn spans(&self) -> Vec<Reported> {
        self.state.spans.borrow().clone()
    }

    /// Waits until so many requests' spans have come, and gives back all spans.
    ///
    /// # Panics
    ///
    /// They do not.
    pub async fn requests(&self, count: usize) -> Vec<Reported> {
        let enough = |spans: &Vec<Reported>| {
            let servers = spans.iter().filter(|span| span.is_server());
            servers.count() >= count
        };
        let mut spans = self.state.spans.subscribe();
        let came = within("spans of requests", spans.wait_for(enough)).await;
        came.expect("the sender lives as long as this").clone()
    }

    /// Waits until so many batches have come, whatever became of them.
    ///
    /// # Panics
    ///
    /// They do not.
    pub async fn asked(&self, count: usize) {
        let mut bodies = self.state.bodies.subscribe();
        let came = bodies.wait_for(|bodies| bodies.len() >= count);
        drop(within("batches of spans", came).await);
    }

    /// None of `words` is in anything that came, wherever in it.
    ///
    /// # Panics
    ///
    /// One is.
    pub fn assert_never_saw(&self, words: &[&str]) {
        for body in self.state.bodies.borrow().iter() {
            let body = String::from_utf8_lossy(body);
            for word in words {
                assert!(!body.contains(word), "`{word}` in {body}");
            }
        }
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// `settings` of a host that sends its traces to `address`, and soon.
#[must_use]
pub fn sends_to(address: SocketAddr, settings: Settings) -> Settings {
    settings
        .environment("OTEL_EXPORTER_OTLP_ENDPOINT", &format!("http://{address}"))
        .environment("OTEL_BSP_SCHEDULE_DELAY", "50")
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    // Connections end with the collector too.
    let mut connections = JoinSet::new();
    while let Ok((socket, _)) = listener.accept().await {
        let state = Arc::clone(&state);
        let service = service_fn(move |request| answer(Arc::clone(&state), request));
        connections.spawn(http1::Builder::new().serve_connection(TokioIo::new(socket), service));
    }
}

async fn answer(
    state: Arc<State>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    assert_eq!(request.method(), "POST");
    assert_eq!(request.uri().path(), "/v1/traces");
    assert_eq!(request.headers()["content-type"], "application/x-protobuf");
    let body = request.into_body().collect().await.expect("a whole body");
    let body = body.to_bytes();
    let manner = *state.manner.lock().unwrap();
    let spans = read(&body);
    state.bodies.send_modify(|bodies| bodies.push(body));
    let mut answer = Response::new(Full::default());
    match manner {
        Manner::Take => state.spans.send_modify(|all| all.extend(spans)),
        Manner::Refuse(status) => {
            *answer.status_mut() = StatusCode::from_u16(status).expect("a status");
        }
        Manner::Hang => std::future::pending().await,
    }
    Ok(answer)
}

fn read(body: &Bytes) -> Vec<Reported> {
    let export = ExportTraceServiceRequest::decode(&body[..]).expect("OTLP");
    let mut all = Vec::new();
    for resource in export.resource_spans {
        let own = resource.resource.expect("a resource");
        let service = texts(own.attributes).remove("service.name");
        let service = service.expect("a service's name");
        let spans = resource.scope_spans.into_iter().flat_map(|of| of.spans);
        all.extend(spans.map(|span| reported(span, &service)));
    }
    all
}

fn reported(span: Span, service: &str) -> Reported {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let status = span.status.as_ref().map(|status| status.code());
    Reported {
        kind: span.kind(),
        trace: hex(&span.trace_id),
        id: hex(&span.span_id),
        parent: hex(&span.parent_span_id),
        failed: status == Some(Code::Error),
        nanoseconds: span.end_time_unix_nano - span.start_time_unix_nano,
        service: service.to_owned(),
        name: span.name,
        attributes: texts(span.attributes),
    }
}

fn texts(attributes: Vec<KeyValue>) -> BTreeMap<String, String> {
    let text = |attribute: KeyValue| {
        let value = match attribute.value.and_then(|value| value.value) {
            Some(Value::StringValue(text)) => text,
            Some(Value::IntValue(number)) => number.to_string(),
            Some(Value::BoolValue(flag)) => flag.to_string(),
            other => format!("{other:?}"),
        };
        (attribute.key, value)
    };
    attributes.into_iter().map(text).collect()
}
