//! The page that plays the sample: a stand-in for a portal, for development only.

use super::portal::Portal;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::sync::Arc;
use tokio::net::TcpListener;

const PAGE: &str = include_str!("page.html");
/// hls.js 1.7.4, light build, without its source map; its licence lies beside it.
const HLS_JS: &str = include_str!("hls.light.min.js");

/// Serves the page for as long as it is polled.
pub(super) async fn serve(listener: TcpListener, portal: Arc<Portal>) -> std::io::Result<()> {
    loop {
        let (socket, _) = listener.accept().await?;
        let portal = Arc::clone(&portal);
        let service = service_fn(move |request| {
            let portal = Arc::clone(&portal);
            async move { Ok::<_, Infallible>(answer(&request, &portal).await) }
        });
        // A browser that leaves is no error of ours.
        tokio::spawn(
            http1::Builder::new()
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(socket), service),
        );
    }
}

async fn answer<B>(request: &Request<B>, portal: &Portal) -> Response<Full<Bytes>> {
    match request.uri().path() {
        "/" => content(
            "text/html; charset=utf-8",
            Bytes::from_static(PAGE.as_bytes()),
        ),
        "/hls.js" => content(
            "text/javascript; charset=utf-8",
            Bytes::from_static(HLS_JS.as_bytes()),
        ),
        "/token" => content("application/json", portal.token_json().into()),
        "/videos" => match portal.videos_json().await {
            Some(videos) => content("application/json", videos.into()),
            None => not_found(),
        },
        _ => not_found(),
    }
}

fn not_found() -> Response<Full<Bytes>> {
    let mut response = content(
        "text/plain; charset=utf-8",
        Bytes::from_static(b"Not Found"),
    );
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

fn content(kind: &'static str, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
