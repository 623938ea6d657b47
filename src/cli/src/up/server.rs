//! A small HTTP server for pages on this machine.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::sync::Arc;
use tokio::net::TcpListener;

/// A whole answer.
pub(super) type Answer = Response<Full<Bytes>>;

/// Answers by `answer` for as long as it is polled.
pub(super) async fn serve<State, Asked>(
    listener: TcpListener,
    state: Arc<State>,
    answer: impl Fn(Request<Incoming>, Arc<State>) -> Asked + Clone + Send + 'static,
) -> std::io::Result<()>
where
    State: Send + Sync + 'static,
    Asked: Future<Output = Answer> + Send,
{
    loop {
        let (socket, _) = listener.accept().await?;
        let (state, answer) = (Arc::clone(&state), answer.clone());
        let service = service_fn(move |request| {
            let answered = answer(request, Arc::clone(&state));
            async move { Ok::<_, Infallible>(answered.await) }
        });
        // A browser that leaves is no error of ours.
        tokio::spawn(
            http1::Builder::new()
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(socket), service),
        );
    }
}

/// 200, never kept by a browser.
pub(super) fn content(kind: &'static str, body: impl Into<Bytes>) -> Answer {
    let mut response = Response::new(Full::new(body.into()));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Only a status.
pub(super) fn status(status: StatusCode) -> Answer {
    let words = status.canonical_reason().unwrap_or_default();
    let mut response = content("text/plain; charset=utf-8", words);
    *response.status_mut() = status;
    response
}
