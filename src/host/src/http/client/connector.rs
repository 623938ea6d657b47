//! Connections to the outside, each within the time its request allows.

use hyper::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use std::error::Error;
use std::io;
use std::pin::Pin;
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

/// Opens TCP connections, in no more time than [`within`] says.
#[derive(Clone, Debug)]
pub(crate) struct Connector(pub(crate) HttpConnector);

type BoxError = Box<dyn Error + Send + Sync>;

impl Service<Uri> for Connector {
    type Response = TokioIo<TcpStream>;
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
                Ok(connected.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??)
            }),
            Err(_) => Box::pin(async move { Ok(connecting.await?) }),
        }
    }
}
