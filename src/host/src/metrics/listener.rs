//! Where Prometheus asks: a listener of its own, so that no viewer reaches it and no crowd of viewers takes its place.

use crate::metrics::Metrics;
use bytes::Bytes;
use http::header::{ACCEPT, ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

/// Connections at once: a few servers of Prometheus, and somebody who looks.
const CONNECTIONS: usize = 16;
/// How long one may take for a request's head, and idle: longer than Prometheus waits between scrapes, which is
/// a minute unless it is told otherwise.
const HEAD: Duration = Duration::from_secs(90);
/// Before the next try where no connection can be accepted: no more files, say.
const PAUSE: Duration = Duration::from_millis(100);

const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const PLAIN: &str = "text/plain; version=0.0.4; charset=utf-8";

/// A listener that has its address and does not answer yet.
pub struct MetricsListener(std::net::TcpListener);

impl MetricsListener {
    /// Takes `address`; port 0 is any free one.
    ///
    /// # Errors
    ///
    /// The address is taken, or not this machine's.
    pub fn bind(address: SocketAddr) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        Ok(Self(listener))
    }

    /// The address it has.
    ///
    /// # Errors
    ///
    /// The operating system does not know it.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }

    /// Answers `GET /metrics` from a thread of its own, for as long as the process lives: also while the last
    /// answers go out.
    ///
    /// # Errors
    ///
    /// There is no thread or no runtime to be had.
    pub fn start(self, metrics: &Metrics) -> io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let metrics = metrics.clone();
        let work = move || runtime.block_on(accept(self.0, metrics));
        thread::Builder::new().name("metrics".into()).spawn(work)?;
        Ok(())
    }
}

async fn accept(listener: std::net::TcpListener, metrics: Metrics) -> io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        // Never closed, so there is always one to wait for.
        let place = Arc::clone(&places).acquire_owned().await;
        match listener.accept().await {
            Ok((socket, _)) => {
                let serving = serve(socket, metrics.clone());
                tokio::spawn(async move {
                    serving.await;
                    drop(place);
                });
            }
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}

async fn serve(socket: TcpStream, metrics: Metrics) {
    let service = service_fn(move |request: Request<Incoming>| {
        let answer = answer(
            request.method(),
            request.uri().path(),
            request.headers(),
            &metrics,
        );
        async move { Ok::<_, Infallible>(answer) }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD);
    // Whoever breaks off scrapes again.
    drop(http.serve_connection(TokioIo::new(socket), service).await);
}

fn answer(
    method: &Method,
    path: &str,
    headers: &HeaderMap,
    metrics: &Metrics,
) -> Response<Full<Bytes>> {
    if path != "/metrics" {
        return text(
            StatusCode::NOT_FOUND,
            PLAIN,
            "Not Found: try /metrics\n".into(),
        );
    }
    if !matches!(*method, Method::GET | Method::HEAD) {
        let mut refusal = text(
            StatusCode::METHOD_NOT_ALLOWED,
            PLAIN,
            "Method Not Allowed\n".into(),
        );
        let allowed = HeaderValue::from_static("GET, HEAD");
        refusal.headers_mut().insert(ALLOW, allowed);
        return refusal;
    }
    let (kind, encoded) = if takes_openmetrics(headers) {
        (OPENMETRICS, metrics.encode())
    } else {
        (PLAIN, metrics.encode_plain())
    };
    match encoded {
        Ok(all) => text(StatusCode::OK, kind, all),
        Err(_) => text(StatusCode::INTERNAL_SERVER_ERROR, PLAIN, String::new()),
    }
}

/// Prometheus asks for OpenMetrics; a person with curl, and older programs, read the plain text.
fn takes_openmetrics(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT).iter();
    accepted
        .filter_map(|accept| accept.to_str().ok())
        .any(|accept| accept.contains("application/openmetrics-text"))
}

fn text(status: StatusCode, kind: &'static str, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
