//! Load by h2load: HTTP/2, with many streams on a connection.

use std::fmt;
use std::fs;
use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use super::fixture::Fixture;
use super::report::Report;
use super::server;

/// What h2load is told.
#[derive(Debug)]
pub(crate) struct Streams<'a> {
    /// `http` or `https`.
    pub(crate) scheme: &'static str,
    /// Whom it asks.
    pub(crate) address: SocketAddr,
    /// What it asks for.
    pub(crate) path: &'a str,
    /// The `Cookie` header; empty: none.
    pub(crate) cookie: &'a str,
    /// How many connections ask at once.
    pub(crate) connections: u32,
    /// How many requests are under way on each.
    pub(crate) streams: u32,
    /// For how long.
    pub(crate) seconds: u64,
}

/// As large as browsers have them, in bits: of a stream 4 MiB, of a connection 16 MiB. Its own 64 KiB would be measured.
const WINDOWS: [&str; 4] = ["-w", "22", "-W", "24"];

/// Runs h2load with one thread.
///
/// # Errors
/// When it is missing or fails, or nothing was answered.
pub(crate) fn run(fixture: &Fixture<'_>, streams: &Streams<'_>) -> Result<(Statuses, Report)> {
    let log = fixture.folder.join("h2load.log");
    // It appends.
    fs::write(&log, "")?;
    let mut h2load = Command::new("h2load");
    h2load
        .args(["-t", "1", "-c", &streams.connections.to_string()])
        .args(["-m", &streams.streams.to_string()])
        .args(["-D", &streams.seconds.to_string()])
        .args(WINDOWS)
        .arg("--log-file")
        .arg(&log);
    if !streams.cookie.is_empty() {
        h2load.args(["-H", &format!("cookie: {}", streams.cookie)]);
    }
    let url = format!("{}://{}{}", streams.scheme, streams.address, streams.path);
    let page = server::run_to_end(h2load.arg(url))?;
    let statuses = Statuses::parse(&page)?;
    ensure!(statuses.all() > 0, "h2load was not answered");
    Ok((statuses, report(&page, &fs::read_to_string(log)?, streams)?))
}

/// `page` is what h2load printed; `log` has a line for each answer, with the microseconds it took at its end.
fn report(page: &str, log: &str, streams: &Streams<'_>) -> Result<Report> {
    let statuses = Statuses::parse(page)?;
    let mut times: Vec<u64> = log
        .lines()
        .filter_map(|line| line.rsplit('\t').next()?.parse().ok())
        .collect();
    times.sort_unstable();
    let within = |hundredths: usize| {
        let at = times.len().saturating_sub(1) * hundredths / 100;
        Duration::from_micros(times.get(at).copied().unwrap_or_default())
    };
    Ok(Report {
        requests: statuses.all(),
        bytes: bytes(page)?,
        took: Duration::from_secs(streams.seconds),
        p50: within(50),
        p99: within(99),
        refused: statuses.not_served(),
        broken: broken(page)?,
    })
}

/// `traffic: 1.20MB (1258291) total, …`
fn bytes(page: &str) -> Result<u64> {
    let line = starting(page, "traffic: ")?;
    let exact = line
        .split_once('(')
        .and_then(|(_, rest)| rest.split_once(')'))
        .context("h2load does not say how many bytes came")?;
    Ok(exact.0.parse()?)
}

/// `requests: 10 total, 10 started, 9 done, 8 succeeded, 1 failed, 1 errored, 0 timeout`
fn broken(page: &str) -> Result<u64> {
    let line = starting(page, "requests: ")?;
    let count = |what: &str| {
        let part = line.split(", ").find_map(|part| part.strip_suffix(what));
        part.and_then(|number| number.trim().parse::<u64>().ok())
            .with_context(|| format!("h2load does not say how many requests are{what}"))
    };
    Ok(count(" errored")? + count(" timeout")?)
}

fn starting<'a>(page: &'a str, word: &str) -> Result<&'a str> {
    page.lines()
        .find_map(|line| line.strip_prefix(word))
        .with_context(|| format!("h2load prints no line with {word:?}"))
}

/// How many answers were 2xx, 3xx, 4xx and 5xx.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Statuses([u64; 4]);

impl Statuses {
    fn parse(page: &str) -> Result<Self> {
        let counts = starting(page, "status codes:")?
            .split(',')
            .map(|part| part.split_whitespace().next().unwrap_or_default().parse())
            .collect::<Result<Vec<u64>, _>>()?;
        match counts[..] {
            [ok, elsewhere, refused, failed] => Ok(Self([ok, elsewhere, refused, failed])),
            _ => bail!("h2load counts {} kinds of answers", counts.len()),
        }
    }

    fn all(self) -> u64 {
        self.0.iter().sum()
    }

    fn not_served(self) -> u64 {
        self.0[2] + self.0[3]
    }

    /// Answers that gave something.
    pub(crate) fn served(self) -> u64 {
        self.0[0] + self.0[1]
    }

    /// A word about answers that gave nothing; `None` where there are none.
    pub(crate) fn fault(self, who: &str) -> Option<String> {
        let [_, _, refused, failed] = self.0;
        (self.not_served() > 0)
            .then(|| format!("{who} were answered {refused} × 4xx, {failed} × 5xx"))
    }
}

impl fmt::Display for Statuses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} requests", self.all())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_status_codes_is_read() {
        let page = "finished\nstatus codes: 7 2xx, 0 3xx, 6983 4xx, 1 5xx\ntraffic: 1\n";
        let statuses = Statuses::parse(page).unwrap();
        assert_eq!(statuses, Statuses([7, 0, 6983, 1]));
        assert_eq!(statuses.served(), 7);
        assert!(statuses.fault("they").unwrap().contains("1 × 5xx"));
        assert_eq!(Statuses([7, 1, 0, 0]).fault("they"), None);
        assert!(Statuses::parse("finished\n").is_err());
        assert!(Statuses::parse("status codes: 7 2xx\n").is_err());
    }

    /// As nghttp2 1.52 prints it.
    #[test]
    fn a_page_and_its_log_are_a_report() {
        let page = "finished in 2.00s, 2.00 req/s, 32.30KB/s\n\
            requests: 5 total, 5 started, 5 done, 3 succeeded, 2 failed, 1 errored, 0 timeout\n\
            status codes: 3 2xx, 0 3xx, 1 4xx, 0 5xx\n\
            traffic: 64.61KB (66158) total, 121B (121) headers (space savings 78.30%), 64.00KB (65536) data\n";
        let log = "1693\t200\t100\n1700\t200\t400\n1800\t404\t300\n1900\t200\t200\n";
        let streams = Streams {
            scheme: "https",
            address: ([127, 0, 0, 1], 1).into(),
            path: "/",
            cookie: "",
            connections: 1,
            streams: 1,
            seconds: 2,
        };
        let report = report(page, log, &streams).unwrap();
        assert_eq!(
            (report.requests, report.bytes, report.refused),
            (4, 66_158, 1)
        );
        assert_eq!((report.broken, report.took.as_secs()), (1, 2));
        assert_eq!((report.p50.as_micros(), report.p99.as_micros()), (200, 300));
    }
}
