//! slowhttptest: a thousand clients who send their heads or bodies, or take their answers, as slowly as they may.

use std::process::Command;

use anyhow::{Context, Result};

use super::trial::{Stage, Trial};
use super::verdict::Done;
use crate::testbed::fixture;
use crate::testbed::server;

/// Heads that never end.
pub(super) const HEADERS: Trial = Trial::new("slow-headers", "slowhttptest -H", |stage| {
    run(stage, &Attack::headers(CONNECTIONS, SECONDS))
});

/// Bodies that come a few bytes at a time.
pub(super) const BODIES: Trial = Trial::new("slow-bodies", "slowhttptest -B, webhook", |stage| {
    run(stage, &Attack::bodies(CONNECTIONS, SECONDS))
});

/// A film that is taken a few bytes at a time.
pub(super) const READING: Trial = Trial::new("slow-reading", "slowhttptest -X, film", |stage| {
    let attack = Attack::reading(stage, CONNECTIONS, SECONDS);
    run(stage, &attack)
});

const CONNECTIONS: u32 = 1_000;
const SECONDS: u64 = 45;

/// What slowhttptest is told.
pub(super) struct Attack {
    words: Vec<String>,
    path: String,
    connections: u32,
    seconds: u64,
}

impl Attack {
    /// A header every few seconds, without an end.
    pub(super) fn headers(connections: u32, seconds: u64) -> Self {
        let words = ["-H", "-i", "5", "-x", "24"].map(str::to_owned).to_vec();
        Self {
            words,
            path: fixture::small(),
            connections,
            seconds,
        }
    }

    /// A few bytes of body every few seconds, where bodies are taken.
    pub(super) fn bodies(connections: u32, seconds: u64) -> Self {
        let words = ["-B", "-i", "5", "-s", "200000", "-x", "10"]
            .map(str::to_owned)
            .to_vec();
        Self {
            words,
            path: "/api/webhooks/stream".to_owned(),
            connections,
            seconds,
        }
    }

    /// A film that its viewer may watch, and takes 32 bytes of every few seconds.
    pub(super) fn reading(stage: &Stage<'_>, connections: u32, seconds: u64) -> Self {
        let mut words = ["-X", "-w", "512", "-y", "1024", "-n", "5", "-z", "32", "-j"]
            .map(str::to_owned)
            .to_vec();
        words.push(stage.fixture.cookie());
        Self {
            words,
            path: fixture::large(),
            connections,
            seconds,
        }
    }
}

/// Runs it to its end. Whether it finds the host available is its own opinion: our viewers are asked.
///
/// # Errors
/// When slowhttptest fails or says nothing.
pub(super) fn run(stage: &Stage<'_>, attack: &Attack) -> Result<Done> {
    let address = stage.gate.place().address();
    let page = server::run_to_end(
        Command::new("slowhttptest")
            .args(&attack.words)
            .args(["-c", &attack.connections.to_string()])
            .args(["-r", &(attack.connections / 4).max(1).to_string()])
            .args(["-l", &attack.seconds.to_string()])
            .args(["-u", &format!("http://{address}{}", attack.path)]),
    )?;
    let last = Connections::parse(&page).context("slowhttptest does not say what became of it")?;
    Ok(Done {
        what: format!(
            "{} connections, {} closed by the host, {} open at the end",
            attack.connections, last.closed, last.connected
        ),
        ..Done::default()
    })
}

/// The last of the states that slowhttptest prints.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Connections {
    connected: u64,
    closed: u64,
}

impl Connections {
    fn parse(page: &str) -> Option<Self> {
        let last = |name: &str| {
            let lines = page.lines().rev();
            let values = lines.filter_map(|line| line.split_once(name));
            let mut numbers = values.filter_map(|(_, value)| number(value));
            numbers.next()
        };
        Some(Self {
            connected: last("connected:")?,
            closed: last("closed:")?,
        })
    }
}

/// The number at the end of a line, behind blanks and an escape that colours it.
fn number(text: &str) -> Option<u64> {
    let ends_with = |mark: char| mark == 'm' || mark.is_whitespace();
    text.trim_end().rsplit(ends_with).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::Connections;

    #[test]
    fn the_last_state_is_read_through_its_colours() {
        let state = |connected, closed| {
            format!(
                "\u{1b}[1;32mconnected:   \u{1b}[1;32m        {connected}\n\
                 \u{1b}[1;32merror:       \u{1b}[1;32m        0\n\
                 \u{1b}[1;32mclosed:      \u{1b}[1;32m        {closed}\n"
            )
        };
        let page = format!("{}...\n{}\nTest ended\n", state(95, 5), state(7, 993));
        let expected = Connections {
            connected: 7,
            closed: 993,
        };
        assert_eq!(Connections::parse(&page), Some(expected));
        assert_eq!(Connections::parse("usage"), None);
    }
}
