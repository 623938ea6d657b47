//! Takes what Stream reports, once it has proved to be Stream.
//!
//! Imports the catalog and its configuration: no network and no store. Every rule is in
//! `reelgate_core::video::routes::webhook`.

use reelgate_wasi::core::http::Answer;
use reelgate_wasi::core::video::config::Webhook;
use reelgate_wasi::core::video::routes::webhook::{self, Awaited, MAX_BODY_BYTES};
use reelgate_wasi::core::video::{Report, Via, routes::problem};
use reelgate_wasi::{Body, ErrorCode, Incoming, Level, OncePerInstance, Request, Response};

struct Receiver;

reelgate_wasi::export_handler!(Receiver);
reelgate_wasi::import_catalog!();

static CONFIG: OncePerInstance<Webhook> = OncePerInstance::new();

impl wasip3::exports::http::handler::Guest for Receiver {
    async fn handle(request: Request) -> Result<Response, ErrorCode> {
        let (incoming, body) = Incoming::with_body(request);
        let request = incoming.request();
        let Some(config) = CONFIG.get(|| Webhook::from_lookup(&reelgate_wasi::variable)) else {
            return reelgate_wasi::reply(problem::misconfigured().for_method(request.method));
        };
        let secrets = config.secrets.as_ref();
        reelgate_wasi::reply(
            match webhook::precheck(&request, secrets, reelgate_wasi::now()) {
                Ok(awaited) => read(&awaited, body).await,
                Err(answer) => answer,
            },
        )
    }
}

async fn read(awaited: &Awaited<'_>, body: Body) -> Answer {
    let body = match body.read_at_most(MAX_BODY_BYTES + 1).await {
        Ok(body) => body,
        Err(unread) => return unread.render(),
    };
    match awaited.decide(&body) {
        Ok(report) => receive(&report).await,
        Err(answer) => answer,
    }
}

async fn receive(report: &Report) -> Answer {
    match catalog::apply_report(report, Via::Webhook).await {
        Ok(row) => webhook::received(row.map(|row| row.status)),
        Err(error) => {
            let line = format!("a report was not kept: {error:?}");
            reelgate_wasi::log(Level::Error, &line);
            webhook::unavailable()
        }
    }
}
