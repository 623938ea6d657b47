//! Requests to the outside: one pool of connections, TLS, time-outs.

mod connector;

use crate::http::client::connector::Connector;
use crate::http::deadline::Deadline;
use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, Error as ClientError};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use reelgate_core::origin;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};

/// Establishing a TCP connection; a TLS handshake that stalls runs into the first byte's limit.
const CONNECT: Duration = origin::CONNECT;
/// Longer than most servers keep theirs would only collect dead connections.
const IDLE: Duration = Duration::from_secs(50);
/// A pool this large serves a busy host; more would be sockets nobody uses.
const IDLE_PER_HOST: usize = 256;

/// Bytes that are read from the bucket at most before the player takes them, on each connection: fewer
/// cost time for each gigabyte, more cost memory with many players (`cargo xtask bench --only streaming`
/// shows both).
const READ_AT_ONCE: usize = 128 * 1024;

/// A client whose connections are kept and shared by every component of one worker.
#[derive(Clone, Debug)]
pub(crate) struct HttpClient(Client<HttpsConnector<Connector>, WasiBody>);

impl HttpClient {
    /// A client without connections yet.
    #[must_use]
    pub(crate) fn new(tls: &Arc<rustls::ClientConfig>) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(CONNECT));
        tcp.enforce_http(false);
        let connector = hyper_rustls::HttpsConnectorBuilder::new()
            .with_tls_config(rustls::ClientConfig::clone(tls))
            .https_or_http()
            .enable_http1()
            .wrap_connector(Connector(tcp));
        Self(
            Client::builder(TokioExecutor::new())
                .pool_idle_timeout(IDLE)
                .pool_max_idle_per_host(IDLE_PER_HOST)
                .pool_timer(TokioTimer::new())
                .http1_max_buf_size(READ_AT_ONCE)
                .build(connector),
        )
    }

    /// Sends `request` and waits for the head of the answer.
    ///
    /// # Errors
    ///
    /// Why there is none: no connection, no first byte in time, or no HTTP.
    pub(crate) async fn send(
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
        let request = connector::within(connect, self.0.request(request));
        let response = tokio::time::timeout(first_byte, request)
            .await
            .map_err(|_| Error::HttpResponseTimeout)?
            .map_err(|error| classify(&error))?;
        Ok(response.map(|body| {
            TimeoutBody {
                body,
                between_bytes,
                waiting: Deadline::default(),
            }
            .boxed_unsync()
        }))
    }
}

fn classify(error: &ClientError) -> Error {
    if !error.is_connect() {
        return Error::HttpProtocolError;
    }
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        if let Some(io) = inner.downcast_ref::<std::io::Error>()
            && io.kind() == std::io::ErrorKind::TimedOut
        {
            return Error::ConnectionTimeout;
        }
        if inner.is::<rustls::Error>() {
            return Error::TlsProtocolError;
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
    use std::time::Instant;
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
