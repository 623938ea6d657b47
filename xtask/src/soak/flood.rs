//! h2load and wrk: as many requests as they can make, by viewers and by those who have a wrong session.

use anyhow::Result;

use super::trial::{Stage, Trial};
use super::verdict::Done;
use crate::testbed::fixture;
use crate::testbed::h2load::{self, Statuses, Streams};
use crate::testbed::report::Report;
use crate::testbed::wrk;

/// Many streams on few connections.
pub(super) const H2LOAD: Trial = Trial::new("h2load", "HTTP/2, many streams", |stage| {
    let cookie = stage.fixture.cookie();
    let forged = stage.fixture.forged_cookie();
    let small = fixture::small();
    let large = fixture::large();
    let streams = h2load(stage, &small, &cookie, (10, 100), SECONDS)?;
    let refused = h2load(stage, &small, &forged, (10, 100), SECONDS)?;
    let films = h2load(stage, &large, &cookie, (4, 32), SECONDS)?;
    Ok(Done {
        what: format!("{streams} (10 × 100 streams); forged {refused}; 3.85 MB {films} (4 × 32)"),
        let_in: usize::try_from(refused.served())?,
        faults: [
            streams.fault("h2load's viewers"),
            films.fault("h2load's viewers of the large segment"),
        ]
        .into_iter()
        .flatten()
        .collect(),
        ..Done::default()
    })
});

/// Many connections.
pub(super) const WRK: Trial = Trial::new("wrk", "HTTP/1.1, 512 connections", |stage| {
    let cookie = stage.fixture.cookie();
    let forged = stage.fixture.forged_cookie();
    let viewers = wrk(stage, fixture::small(), &cookie, 512, SECONDS)?;
    let refused = wrk(stage, fixture::small(), &forged, 512, SECONDS)?;
    let films = wrk(stage, fixture::large(), &cookie, 64, SECONDS)?;
    let served = refused.requests - refused.refused;
    let mut faults = Vec::new();
    for report in [viewers, films] {
        if report.refused + report.broken > 0 {
            faults.push(format!(
                "of wrk's viewers {} were refused and {} connections broke",
                report.refused, report.broken
            ));
        }
    }
    Ok(Done {
        what: format!(
            "{} requests; forged {}; 3.85 MB {}",
            viewers.requests, refused.requests, films.requests
        ),
        let_in: usize::try_from(served)?,
        faults,
        ..Done::default()
    })
});

const SECONDS: u64 = 15;

/// Asks with so many connections for so long.
///
/// # Errors
/// When wrk does not report.
pub(super) fn wrk(
    stage: &Stage<'_>,
    path: String,
    cookie: &str,
    connections: u32,
    seconds: u64,
) -> Result<Report> {
    let request = wrk::Request {
        scheme: "http",
        address: stage.host.place().address(),
        path,
        cookie,
        connections,
        seconds,
    };
    wrk::run(stage.fixture, &request)
}

/// Asks with so many streams on each of so many connections.
///
/// # Errors
/// When h2load fails, or nothing was answered.
pub(super) fn h2load(
    stage: &Stage<'_>,
    path: &str,
    cookie: &str,
    (connections, streams): (u32, u32),
    seconds: u64,
) -> Result<Statuses> {
    let streams = Streams {
        scheme: "http",
        address: stage.host.place().address(),
        path,
        cookie,
        connections,
        streams,
        seconds,
    };
    h2load::run(stage.fixture, &streams).map(|(statuses, _)| statuses)
}
