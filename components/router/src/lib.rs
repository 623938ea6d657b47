//! Stands before all routes of the application, for hosts that run one file: which chain answers a path.
//!
//! Imports the chains, and nothing else: requests and answers pass through as handles.

use reelgate_wasi::core::http::Answer;
use reelgate_wasi::core::routes::{self, Chain};
use reelgate_wasi::{ErrorCode, Request, Response};

#[allow(
    unsafe_code,
    missing_docs,
    clippy::all,
    reason = "generated: foreign calls need it"
)]
mod bindings {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "router",
        with: {
            "wasi:clocks/types@0.3.0": wasip3::clocks::types,
            "wasi:http/types@0.3.0": wasip3::http::types,
        },
        generate_all,
    });
}

use bindings::reelgate::routes::{games, playback, reconciler, stream_source, videos, webhook};

struct Router;

reelgate_wasi::export_handler!(Router);

impl wasip3::exports::http::handler::Guest for Router {
    async fn handle(request: Request) -> Result<Response, ErrorCode> {
        let target = request.get_path_with_query().unwrap_or_default();
        match routes::find(&target) {
            Some(Chain::Games) => games::handle(request).await,
            Some(Chain::StreamSource) => stream_source::handle(request).await,
            Some(Chain::Playback) => playback::handle(request).await,
            Some(Chain::Webhook) => webhook::handle(request).await,
            Some(Chain::Videos) => videos::handle(request).await,
            Some(Chain::Reconciler) => reconciler::handle(request).await,
            None => reelgate_wasi::reply(unrouted(&target)),
        }
    }
}

/// The same words as `reelgate serve` has for them.
fn unrouted(target: &str) -> Answer {
    match target {
        "/healthz" => Answer::text(200, "ok"),
        _ => Answer::text(404, "Not Found"),
    }
}
