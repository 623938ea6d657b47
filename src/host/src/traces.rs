//! Traces, for whoever has a collector: a span for each request, and one for each question to the bucket.
//!
//! They go out by OTLP over HTTP, in a thread of their own and through a queue with an end: a collector that is
//! slow or away costs spans, which are counted, and never holds up a viewer. Names are those of OpenTelemetry's
//! semantic conventions for HTTP. Off, a request costs one look at whether they are on (docs/adr/0017).

pub(crate) mod bucket_span;
mod collector;
mod parent;
mod queue;
pub(crate) mod server_span;
mod settings;
mod shown_path;

pub use crate::traces::settings::{TracesError, TracesSettings};

use crate::http::asked::Asked;
use crate::log::Log;
use crate::metrics::Metrics;
use crate::traces::collector::Collector;
use crate::traces::parent::Headers;
use crate::traces::queue::{Bounded, Counting, Room};
use crate::traces::server_span::ServerSpan;
use http::Request;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{Span as _, SpanBuilder, SpanKind, Tracer, TracerProvider};
use opentelemetry::{Context, InstrumentationScope, Key};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, SdkTracer, SdkTracerProvider,
};
use std::sync::Arc;
use std::time::Duration;

/// What the program calls itself, unless the environment says otherwise.
const SERVICE: &str = "reelgate";
/// For what waits in the queue when the process ends: a collector that hangs is not waited for longer.
const LAST: Duration = Duration::from_secs(3);

/// The traces of a process. A clone goes to the same collector; the default one is off.
#[derive(Clone, Debug, Default)]
pub struct Traces(Option<Arc<Inner>>);

#[derive(Debug)]
pub(crate) struct Inner {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
    parents: TraceContextPropagator,
    room: Arc<Room>,
}

impl Traces {
    /// Traces that go where `settings` say; lost spans are counted in `metrics`.
    ///
    /// # Errors
    ///
    /// What else the environment says of OTLP cannot be used, or there is no thread to be had.
    pub fn start(
        settings: &TracesSettings,
        client_tls: &Arc<rustls::ClientConfig>,
        log: &Log,
        metrics: &Metrics,
    ) -> Result<Self, TracesError> {
        let room = Arc::new(Room::new(settings.queue, metrics.spans_lost(), log));
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Collector::new(client_tls, settings.timeout)?)
            .with_endpoint(settings.endpoint.to_string())
            .with_protocol(Protocol::HttpBinary)
            .with_timeout(settings.timeout)
            .build()
            .map_err(|error| TracesError::Exporter(error.to_string()))?;
        let batches = BatchSpanProcessor::builder(Counting::new(exporter, &room))
            .with_batch_config(
                BatchConfigBuilder::default()
                    .with_max_queue_size(settings.queue)
                    .build(),
            )
            .build();
        let provider = SdkTracerProvider::builder()
            .with_sampler(settings.sampler.clone())
            .with_resource(resource())
            .with_span_processor(Bounded::new(batches, &room))
            .build();
        let scope = InstrumentationScope::builder(SERVICE)
            .with_version(env!("CARGO_PKG_VERSION"))
            .build();
        Ok(Self(Some(Arc::new(Inner {
            tracer: provider.tracer_with_scope(scope),
            provider,
            parents: TraceContextPropagator::new(),
            room,
        }))))
    }

    /// Begins the span of a request, which may continue a trace of its client; `None` where traces are off or
    /// this one is not sampled.
    pub(crate) fn begin<B>(&self, request: &Request<B>, asked: &Asked) -> Option<Box<ServerSpan>> {
        let inner = self.0.as_ref()?;
        let headers = Headers(request.headers());
        let parent = inner
            .parents
            .extract_with_context(&Context::new(), &headers);
        let name = server_span::method(request.method());
        let builder = SpanBuilder::from_name(name).with_kind(SpanKind::Server);
        let span = inner.tracer.build_with_context(builder, &parent);
        span.is_recording()
            .then(|| Box::new(ServerSpan::new(span, Arc::clone(inner), request, asked)))
    }

    /// Sends what waits, for the end of a process: for 3 s at most.
    pub fn finish(&self) {
        let Some(inner) = &self.0 else { return };
        if inner.provider.shutdown_with_timeout(LAST).is_err() {
            inner.room.give_up();
        }
    }
}

/// What the environment says of this process, with a name of our own where it has none.
fn resource() -> Resource {
    let found = Resource::builder().build();
    let name = found.get(&Key::from_static_str("service.name"));
    let is_named = name.is_some_and(|name| !name.as_str().starts_with("unknown_service"));
    if is_named {
        return found;
    }
    Resource::builder().with_service_name(SERVICE).build()
}
