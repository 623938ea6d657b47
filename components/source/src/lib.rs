//! Lets Stream fetch an original by an address that was signed for it, and by no other.
//!
//! Imports the next handler and its configuration: no network and no store. Every rule is in
//! `reelgate_core::video::routes::source`.

use reelgate_wasi::core::video::config::Webhook;
use reelgate_wasi::core::video::routes::problem;
use reelgate_wasi::core::video::routes::source::{self, Decision, Forward, Respond};
use reelgate_wasi::{ErrorCode, Incoming, OncePerInstance, Request, Response};

struct Source;

reelgate_wasi::export_handler!(Source);
reelgate_wasi::import_next!();

static CONFIG: OncePerInstance<Webhook> = OncePerInstance::new();

impl wasip3::exports::http::handler::Guest for Source {
    async fn handle(request: Request) -> Result<Response, ErrorCode> {
        let incoming = Incoming::read(request);
        let request = incoming.request();
        let Some(config) = CONFIG.get(|| Webhook::from_lookup(&reelgate_wasi::variable)) else {
            return reelgate_wasi::reply(problem::misconfigured().for_method(request.method));
        };
        match source::decide(&request, config.secrets.as_ref(), reelgate_wasi::now()) {
            Decision::Answer(answer) => reelgate_wasi::reply(answer),
            Decision::Forward(leave) => forward(&leave).await,
        }
    }
}

async fn forward(leave: &Forward) -> Result<Response, ErrorCode> {
    let Ok(upstream) = next(leave.method(), &leave.target(), leave.headers()).await else {
        return reelgate_wasi::reply(leave.unavailable());
    };
    let (status, headers) = reelgate_wasi::head_of(&upstream);
    match leave.respond(status, &headers) {
        Respond::Forward(head) => reelgate_wasi::forward(&head, upstream),
        Respond::Answer(answer) => reelgate_wasi::reply(answer),
    }
}
