//! slowhttptest: a thousand clients who send their heads or bodies, or take their answers, as slowly as they may.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::trial::{Stage, Trial};
use super::verdict::Done;
use crate::testbed::fixture;
use crate::testbed::server;
use crate::testbed::stream;

/// Heads that never end.
pub(super) const HEADERS: Trial = Trial::new("slow-headers", "slowhttptest -H", |stage| {
    run(stage, &Attack::headers(CONNECTIONS, SECONDS))
});

/// Bodies that come a few bytes at a time.
pub(super) const BODIES: Trial = Trial::new("slow-bodies", "slowhttptest -B, webhook", |stage| {
    run(stage, &Attack::bodies(CONNECTIONS, SECONDS)?)
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
    ///
    /// # Errors
    /// As [`stream::forged`].
    pub(super) fn bodies(connections: u32, seconds: u64) -> Result<Self> {
        let mut words = ["-B", "-i", "5", "-s", "200000", "-x", "10", "-f"]
            .map(str::to_owned)
            .to_vec();
        // slowhttptest has no option for a header of one's own. Without one that looks like Stream's the host
        // need not wait for the body.
        words.push(format!("application/json\r\n{}", stream::forged()?));
        Ok(Self {
            words,
            path: "/api/webhooks/stream".to_owned(),
            connections,
            seconds,
        })
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

/// Runs it until its time is over, again where the host has closed all connections before that. Whether it
/// finds the host available is its own opinion: our viewers are asked.
///
/// # Errors
/// When slowhttptest fails or says nothing.
pub(super) fn run(stage: &Stage<'_>, attack: &Attack) -> Result<Done> {
    let until = Instant::now() + Duration::from_secs(attack.seconds);
    let mut ends = Vec::new();
    loop {
        let left = until.saturating_duration_since(Instant::now()).as_secs();
        if left == 0 {
            break;
        }
        let page = once(stage, attack, left)?;
        ends.push(End::parse(&page).context("slowhttptest does not say how it ended")?);
    }
    let connections = ends.len() * attack.connections as usize;
    let closed = ends.iter().filter(|end| **end == End::AllClosed).count();
    Ok(Done {
        what: format!(
            "{connections} connections, {} times all {} closed by the host",
            closed, attack.connections
        ),
        ..Done::default()
    })
}

fn once(stage: &Stage<'_>, attack: &Attack, seconds: u64) -> Result<String> {
    let address = stage.host.place().address();
    server::run_to_end(
        Command::new("slowhttptest")
            .args(&attack.words)
            .args(["-c", &attack.connections.to_string()])
            .args(["-r", &(attack.connections / 4).max(1).to_string()])
            .args(["-l", &seconds.to_string()])
            .args(["-u", &format!("http://{address}{}", attack.path)]),
    )
}

/// Why slowhttptest ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The host has closed every connection.
    AllClosed,
    /// Its time was over, with some open.
    TimeOver,
}

impl End {
    fn parse(page: &str) -> Option<Self> {
        let (_, status) = page.rsplit_once("Exit status:")?;
        let says = |words: &str| status.contains(words);
        match () {
            () if says("No open connections left") => Some(Self::AllClosed),
            () if says("Hit test time limit") => Some(Self::TimeOver),
            () => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::End;

    #[test]
    fn the_reason_is_read_through_its_colours() {
        let page = |reason| format!("Test ended\nExit status:\u{1b}[1;36m {reason}\n\u{1b}[0m");
        let parse = |reason| End::parse(&page(reason));
        assert_eq!(parse("No open connections left"), Some(End::AllClosed));
        assert_eq!(parse("Hit test time limit"), Some(End::TimeOver));
        assert_eq!(parse("Cancelled by user"), None);
        assert_eq!(End::parse("usage"), None);
    }
}
