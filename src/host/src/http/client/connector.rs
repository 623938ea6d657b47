//! Connections to the outside: each opened within the time its request allows, and each known for whether
//! it has answered before.

use hyper::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::rt::TokioIo;
use std::error::Error;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::net::TcpStream;
use tower_service::Service;

tokio::task_local! {
    /// The client asks for a connection with nothing but an address; the rest travels beside the call.
    static LIMIT: Duration;
}

/// Runs `request`, which may open a connection: within `limit`, where there is one.
pub(crate) async fn within<T>(limit: Option<Duration>, request: impl Future<Output = T>) -> T {
    match limit {
        Some(limit) => LIMIT.scope(limit, request).await,
        None => request.await,
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

/// Opens TCP connections, in no more time than [`within`] says.
#[derive(Clone, Debug)]
pub(crate) struct Connector(pub(crate) HttpConnector);

type BoxError = Box<dyn Error + Send + Sync>;

impl Service<Uri> for Connector {
    type Response = Socket;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(cx).map_err(BoxError::from)
    }

    fn call(&mut self, address: Uri) -> Self::Future {
        let connecting = self.0.call(address);
        match LIMIT.try_with(|limit| *limit) {
            Ok(limit) => Box::pin(async move {
                let connected = tokio::time::timeout(limit, connecting).await;
                let connected =
                    connected.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
                Ok(Socket::new(connected))
            }),
            Err(_) => Box::pin(async move { Ok(Socket::new(connecting.await?)) }),
        }
    }
}

/// A TCP connection whose requests can ask whether it is [`Used`].
#[derive(Debug)]
pub(crate) struct Socket {
    tcp: TokioIo<TcpStream>,
    used: Used,
}

impl Socket {
    fn new(tcp: TokioIo<TcpStream>) -> Self {
        Self {
            tcp,
            used: Used::default(),
        }
    }
}

impl Connection for Socket {
    fn connected(&self) -> Connected {
        self.tcp.connected().extra(self.used.clone())
    }
}

impl Read for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_read(cx, buffer)
    }
}

impl Write for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tcp).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tcp).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }
}
