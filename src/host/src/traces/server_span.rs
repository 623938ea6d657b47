//! The span of a request, from its arrival to the end of its answer.

use crate::http::asked::Asked;
use crate::metrics::route::Over;
use crate::traces::Inner;
use crate::traces::bucket_span::BucketSpan;
use crate::traces::shown_path::shown;
use http::uri::Authority;
use http::{Method, Request};
use opentelemetry::trace::{Span as _, SpanBuilder, SpanKind, Status, TraceContextExt, Tracer};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::Span;
use reelgate_core::gate::Reason;
use std::sync::Arc;
use wasmtime_wasi_http::WasiBody;

/// Longer words of a client are cut, as in the log.
const FIELD: usize = 256;
/// What stands for a method that no convention knows.
const OTHER: &str = "_OTHER";

/// The span of a request that is sampled.
pub(crate) struct ServerSpan {
    span: Span,
    traces: Arc<Inner>,
}

impl ServerSpan {
    pub(super) fn new<B>(
        mut span: Span,
        traces: Arc<Inner>,
        request: &Request<B>,
        asked: &Asked,
    ) -> Self {
        span.set_attributes(attributes(request, asked));
        Self { span, traces }
    }

    /// The trace it belongs to, in 32 hexadecimal digits.
    pub(crate) fn trace_id(&self) -> String {
        self.span.span_context().trace_id().to_string()
    }

    /// The trace it belongs to and what its children call it, as `traceparent` has them.
    #[must_use]
    fn context(&self) -> Context {
        let own = self.span.span_context().clone();
        Context::new().with_remote_span_context(own)
    }

    /// Begins the span of a question that this request makes to the bucket.
    pub(super) fn ask(&self, request: &Request<WasiBody>) -> BucketSpan {
        let builder = SpanBuilder::from_name(method(request.method())).with_kind(SpanKind::Client);
        let tracer = &self.traces.tracer;
        BucketSpan::new(tracer.build_with_context(builder, &self.context()), request)
    }

    /// The answer is over, or `is_broken`.
    pub(crate) fn end(mut self, method: &Method, route: &str, over: &Over, is_broken: bool) {
        let span = &mut self.span;
        if !route.is_empty() {
            span.update_name(format!("{} {route}", self::method(method)));
            span.set_attribute(KeyValue::new("http.route", route.to_owned()));
        }
        let (status, bytes) = (i64::from(over.status), whole(over.bytes));
        span.set_attribute(KeyValue::new("http.response.status_code", status));
        span.set_attribute(KeyValue::new("http.response.body.size", bytes));
        if let Some(reason) = over.reason.map(Reason::as_str) {
            span.set_attribute(KeyValue::new("reelgate.reason", reason));
        }
        if !over.complete {
            span.set_attribute(KeyValue::new("reelgate.complete", false));
        }
        // That a client asks for what it may not have is no error of a server's.
        if over.status >= 500 {
            fail(span, over.status.to_string());
        } else if is_broken {
            fail(span, "broken");
        }
        span.end();
    }
}

/// Marks a span as one that failed: by `error.type`, for the conventions want no text beside that.
pub(super) fn fail(span: &mut Span, error: impl Into<opentelemetry::Value>) {
    span.set_attribute(KeyValue::new("error.type", error.into()));
    span.set_status(Status::error(""));
}

/// A method in the words of the conventions, which know nine. Of clients' own no name is made.
pub(super) fn method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::TRACE => "TRACE",
        Method::CONNECT => "CONNECT",
        _ => OTHER,
    }
}

fn attributes<B>(request: &Request<B>, asked: &Asked) -> Vec<KeyValue> {
    let scheme = if asked.tls.is_empty() {
        "http"
    } else {
        "https"
    };
    let method = method(request.method());
    let mut all = Vec::with_capacity(16);
    all.extend([
        KeyValue::new("http.request.method", method),
        KeyValue::new("url.scheme", scheme),
        KeyValue::new("url.path", shown(request.uri().path())),
        KeyValue::new("network.protocol.version", asked.http()),
    ]);
    if method == OTHER {
        let original = cut(request.method().as_str());
        all.push(KeyValue::new("http.request.method_original", original));
    }
    if !asked.tls.is_empty() {
        all.push(KeyValue::new("tls.protocol.version", asked.tls));
    }
    if let Ok(authority) = Authority::try_from(&*asked.host()) {
        all.extend(server(&authority));
    }
    let user_agent = asked.user_agent();
    if !user_agent.is_empty() {
        all.push(KeyValue::new("user_agent.original", cut(&user_agent)));
    }
    all
}

/// Who is asked.
pub(super) fn server(authority: &Authority) -> impl Iterator<Item = KeyValue> {
    let port = authority.port_u16();
    let address = KeyValue::new("server.address", cut(authority.host()));
    let port = port.map(|port| KeyValue::new("server.port", i64::from(port)));
    std::iter::once(address).chain(port)
}

/// The beginning of `text`.
pub(super) fn cut(text: &str) -> String {
    text[..text.floor_char_boundary(FIELD)].to_owned()
}

fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
