//! The gate, asked as a host asks it.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use super::{Config, Decision, Outcome, Pass, Reply, decide};
use crate::{
    http::{Answer, Head, Method, Request},
    time::UnixTime,
    vectors::{self, NOW, SECRET, SESSION, SESSION_ID},
};

mod answers;
mod chance;
mod paths;
mod sessions;
mod transports;

const PORTAL: &str = "https://portal.example";

fn config_with(more: &[(&str, &str)]) -> Config {
    let base = [
        ("playback_token_secret", SECRET),
        ("allowed_origins", PORTAL),
    ];
    Config::from_lookup(&|name: &str| {
        let mut all = more.iter().chain(&base);
        all.find(|(other, _)| *other == name)
            .map(|(_, value)| value.to_string())
    })
    .unwrap()
}

/// A request in the making.
struct Ask {
    method: Method,
    target: String,
    headers: Vec<(String, String)>,
    config: Config,
    now: UnixTime,
}

fn get(target: impl Into<String>) -> Ask {
    Ask {
        method: Method::Get,
        target: target.into(),
        headers: Vec::new(),
        config: config_with(&[]),
        now: NOW,
    }
}

impl Ask {
    fn method(self, method: Method) -> Self {
        Self { method, ..self }
    }

    fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    fn cookie(self, session: &str) -> Self {
        self.header("cookie", &format!("reelgate_session={session}"))
    }

    fn by_the_portal(self) -> Self {
        self.header("Origin", PORTAL)
    }

    fn at(self, now: UnixTime) -> Self {
        Self { now, ..self }
    }

    fn with(self, variables: &[(&str, &str)]) -> Self {
        Self {
            config: config_with(variables),
            ..self
        }
    }

    fn decide(&self) -> Decision {
        let request = Request {
            method: self.method,
            target: &self.target,
            headers: &self.headers,
        };
        decide(&request, &self.config, self.now, || SESSION_ID)
    }

    fn pass(&self) -> Pass {
        match self.decide() {
            Decision::Forward(pass) => pass,
            Decision::Reply(reply) => panic!("{}: {:?}", self.target, reply.outcome()),
        }
    }

    fn reply(&self) -> Reply {
        match self.decide() {
            Decision::Reply(reply) => reply,
            Decision::Forward(_) => panic!("{} was forwarded", self.target),
        }
    }

    /// In one word: `ok`, a reason, or the kind of reply.
    fn outcome(&self) -> &'static str {
        match self.decide() {
            Decision::Forward(_) => "ok",
            Decision::Reply(reply) => match reply.outcome() {
                Outcome::Forbidden(reason) => reason.as_str(),
                Outcome::Preflight => "preflight",
                Outcome::MethodNotAllowed => "method_not_allowed",
                Outcome::NotFound => "not_found",
                Outcome::BadRequest(_) => "bad_request",
                Outcome::SessionInfo(_) => "session_info",
            },
        }
    }

    fn set_cookie(&self) -> Option<String> {
        let head = self.pass().respond(200, &Vec::<(&str, &str)>::new());
        value(&head, "set-cookie")
    }
}

fn value(head: &Head, name: &str) -> Option<String> {
    let mut values = head.headers.iter().filter(|(other, _)| *other == name);
    let value = values
        .next()
        .map(|(_, value)| String::from_utf8(value.to_vec()).unwrap());
    assert!(values.next().is_none(), "{name} occurs twice");
    value
}

/// Status, headers and body, one a line, headers in alphabetical order.
fn text(answer: &Answer) -> String {
    let mut text = head_text(&answer.head);
    text.push('\n');
    text.push_str(core::str::from_utf8(&answer.body).unwrap());
    text
}

fn head_text(head: &Head) -> String {
    let mut lines: Vec<String> = head
        .headers
        .iter()
        .map(|(name, value)| format!("{name}: {}\n", String::from_utf8_lossy(value)))
        .collect();
    lines.sort();
    format!("{}\n{}", head.status, lines.concat())
}

/// A good playback token of the vectors for game 2025001.
fn token() -> String {
    vectors::playback_tokens().swap_remove(0).token
}
