//! A component that misbehaves when told to: `/hostile/{loop,hoard,trap,exit,fail}`, as a handler and, but
//! for the last, as a gate that decides. Everything else it answers properly. For the tests alone.

use reelgate_core::gate::Decision;
use reelgate_core::http::{self, Answer};
use reelgate_wasi::{ErrorCode, Gate, Incoming, Level, Request, Response};
use std::hint::black_box;

struct Hostile;

reelgate_wasi::export_handler!(Hostile);
reelgate_wasi::export_gate!(Hostile);

impl Gate for Hostile {
    /// Leaves to the handler what it does not spoil itself.
    fn decide(request: &http::Request<'_, [(String, Vec<u8>)]>) -> Option<Decision> {
        misbehave(request.target);
        None
    }
}

impl wasip3::exports::http::handler::Guest for Hostile {
    async fn handle(request: Request) -> Result<Response, ErrorCode> {
        let incoming = Incoming::read(request);
        let target = incoming.request().target;
        misbehave(target);
        match target {
            "/hostile/fail" => Err(ErrorCode::InternalError(None)),
            "/hostile/shout" => shout(),
            _ => reelgate_wasi::reply(Answer::text(200, "well behaved")),
        }
    }
}

fn misbehave(target: &str) {
    match target {
        "/hostile/loop" => loop_for_ever(),
        "/hostile/hoard" => hoard(),
        "/hostile/trap" => panic!("told to"),
        "/hostile/exit" => std::process::exit(3),
        _ => {}
    }
}

fn loop_for_ever() -> ! {
    let mut turns = 0_u64;
    loop {
        turns = black_box(turns + 1);
    }
}

fn hoard() -> ! {
    let mut treasure = Vec::new();
    loop {
        treasure.push(black_box(vec![1_u8; 1 << 20]));
    }
}

/// Tries to write a line of the log that looks like the host's.
fn shout() -> Result<Response, ErrorCode> {
    reelgate_wasi::log(Level::Error, "\",\"status\":200}\r\n{\"kind\":\"request\"}");
    reelgate_wasi::reply(Answer::text(200, "shouted"))
}
