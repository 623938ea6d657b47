//! Viewers who play throughout a trial: each answer is to be 200, with every byte in its place.

use std::fmt;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::host::Place;
use super::workers::Workers;
use crate::testbed::bucket;
use crate::testbed::client::{Answer, Client};
use crate::testbed::fixture::{self, Fixture, LARGE_BYTES, SMALL_BYTES};

/// Viewers of each manner.
const OF_EACH: usize = 3;
/// From an answer to the next request of one viewer.
const PAUSE: Duration = Duration::from_millis(40);
/// One request in so many is for the large segment.
const LARGE_EVERY: usize = 32;
/// Reasons for failures that are kept.
const REASONS: usize = 3;

/// What viewers do when the host is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Retry {
    /// That is a failure.
    Never,
    /// They ask again, as players do, for so long.
    For(Duration),
}

/// What viewers saw.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    /// Requests that were made.
    pub(super) requests: usize,
    /// Those that were not answered as they should be.
    pub(super) failed: usize,
    /// Some of the reasons.
    pub(super) reasons: Vec<String>,
    /// From asking to the last byte, connecting included, in the order of time.
    pub(super) waits: Vec<Duration>,
}

impl Seen {
    fn note(&mut self, outcome: &Result<()>, wait: Duration) {
        self.requests += 1;
        self.waits.push(wait);
        if let Err(error) = outcome {
            self.failed += 1;
            if self.reasons.len() < REASONS {
                self.reasons.push(format!("after {wait:.1?}: {error:#}"));
            }
        }
    }

    /// With what was seen in calm: its failures count, and its waits would make those under attack look short.
    pub(super) fn beside(mut self, calm: Self) -> Self {
        self.requests += calm.requests;
        self.failed += calm.failed;
        self.reasons.extend(calm.reasons);
        self.reasons.truncate(REASONS);
        self
    }

    fn join(mut self, mut other: Self) -> Self {
        self.waits.append(&mut other.waits);
        self.beside(other)
    }
}

/// Viewers who play.
#[derive(Debug)]
pub(super) struct Viewers(Workers<Viewer>);

impl Viewers {
    /// They begin: some on a connection that they keep, some with a new one for each request.
    pub(super) fn play(fixture: &Fixture<'_>, place: &Place, retry: Retry) -> Self {
        let mut workers = Workers::new();
        for number in 0..2 * OF_EACH {
            let viewer = Viewer {
                place: place.clone(),
                cookie: fixture.cookie(),
                keeps_connection: number % 2 == 0,
                retry,
                connection: None,
                seen: Seen::default(),
            };
            workers.add(viewer, PAUSE, Viewer::watch);
        }
        Self(workers)
    }

    /// They leave; what they saw.
    pub(super) fn leave(self) -> Seen {
        let viewers = self.0.stop().into_iter();
        viewers.fold(Seen::default(), |seen, viewer| seen.join(viewer.seen))
    }
}

#[derive(Debug)]
struct Viewer {
    place: Place,
    cookie: String,
    keeps_connection: bool,
    retry: Retry,
    connection: Option<Client>,
    seen: Seen,
}

impl Viewer {
    fn watch(&mut self) {
        let began = Instant::now();
        let mut outcome = self.segment();
        while outcome.is_err() && self.asks_again(&outcome, began) {
            // A player's own pause between two tries.
            thread::sleep(PAUSE);
            outcome = self.segment();
        }
        self.seen.note(&outcome, began.elapsed());
    }

    /// Only a connection that breaks is worth another try: a wrong answer stays wrong.
    fn asks_again(&self, outcome: &Result<()>, began: Instant) -> bool {
        let is_answer = |error: &anyhow::Error| error.is::<WrongAnswer>();
        match self.retry {
            Retry::Never => false,
            Retry::For(limit) => !outcome.as_ref().is_err_and(is_answer) && began.elapsed() < limit,
        }
    }

    fn segment(&mut self) -> Result<()> {
        let kept = self.connection.take().filter(|_| self.keeps_connection);
        let mut connection = match kept {
            Some(connection) => connection,
            None => Client::connect(self.place.address())?,
        };
        let is_large = self.seen.requests % LARGE_EVERY == LARGE_EVERY - 1;
        let (path, size) = match is_large {
            true => (fixture::large(), LARGE_BYTES),
            false => (fixture::small(), SMALL_BYTES),
        };
        let answer = connection.get(&path, &self.cookie)?;
        WrongAnswer::unless_right(&answer, size)?;
        self.connection = Some(connection);
        Ok(())
    }
}

/// A whole answer that is not what was asked for.
#[derive(Debug)]
struct WrongAnswer {
    status: u16,
    bytes: usize,
    expected: usize,
}

impl WrongAnswer {
    fn unless_right(answer: &Answer, expected: usize) -> Result<(), Self> {
        let is_whole = answer.body.len() == expected && bucket::is_content(&answer.body);
        if answer.status == 200 && is_whole {
            return Ok(());
        }
        Err(Self {
            status: answer.status,
            bytes: answer.body.len(),
            expected,
        })
    }
}

impl fmt::Display for WrongAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            status,
            bytes,
            expected,
        } = self;
        write!(
            f,
            "status {status}, {bytes} of {expected} bytes or others than there should be"
        )
    }
}

impl std::error::Error for WrongAnswer {}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Answer, WrongAnswer};

    #[test]
    fn an_answer_is_judged_by_status_length_and_bytes() {
        let judge = |status, body: &[u8]| {
            let answer = Answer {
                status,
                body: body.to_vec(),
                first_byte: Duration::ZERO,
            };
            WrongAnswer::unless_right(&answer, 3).is_ok()
        };
        assert!(judge(200, &[0, 1, 2]));
        assert!(!judge(206, &[0, 1, 2]));
        assert!(!judge(200, &[0, 1]));
        assert!(!judge(200, &[0, 1, 3]));
    }
}
