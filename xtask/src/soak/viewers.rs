//! Viewers who play throughout a trial: each answer is to be 200, with every byte in its place.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::fixed_rate::Crew;
use super::gate::Place;
use crate::testbed::bucket;
use crate::testbed::client::Client;
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

    fn join(mut self, other: Self) -> Self {
        self.requests += other.requests;
        self.failed += other.failed;
        self.reasons.extend(other.reasons);
        self.reasons.truncate(REASONS);
        self.waits.extend(other.waits);
        self
    }
}

/// Viewers who play.
#[derive(Debug)]
pub(super) struct Viewers(Crew<Viewer>);

impl Viewers {
    /// They begin: some on a connection that they keep, some with a new one for each request.
    pub(super) fn play(fixture: &Fixture<'_>, place: &Place, retry: Retry) -> Self {
        let mut crew = Crew::new();
        for number in 0..2 * OF_EACH {
            let viewer = Viewer {
                place: place.clone(),
                cookie: fixture.cookie(),
                keeps_connection: number % 2 == 0,
                retry,
                connection: None,
                seen: Seen::default(),
            };
            crew.add(viewer, PAUSE, Viewer::watch);
        }
        Self(crew)
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
        while outcome.is_err() && self.asks_again(began) {
            // A player's own pause between two tries.
            std::thread::sleep(PAUSE);
            outcome = self.segment();
        }
        self.seen.note(&outcome, began.elapsed());
    }

    fn asks_again(&self, began: Instant) -> bool {
        match self.retry {
            Retry::Never => false,
            Retry::For(limit) => began.elapsed() < limit,
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
        ensure!(
            answer.status == 200,
            "a viewer is answered {}",
            answer.status
        );
        ensure!(
            answer.body.len() == size && bucket::is_content(&answer.body),
            "a viewer is given wrong bytes: {} of {size}",
            answer.body.len()
        );
        self.connection = Some(connection);
        Ok(())
    }
}
