//! Requests to the outside: one pool of connections, TLS, time-outs.

mod connector;
mod tls;

use crate::http::client::connector::{Connector, Used};
use crate::http::deadline::Deadline;
use crate::metrics::component::ComponentMetrics;
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{Extensions, Method, Request, Response};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, Error as ClientError};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use reelgate_core::origin;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};

/// Establishing a TCP connection; a TLS handshake has as long as the first byte.
const CONNECT: Duration = origin::CONNECT;
/// Longer than most servers keep theirs would only collect dead connections.
const IDLE: Duration = Duration::from_secs(50);
/// A pool this large serves a busy host; more would be sockets nobody uses.
const IDLE_PER_HOST: usize = 256;

/// Bytes that are read from the bucket at most before the player takes them, on each connection: fewer
/// cost time for each gigabyte, more cost memory with many players (`cargo xtask bench --only streaming`
/// shows both).
const READ_AT_ONCE: usize = 96 * 1024;

/// A client whose connections are kept and shared by every component of one worker.
#[derive(Clone, Debug)]
pub(crate) struct HttpClient {
    keeping: Client<Connector, WasiBody>,
    /// One that keeps no connection, so that each request has a fresh one.
    fresh: Client<Connector, WasiBody>,
    /// Of the component for which it asks.
    metrics: Arc<ComponentMetrics>,
}

impl HttpClient {
    /// A client without connections yet.
    #[must_use]
    pub(crate) fn new(tls: &Arc<rustls::ClientConfig>) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(CONNECT));
        tcp.enforce_http(false);
        let connector = Connector {
            tcp,
            tls: Arc::clone(tls),
        };
        let with = |idle_per_host| {
            Client::builder(TokioExecutor::new())
                .pool_idle_timeout(IDLE)
                .pool_max_idle_per_host(idle_per_host)
                .pool_timer(TokioTimer::new())
                .http1_max_buf_size(READ_AT_ONCE)
                .build(connector.clone())
        };
        Self {
            keeping: with(IDLE_PER_HOST),
            fresh: with(0),
            metrics: ComponentMetrics::unread(),
        }
    }

    /// The same client, counting what it does as that of a component.
    #[must_use]
    pub(crate) fn counted(&self, metrics: &Arc<ComponentMetrics>) -> Self {
        Self {
            metrics: Arc::clone(metrics),
            ..self.clone()
        }
    }

    /// What is counted of the component for which it asks.
    pub(crate) fn metrics(&self) -> &ComponentMetrics {
        &self.metrics
    }

    /// Sends `request` and waits for the head of the answer.
    ///
    /// A server may close a connection that idles just as the next request is on its way. A GET or HEAD whose
    /// kept connection closed before the answer's head was whole is sent once more, by a fresh one
    /// (RFC 9110, section 9.2.2; RFC 9112, section 9.3.1).
    ///
    /// # Errors
    ///
    /// Why there is none: no connection, no first byte in time, or no HTTP.
    pub(crate) async fn send(
        &self,
        request: Request<WasiBody>,
        options: RequestOptions,
    ) -> Result<Response<WasiBody>, Error> {
        let sent = Instant::now();
        let answer = self.ask(request, options).await;
        let outcome = answer.as_ref().map(Response::status);
        self.metrics.outgoing.count(outcome, sent.elapsed());
        answer
    }

    async fn ask(
        &self,
        request: Request<WasiBody>,
        options: RequestOptions,
    ) -> Result<Response<WasiBody>, Error> {
        let first_byte = options.first_byte_timeout.unwrap_or(origin::FIRST_BYTE);
        let between_bytes = options
            .between_bytes_timeout
            .unwrap_or(origin::BETWEEN_BYTES);
        // Longer than ours is not granted.
        let connect = options.connect_timeout.filter(|limit| *limit < CONNECT);
        let request = connector::within(connect, self.request(request));
        let mut response = tokio::time::timeout(first_byte, request)
            .await
            .map_err(|_| Error::HttpResponseTimeout)?
            .map_err(|error| classify(&error))?;
        if let Some(used) = response.extensions_mut().remove::<Used>() {
            used.mark();
        }
        Ok(response.map(|body| {
            TimeoutBody {
                body,
                between_bytes,
                waiting: Deadline::default(),
            }
            .boxed_unsync()
        }))
    }

    async fn request(&self, request: Request<WasiBody>) -> Result<Response<Incoming>, ClientError> {
        let again = again(&request);
        match (self.keeping.request(request).await, again) {
            (Err(error), Some(again)) if was_closed_when_used_again(&error) => {
                self.metrics.outgoing.reconnected.inc();
                self.fresh.request(again).await
            }
            (answer, _) => answer,
        }
    }
}

/// The same request for another try, where that can do no harm.
fn again(request: &Request<WasiBody>) -> Option<Request<WasiBody>> {
    let is_safe = matches!(*request.method(), Method::GET | Method::HEAD);
    let headers = request.headers();
    // hyper sends none with these methods, unless a header announces it.
    let has_body = headers.contains_key(CONTENT_LENGTH) || headers.contains_key(TRANSFER_ENCODING);
    if !is_safe || has_body {
        return None;
    }
    let body = Empty::new().map_err(|never| match never {}).boxed_unsync();
    let mut again = Request::new(body);
    *again.method_mut() = request.method().clone();
    *again.uri_mut() = request.uri().clone();
    *again.version_mut() = request.version();
    *again.headers_mut() = request.headers().clone();
    Some(again)
}

/// Whether a connection that had answered before was closed instead of answering.
fn was_closed_when_used_again(error: &ClientError) -> bool {
    let mut extras = Extensions::new();
    if let Some(connection) = error.connect_info() {
        connection.get_extras(&mut extras);
    }
    let was_used = extras.get::<Used>().is_some_and(Used::is_marked);
    let cause = std::error::Error::source(error).and_then(|cause| cause.downcast_ref());
    // A server that answers something that is no HTTP would do so again.
    was_used && cause.is_some_and(|error: &hyper::Error| !error.is_parse())
}

fn classify(error: &ClientError) -> Error {
    if !error.is_connect() {
        return Error::HttpProtocolError;
    }
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        if let Some(io) = inner.downcast_ref::<std::io::Error>() {
            if io.kind() == std::io::ErrorKind::TimedOut {
                return Error::ConnectionTimeout;
            }
            match io.get_ref().and_then(|cause| cause.downcast_ref()) {
                // The server's own word that it cannot just now: that may pass.
                Some(rustls::Error::AlertReceived(_)) => return Error::ConnectionRefused,
                Some(_) => return Error::TlsProtocolError,
                None => {}
            }
        }
        cause = inner.source();
    }
    Error::ConnectionRefused
}

/// A body that breaks when its sender falls silent.
struct TimeoutBody {
    body: Incoming,
    between_bytes: Duration,
    waiting: Deadline,
}

impl Body for TimeoutBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = &mut *self;
        if let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(cx) {
            this.waiting.clear();
            return Poll::Ready(frame.map(|frame| frame.map_err(Error::Hyper)));
        }
        ready!(this.waiting.poll(this.between_bytes, cx));
        Poll::Ready(Some(Err(Error::ConnectionReadTimeout)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::Empty;
    use std::net::SocketAddr;
    use tokio::net::TcpStream;

    /// An address that takes no more connections and refuses none: its queue is full.
    async fn mute() -> (SocketAddr, socket2::Socket, Vec<TcpStream>) {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None);
        let socket = socket.unwrap();
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        socket.bind(&any.into()).unwrap();
        socket.listen(0).unwrap();
        let address = socket.local_addr().unwrap().as_socket().unwrap();
        let mut waiting = Vec::new();
        let limit = Duration::from_millis(200);
        while let Ok(connected) = tokio::time::timeout(limit, TcpStream::connect(address)).await {
            waiting.push(connected.unwrap());
        }
        (address, socket, waiting)
    }

    #[tokio::test]
    async fn a_request_may_allow_less_time_to_connect() {
        let (address, _socket, _waiting) = mute().await;
        let tls = rustls::ClientConfig::builder()
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth();
        let client = HttpClient::new(&Arc::new(tls));
        let body = Empty::new().map_err(|never| match never {}).boxed_unsync();
        let request = Request::get(format!("http://{address}/")).body(body);
        let options = RequestOptions {
            connect_timeout: Some(Duration::from_millis(100)),
            ..RequestOptions::default()
        };
        let started = Instant::now();
        let error = client.send(request.unwrap(), options).await.unwrap_err();
        assert!(matches!(error, Error::ConnectionTimeout), "{error:?}");
        assert!(started.elapsed() < CONNECT / 2, "{:?}", started.elapsed());
    }
}
