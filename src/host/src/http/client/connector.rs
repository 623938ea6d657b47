//! Connections to the outside: each opened within the time its request allows, and each known for whether
//! it has answered before.

use crate::http::client::tls::TlsStream;
use http::uri::Scheme;
use hyper::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::rt::TokioIo;
use reelgate_core::origin;
use rustls::pki_types::{InvalidDnsNameError, ServerName};
use std::error::Error;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::task::futures::TaskLocalFuture;
use tokio_util::either::Either;
use tower_service::Service;

tokio::task_local! {
    /// The client asks for a connection with nothing but an address; the rest travels beside the call.
    static LIMIT: Duration;
}

/// Runs `request`, which may open a connection: within `limit`, where there is one.
pub(crate) fn within<R: Future>(
    limit: Option<Duration>,
    request: R,
) -> Either<TaskLocalFuture<Duration, R>, R> {
    match limit {
        Some(limit) => Either::Left(LIMIT.scope(limit, request)),
        None => Either::Right(request),
    }
}

/// Whether a connection has brought an answer: from then on its other end may close it at any moment,
/// also while the next request is on its way.
#[derive(Clone, Debug, Default)]
pub(crate) struct Used(Arc<AtomicBool>);

impl Used {
    /// It brought an answer.
    pub(crate) fn mark(&self) {
        self.0.store(true, Relaxed);
    }

    /// Whether it ever brought an answer.
    pub(crate) fn is_marked(&self) -> bool {
        self.0.load(Relaxed)
    }
}

/// Opens connections: the TCP part of each in no more time than [`within`] says.
#[derive(Clone, Debug)]
pub(crate) struct Connector {
    pub(crate) tcp: HttpConnector,
    pub(crate) tls: Arc<rustls::ClientConfig>,
}

type BoxError = Box<dyn Error + Send + Sync>;

impl Service<Uri> for Connector {
    type Response = Socket;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.tcp.poll_ready(cx).map_err(BoxError::from)
    }

    fn call(&mut self, address: Uri) -> Self::Future {
        let limit = LIMIT.try_with(|limit| *limit).ok();
        let tls = (address.scheme() == Some(&Scheme::HTTPS)).then(|| Arc::clone(&self.tls));
        let name = address.host().unwrap_or_default().to_owned();
        let connecting = self.tcp.call(address);
        Box::pin(async move {
            let tcp = match limit {
                Some(limit) => tokio::time::timeout(limit, connecting)
                    .await
                    .map_err(|_| timed_out())?,
                None => connecting.await,
            };
            let tcp = tcp?.into_inner();
            let stream = match tls {
                None => Either::Left(tcp),
                Some(tls) => {
                    let name = server_name(&name)?;
                    let shaking_hands = TlsStream::connect(tcp, tls, name);
                    // Whose request has found another connection meanwhile has no other limit.
                    let stream = tokio::time::timeout(origin::FIRST_BYTE, shaking_hands).await;
                    Either::Right(Box::new(stream.map_err(|_| timed_out())??))
                }
            };
            Ok(Socket {
                stream: TokioIo::new(stream),
                used: Used::default(),
            })
        })
    }
}

fn timed_out() -> io::Error {
    io::ErrorKind::TimedOut.into()
}

/// Whom the server has to prove to be. An address of IPv6 has brackets in a URI (RFC 3986, section 3.2.2).
fn server_name(host: &str) -> Result<ServerName<'static>, InvalidDnsNameError> {
    let address = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    ServerName::try_from(address.unwrap_or(host).to_owned())
}

/// A connection whose requests can ask whether it is [`Used`].
#[derive(Debug)]
pub(crate) struct Socket {
    stream: TokioIo<Either<TcpStream, Box<TlsStream>>>,
    used: Used,
}

impl Connection for Socket {
    fn connected(&self) -> Connected {
        Connected::new().extra(self.used.clone())
    }
}

impl Read for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl Write for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
