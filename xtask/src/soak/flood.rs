//! h2load and wrk: as many requests as they can make, by viewers and by those who have a wrong session.

use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use super::trial::{Stage, Trial};
use super::verdict::Done;
use crate::testbed::fixture;
use crate::testbed::server;
use crate::testbed::wrk;

/// Many streams on few connections.
pub(super) const H2LOAD: Trial = Trial::new("h2load", "HTTP/2, many streams", |stage| {
    let cookie = stage.fixture.cookie();
    let forged = stage.fixture.forged_cookie();
    let small = fixture::small();
    let large = fixture::large();
    let streams = h2load(stage, &Streams::of(&small, &cookie, 10, 100))?;
    let refused = h2load(stage, &Streams::of(&small, &forged, 10, 100))?;
    let films = h2load(stage, &Streams::of(&large, &cookie, 4, 32))?;
    Ok(Done {
        what: format!("{streams} (10 × 100 streams); forged {refused}; 3.85 MB {films} (4 × 32)"),
        let_in: refused.served(),
        faults: [
            streams.not_served("h2load's viewers"),
            films.not_served("h2load's viewers of the large segment"),
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
) -> Result<wrk::Report> {
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

/// What h2load is told.
pub(super) struct Streams<'a> {
    path: &'a str,
    cookie: &'a str,
    connections: u32,
    streams: u32,
    pub(super) seconds: u64,
}

impl<'a> Streams<'a> {
    /// So many streams on each of so many connections.
    pub(super) fn of(path: &'a str, cookie: &'a str, connections: u32, streams: u32) -> Self {
        Self {
            path,
            cookie,
            connections,
            streams,
            seconds: SECONDS,
        }
    }
}

/// Runs h2load with one thread.
///
/// # Errors
/// When it fails, or nothing was answered.
pub(super) fn h2load(stage: &Stage<'_>, what: &Streams<'_>) -> Result<Statuses> {
    let address = stage.host.place().address();
    let page = server::run_to_end(
        Command::new("h2load")
            .args(["-t", "1", "-c", &what.connections.to_string()])
            .args(["-m", &what.streams.to_string()])
            .args(["-D", &what.seconds.to_string()])
            .args(["-H", &format!("cookie: {}", what.cookie)])
            .arg(format!("http://{address}{}", what.path)),
    )?;
    let statuses = Statuses::parse(&page)?;
    ensure!(
        statuses.0.iter().sum::<usize>() > 0,
        "h2load was not answered"
    );
    Ok(statuses)
}

/// How many answers were 2xx, 3xx, 4xx and 5xx.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Statuses([usize; 4]);

impl Statuses {
    fn parse(page: &str) -> Result<Self> {
        let line = page
            .lines()
            .find_map(|line| line.strip_prefix("status codes:"))
            .context("h2load does not say what it was answered")?;
        let counts = line
            .split(',')
            .map(|part| part.split_whitespace().next().unwrap_or_default().parse())
            .collect::<Result<Vec<usize>, _>>()?;
        match counts[..] {
            [ok, elsewhere, refused, failed] => Ok(Self([ok, elsewhere, refused, failed])),
            _ => bail!("h2load counts {} kinds of answers", counts.len()),
        }
    }

    /// Answers that gave something.
    pub(super) fn served(self) -> usize {
        self.0[0] + self.0[1]
    }

    /// A word about answers that gave nothing; `None` where there are none.
    pub(super) fn not_served(self, who: &str) -> Option<String> {
        let [_, _, refused, failed] = self.0;
        (refused + failed > 0)
            .then(|| format!("{who} were answered {refused} × 4xx, {failed} × 5xx"))
    }
}

impl std::fmt::Display for Statuses {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let all: usize = self.0.iter().sum();
        write!(f, "{all} requests")
    }
}

#[cfg(test)]
mod tests {
    use super::Statuses;

    #[test]
    fn the_line_of_status_codes_is_read() {
        let page = "finished\nstatus codes: 7 2xx, 0 3xx, 6983 4xx, 1 5xx\ntraffic: 1\n";
        let statuses = Statuses::parse(page).unwrap();
        assert_eq!(statuses, Statuses([7, 0, 6983, 1]));
        assert_eq!(statuses.served(), 7);
        assert!(statuses.not_served("they").unwrap().contains("1 × 5xx"));
        assert_eq!(Statuses([7, 1, 0, 0]).not_served("they"), None);
        assert!(Statuses::parse("finished\n").is_err());
        assert!(Statuses::parse("status codes: 7 2xx\n").is_err());
    }
}
