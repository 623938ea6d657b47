//! Load by wrk, with exact counts instead of its rounded page.

use std::fs;
use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::fixture::Fixture;
use super::report::Report;
use super::server;

/// What one run of wrk asks for.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    /// `http` or `https`.
    pub(crate) scheme: &'static str,
    /// Whom it asks.
    pub(crate) address: SocketAddr,
    /// What it asks for.
    pub(crate) path: String,
    /// The `Cookie` header; empty: none.
    pub(crate) cookie: &'a str,
    /// How many connections ask at once.
    pub(crate) connections: u32,
    /// For how long.
    pub(crate) seconds: u64,
}

/// Counts on one line; nothing of it runs while requests do.
const SCRIPT: &str = r#"
done = function(summary, latency)
    local e = summary.errors
    io.write(string.format("counts %d %d %d %d %d %d %d\n", summary.requests, summary.bytes, summary.duration,
        e.status, e.connect + e.read + e.write + e.timeout,
        latency:percentile(50), latency:percentile(99)))
end
"#;

/// Runs wrk with one thread.
///
/// # Errors
/// When wrk is missing or does not report.
pub(crate) fn run(fixture: &Fixture<'_>, request: &Request<'_>) -> Result<Report> {
    let script = fixture.folder.join("counts.lua");
    fs::write(&script, SCRIPT)?;
    let mut wrk = Command::new("wrk");
    wrk.args(["--threads", "1", "--timeout", "60", "--connections"])
        .arg(request.connections.to_string())
        .args(["--duration", &format!("{}s", request.seconds), "--script"])
        .arg(&script);
    if !request.cookie.is_empty() {
        wrk.args(["--header", &format!("Cookie: {}", request.cookie)]);
    }
    let url = format!("{}://{}{}", request.scheme, request.address, request.path);
    let page = server::run_to_end(wrk.arg(url))?;
    parse(&page)
}

fn parse(page: &str) -> Result<Report> {
    let counts = page
        .lines()
        .find_map(|line| line.strip_prefix("counts "))
        .context("wrk did not report its counts")?;
    let counts: Vec<u64> = counts
        .split(' ')
        .map(str::parse)
        .collect::<Result<_, _>>()?;
    let [requests, bytes, microseconds, refused, broken, p50, p99] = counts[..] else {
        bail!("wrk reported {} counts", counts.len());
    };
    Ok(Report {
        requests,
        bytes,
        took: Duration::from_micros(microseconds),
        p50: Duration::from_micros(p50),
        p99: Duration::from_micros(p99),
        refused,
        broken,
    })
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn the_line_of_counts_is_the_report() {
        let good = parse("Running\ncounts 10 20480 1000000 2 0 40 90\n").unwrap();
        assert_eq!((good.requests, good.bytes, good.refused), (10, 20_480, 2));
        assert_eq!(good.took.as_secs(), 1);
        assert_eq!((good.p50.as_micros(), good.p99.as_micros()), (40, 90));
        assert_eq!(
            parse("counts 10 20480 1000000 2 1 40 90\n").unwrap().broken,
            1
        );
        assert!(parse("Running\n").is_err());
    }
}
