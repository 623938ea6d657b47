//! The page that plays the sample: a stand-in for a portal, for development only.

use super::portal::Portal;
use super::server::{self, Answer, content, status};
use http::{Request, StatusCode};
use std::sync::Arc;
use tokio::net::TcpListener;

const PAGE: &str = include_str!("page.html");
/// hls.js 1.7.4, light build, without its source map; its licence lies beside it.
const HLS_JS: &str = include_str!("hls.light.min.js");

/// Serves the page for as long as it is polled.
pub(super) async fn serve(listener: TcpListener, portal: Arc<Portal>) -> std::io::Result<()> {
    server::serve(listener, portal, |request, portal| async move {
        answer(&request, &portal).await
    })
    .await
}

async fn answer<B>(request: &Request<B>, portal: &Portal) -> Answer {
    // The page is open to whoever knows where it is.
    let Some(below) = request.uri().path().strip_prefix(portal.folder()) else {
        return status(StatusCode::NOT_FOUND);
    };
    match below {
        "" => content("text/html; charset=utf-8", PAGE),
        "hls.js" => content("text/javascript; charset=utf-8", HLS_JS),
        "token" => content("application/json", portal.token_json()),
        "videos" => match portal.videos_json().await {
            Some(videos) => content("application/json", videos),
            None => status(StatusCode::NOT_FOUND),
        },
        _ => status(StatusCode::NOT_FOUND),
    }
}
