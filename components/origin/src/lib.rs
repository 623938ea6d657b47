//! Turns a path into a signed request to the bucket and streams the answer.
//!
//! May reach the bucket's endpoint and nothing else; never sees a viewer's credential. Every rule is in
//! `reelgate_core::origin`; this loop does what it says.

use reelgate_wasi::core::http::Answer;
use reelgate_wasi::core::origin::{Config, Dialogue, Event, Failure, Level, Note, Step};
use reelgate_wasi::{ErrorCode, Fields, Incoming, OncePerInstance, Request, Response};

struct Origin;

reelgate_wasi::export_handler!(Origin);

static CONFIG: OncePerInstance<Config> = OncePerInstance::new();

impl wasip3::exports::http::handler::Guest for Origin {
    async fn handle(request: Request) -> Result<Response, ErrorCode> {
        let incoming = Incoming::read(request);
        match CONFIG.get(|| Config::from_lookup(&reelgate_wasi::variable)) {
            Some(config) => answer(&incoming, config).await,
            None => reelgate_wasi::reply(Answer::text(500, "misconfigured")),
        }
    }
}

async fn answer(incoming: &Incoming, config: &Config) -> Result<Response, ErrorCode> {
    let (mut exchange, mut step) =
        Dialogue::start(&incoming.request(), config, reelgate_wasi::now());
    let mut current: Option<Response> = None;
    loop {
        step = match step {
            Step::Send(request) => match reelgate_wasi::fetch(&request).await {
                Ok(response) => {
                    let (status, headers) = reelgate_wasi::head_of(&response);
                    current = Some(response);
                    next(
                        &mut exchange,
                        Event::Head {
                            status,
                            headers: &headers,
                        },
                    )
                }
                Err(failure) => next(&mut exchange, Event::Failed(failure)),
            },
            Step::Pause(time) => {
                reelgate_wasi::pause(time).await;
                next(&mut exchange, Event::Paused)
            }
            Step::Read { limit } => match read_error(current.take(), limit).await {
                Ok(document) => next(&mut exchange, Event::Body(&document)),
                Err(failure) => next(&mut exchange, Event::Failed(failure)),
            },
            Step::Forward(head) => {
                let Some(response) = current else {
                    return Err(ErrorCode::InternalError(None));
                };
                return reelgate_wasi::forward(&head, response);
            }
            Step::Answer(answer) => return reelgate_wasi::reply(answer),
        };
        if let Some(note) = exchange.take_note() {
            log(&note);
        }
    }
}

fn next<'c>(exchange: &mut Dialogue<'c>, event: Event<'_, Fields>) -> Step<'c> {
    let [high, low, ..] = reelgate_wasi::random();
    exchange.next(event, reelgate_wasi::now(), u16::from_be_bytes([high, low]))
}

async fn read_error(response: Option<Response>, limit: usize) -> Result<Vec<u8>, Failure> {
    match response {
        Some(response) => reelgate_wasi::read_whole(response, limit).await,
        None => Ok(Vec::new()),
    }
}

fn log(note: &Note) {
    let level = match note.level {
        Level::Error => reelgate_wasi::Level::Error,
        Level::Warning => reelgate_wasi::Level::Warning,
    };
    reelgate_wasi::log(level, &note.to_string());
}
