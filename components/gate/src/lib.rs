//! Lets a viewer's token in, swaps it for a session and passes the request on without it.
//!
//! Imports the next handler and its configuration: no network and no store (ARCHITECTURE.md, "Least
//! authority"). Every rule is in `reelgate_core::gate`.

use reelgate_wasi::core::gate::{self, Config, Decision, Pass, Reply};
use reelgate_wasi::core::http;
use reelgate_wasi::core::token::KnownSessions;
use reelgate_wasi::{ErrorCode, Gate as _, Incoming, Level, OncePerInstance, Request, Response};

struct Gate;

reelgate_wasi::export_handler!(Gate);
reelgate_wasi::export_gate!(Gate);
reelgate_wasi::import_next!();

static CONFIG: OncePerInstance<Config> = OncePerInstance::new();

thread_local! {
    /// What makes a viewer's next request cheap. It changes no decision.
    static KNOWN: KnownSessions = KnownSessions::default();
}

impl reelgate_wasi::Gate for Gate {
    fn decide(request: &http::Request<'_, [(String, Vec<u8>)]>) -> Option<Decision> {
        let config = configuration()?;
        let now = reelgate_wasi::now();
        Some(KNOWN.with(|known| {
            gate::decide_with(request, config, now, Some(known), reelgate_wasi::random)
        }))
    }
}

impl wasip3::exports::http::handler::Guest for Gate {
    async fn handle(request: Request) -> Result<Response, ErrorCode> {
        let incoming = Incoming::read(request);
        let request = incoming.request();
        match Self::decide(&request) {
            None => reelgate_wasi::reply(gate::misconfigured(request.method)),
            Some(Decision::Reply(reply)) => {
                log_refusal(&reply);
                reelgate_wasi::reply(reply.render())
            }
            Some(Decision::Forward(pass)) => forward(&pass).await,
        }
    }
}

fn configuration() -> Option<&'static Config> {
    CONFIG.get(|| Config::from_lookup(&reelgate_wasi::variable))
}

async fn forward(pass: &Pass) -> Result<Response, ErrorCode> {
    let Ok(upstream) = next(pass.method(), pass.target(), pass.headers()).await else {
        return reelgate_wasi::reply(pass.unavailable());
    };
    let (status, headers) = reelgate_wasi::head_of(&upstream);
    reelgate_wasi::forward(&pass.respond(status, &headers), upstream)
}

/// On a host that knows nothing of our header, a refusal's reason goes to standard error.
fn log_refusal(reply: &Reply) {
    let fields = reply.log_fields();
    if fields.reason.is_some() && !configuration().is_some_and(Config::host_logs) {
        reelgate_wasi::log(Level::Info, &format!("refused: {}", fields.to_header()));
    }
}
