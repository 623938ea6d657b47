//! All of it in turns, at a moderate rate, for as long as is asked for, while reports come, videos are listed
//! and the catalog is swept.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::catalog::{Operator, Reporter};
use super::crowd::Crowd;
use super::flood;
use super::host::Place;
use super::slow::{self, Attack};
use super::trial::{Stage, Trial};
use super::verdict::Done;
use super::workers::{Stop, Workers};
use crate::testbed::fixture;

/// Everything.
pub(super) const MIXED: Trial = Trial::new("mixed", "all in turns", |stage| {
    let work = Work::begin(stage.host.place())?;
    let turns = turns(stage);
    let (reporters, operators) = work.end();
    let (count, let_in) = turns?;
    let mut done = settle(stage, &reporters, &operators)?;
    done.what = format!("{} minutes, {count} turns, {}", stage.minutes, done.what);
    done.let_in = let_in;
    Ok(done)
});

/// Connections of each slow attack, and how long it takes.
const SLOW: u32 = 200;
const SLOW_SECONDS: u64 = 10;
/// How long a flood takes.
const FLOOD_SECONDS: u64 = 5;
/// Idle connections, and how long they stay.
const CROWD: usize = 1_000;
const STAY: Duration = Duration::from_secs(5);
/// Videos that reports are about.
const VIDEOS: usize = 50;
/// From report to report, and from listing or sweep to the next.
const REPORT_EVERY: Duration = Duration::from_millis(20);
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// What an operator meets must not be forgotten, and need not be written down a thousand times.
const REASONS: usize = 3;

/// One attack after the other until the time is over; how many, and how many requests were let in.
fn turns(stage: &Stage<'_>) -> Result<(usize, usize)> {
    let until = Instant::now() + Duration::from_secs(60 * stage.minutes);
    let (mut count, mut let_in) = (0, 0);
    while Instant::now() < until {
        let_in += turn(stage, count)?;
        count += 1;
    }
    Ok((count, let_in))
}

/// Requests that were let in.
fn turn(stage: &Stage<'_>, number: usize) -> Result<usize> {
    let (cookie, forged) = (stage.fixture.cookie(), stage.fixture.forged_cookie());
    let path = fixture::small();
    let streams = |cookie| flood::h2load(stage, &path, cookie, (4, 16), FLOOD_SECONDS);
    let wrk = |cookie| flood::wrk(stage, path.clone(), cookie, 32, FLOOD_SECONDS);
    match number % 8 {
        0 => slow::run(stage, &Attack::headers(SLOW, SLOW_SECONDS)).map(|_| 0),
        1 => streams(&cookie).map(|_| 0),
        2 => slow::run(stage, &Attack::bodies(SLOW, SLOW_SECONDS)?).map(|_| 0),
        3 => Ok(usize::try_from(streams(&forged)?.served())?),
        4 => slow::run(stage, &Attack::reading(stage, SLOW, SLOW_SECONDS)).map(|_| 0),
        5 => wrk(&cookie).map(|_| 0),
        6 => {
            let _crowd = Crowd::gather(stage.host.place().address(), CROWD);
            Stop::default().pause(STAY);
            Ok(0)
        }
        _ => {
            let report = wrk(&forged)?;
            Ok(usize::try_from(report.requests - report.refused)?)
        }
    }
}

/// Who uses the catalog meanwhile.
struct Work {
    reporters: Workers<Reporter>,
    operators: Workers<Polling>,
}

impl Work {
    fn begin(place: Place) -> Result<Self> {
        let mut reporters = Workers::new();
        let reporter = Reporter::with_videos(place.clone(), "mixed", VIDEOS)?;
        reporters.add(reporter, REPORT_EVERY, |reporter| {
            // The ledger knows what was not taken.
            let _ = reporter.report();
        });
        let mut operators = Workers::new();
        for look in [Operator::list, Operator::sweep] {
            operators.add(Polling::new(place.clone()), LOOK_EVERY, move |polling| {
                polling.once(look);
            });
        }
        Ok(Self {
            reporters,
            operators,
        })
    }

    fn end(self) -> (Vec<Reporter>, Vec<Polling>) {
        (self.reporters.stop(), self.operators.stop())
    }
}

/// An operator who lists or sweeps.
struct Polling {
    operator: Operator,
    count: usize,
    failed: usize,
    reasons: Vec<String>,
}

impl Polling {
    fn new(place: Place) -> Self {
        Self {
            operator: Operator::new(place),
            count: 0,
            failed: 0,
            reasons: Vec::new(),
        }
    }

    fn once(&mut self, look: fn(&mut Operator) -> Result<()>) {
        self.count += 1;
        if let Err(error) = look(&mut self.operator) {
            self.failed += 1;
            if self.reasons.len() < REASONS {
                self.reasons.push(format!("{error:#}"));
            }
        }
    }
}

/// Polling for all that was acknowledged.
fn settle(stage: &Stage<'_>, reporters: &[Reporter], operators: &[Polling]) -> Result<Done> {
    let reporter = reporters.first().context("nobody reported")?;
    let catalog = Operator::new(stage.host.place()).catalog()?;
    let looks: usize = operators.iter().map(|polling| polling.count).sum();
    let failed: usize = operators.iter().map(|polling| polling.failed).sum();
    let reasons = operators.iter().flat_map(|polling| polling.reasons.clone());
    let reasons: Vec<String> = reasons.collect();
    let faults = match failed {
        0 => Vec::new(),
        some => vec![format!(
            "{some} listings and sweeps failed: {}",
            reasons.join("; ")
        )],
    };
    Ok(Done {
        what: format!(
            "{} webhooks refused, {looks} listings and sweeps",
            reporter.ledger.not_acknowledged()
        ),
        kept: Some(reporter.ledger.hold_against(&catalog)),
        faults,
        ..Done::default()
    })
}
