//! The span of a question to the bucket, from its first byte to the end of the answer's body.

use crate::http::client::HttpClient;
use crate::metrics::component::ComponentMetrics;
use crate::traces::server_span::{ServerSpan, fail, method, server};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, Version};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use opentelemetry::KeyValue;
use opentelemetry::trace::Span as _;
use opentelemetry_sdk::trace::Span;
use std::pin::Pin;
use std::task::{Context, Poll};
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// A client that asks on behalf of a request, whose trace it continues.
#[derive(Clone, Copy)]
pub(crate) struct TracedClient<'a> {
    client: &'a HttpClient,
    /// `None` where the request is not traced.
    of: Option<&'a ServerSpan>,
}

impl<'a> TracedClient<'a> {
    /// One that asks for the request of the span `of`.
    pub(crate) fn new(client: &'a HttpClient, of: Option<&'a ServerSpan>) -> Self {
        Self { client, of }
    }

    /// One that asks for nobody.
    pub(crate) fn untraced(client: &'a HttpClient) -> Self {
        Self::new(client, None)
    }

    /// What is counted of the component for which it asks.
    pub(crate) fn metrics(&self) -> &ComponentMetrics {
        self.client.metrics()
    }

    /// Sends `request` as [`HttpClient::send`] does. The bucket gets `traceparent`, which is not among the
    /// headers that are signed: S3 wants that of `host` and `x-amz-*` alone. It does not get `tracestate`, for
    /// that holds words of the viewer's side.
    ///
    /// # Errors
    ///
    /// Those of [`HttpClient::send`].
    pub(crate) async fn send(
        &self,
        mut request: Request<WasiBody>,
        options: RequestOptions,
    ) -> Result<Response<WasiBody>, Error> {
        let span = self.of.map(|of| {
            let span = of.ask(&request);
            if let Ok(parent) = HeaderValue::try_from(span.traceparent()) {
                request.headers_mut().insert(TRACEPARENT, parent);
            }
            span
        });
        let answer = self.client.send(request, options).await;
        match span {
            Some(span) => span.answered(answer),
            None => answer,
        }
    }
}

/// The span of a question, which ends when this is dropped.
pub(super) struct BucketSpan(Span);

impl BucketSpan {
    pub(super) fn new(mut span: Span, request: &Request<WasiBody>) -> Self {
        let uri = request.uri();
        let known = KeyValue::new("http.request.method", method(request.method()));
        span.set_attribute(known);
        span.set_attributes(uri.authority().into_iter().flat_map(server));
        // Without the query: it is a signature that lets in whoever has it.
        let scheme = uri.scheme_str().unwrap_or_default();
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        let url = format!("{scheme}://{authority}{}", uri.path());
        span.set_attribute(KeyValue::new("url.full", url));
        Self(span)
    }

    /// The header that makes this the parent of what the bucket does: W3C Trace Context, section 3.2.
    fn traceparent(&self) -> String {
        let own = self.0.span_context();
        let flags = own.trace_flags().to_u8();
        format!("00-{}-{}-{flags:02x}", own.trace_id(), own.span_id())
    }

    fn answered(
        mut self,
        answer: Result<Response<WasiBody>, Error>,
    ) -> Result<Response<WasiBody>, Error> {
        let response = match answer {
            Ok(response) => response,
            Err(error) => {
                fail(&mut self.0, kind(&error));
                return Err(error);
            }
        };
        let status = response.status().as_u16();
        let code = KeyValue::new("http.response.status_code", i64::from(status));
        self.0.set_attribute(code);
        let version = match response.version() {
            Version::HTTP_10 => "1.0",
            _ => "1.1",
        };
        let version = KeyValue::new("network.protocol.version", version);
        self.0.set_attribute(version);
        // To one who asks, 4xx is an error as well.
        if status >= 400 {
            fail(&mut self.0, status.to_string());
        }
        Ok(response.map(|body| TracedBody { body, span: self }.boxed_unsync()))
    }
}

/// What went wrong, in one of a few words.
fn kind(error: &Error) -> &'static str {
    match error {
        Error::ConnectionRefused | Error::Connect(_) => "connection_refused",
        Error::ConnectionTimeout => "connection_timeout",
        Error::TlsProtocolError => "tls",
        Error::HttpResponseTimeout | Error::ConnectionReadTimeout => "timeout",
        _ => "broken",
    }
}

/// A body whose end is the end of a span.
struct TracedBody {
    body: WasiBody,
    span: BucketSpan,
}

impl Body for TracedBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if let Poll::Ready(Some(Err(error))) = &polled {
            fail(&mut self.span.0, kind(error));
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
