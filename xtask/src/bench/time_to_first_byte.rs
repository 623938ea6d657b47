//! What standing in between adds to the time to the first byte.

use std::collections::HashMap;

use anyhow::{Result, ensure};

use super::Args;
use super::contender::Field;
use super::mode::Mode;
use super::table::{Budget, Row, Table};
use crate::testbed::client::Client;
use crate::testbed::fixture::{self, BUCKET, Fixture};
use crate::testbed::spread::Spread;

/// Microseconds that the gate may add on one connection.
const MOST: f64 = 250.0;

/// Requests of each kind in one round.
const REQUESTS: usize = 500;

/// Adds the row: one request after the other, in turn to the bucket and through each contender, all pinned to one CPU.
///
/// # Errors
/// When an answer is not 200.
pub(super) fn measure(
    fixture: &Fixture<'_>,
    field: &Field,
    mode: Mode,
    args: &Args,
    table: &mut Table,
) -> Result<()> {
    let (name, what, budget) = match mode.cache {
        true => (
            "first-byte-hot",
            "added time to first byte, hot",
            Budget::TimesNginxJwt(1.0),
        ),
        false => (
            "first-byte",
            "added time to first byte",
            Budget::AtMost(MOST),
        ),
    };
    if !args.wants(name) {
        return Ok(());
    }
    eprintln!("bench: {what}");
    #[cfg(target_os = "linux")]
    let _pinned = crate::testbed::affinity::Pinned::to_one_cpu(
        field.all().map(super::contender::Contender::pid),
    )?;
    let mut lines = Lines::connect(fixture, field)?;
    lines.round()?;
    let rounds = (0..args.rounds)
        .map(|_| lines.round())
        .collect::<Result<Vec<_>>>()?;
    let added = |contender: &str| -> Vec<f64> {
        let of_round = |round: &Round| Some(round.get(contender)? - round.get(DIRECT)?);
        rounds.iter().filter_map(of_round).collect()
    };
    let (ours, theirs) = (added("reelgate"), added("nginx-jwt"));
    // From a cache an answer may come sooner than from the bucket, so that whole times are compared.
    let ratios = rounds
        .iter()
        .filter_map(|round| Some(round.get("reelgate")? / round.get("nginx-jwt")?));
    let ratios: Vec<f64> = ratios.collect();
    table.add(Row {
        nginx_jwt: Spread::of(&theirs),
        nginx: Spread::of(&added("nginx")),
        ratio: Spread::of(&ratios).map(|ratios| ratios.median),
        ..Row::ours(name, what, "µs", &ours, budget)
    });
    Ok(())
}

/// The bucket, asked without anything in between.
const DIRECT: &str = "direct";

/// The median time of each line, in microseconds.
type Round = HashMap<&'static str, f64>;

/// A connection to the bucket and one through each contender.
struct Lines {
    lines: Vec<Line>,
}

struct Line {
    name: &'static str,
    client: Client,
    path: String,
    cookie: String,
}

impl Lines {
    fn connect(fixture: &Fixture<'_>, field: &Field) -> Result<Self> {
        let path = fixture::small();
        let mut lines = vec![Line {
            name: DIRECT,
            client: Client::connect(fixture.bucket.address())?,
            path: format!("/{BUCKET}{path}"),
            cookie: String::new(),
        }];
        for contender in field.all() {
            lines.push(Line {
                name: contender.name,
                client: Client::connect(contender.address)?,
                path: path.clone(),
                cookie: fixture.cookie(),
            });
        }
        Ok(Self { lines })
    }

    fn round(&mut self) -> Result<Round> {
        let mut times: HashMap<&str, Vec<f64>> = HashMap::new();
        for _ in 0..REQUESTS {
            for line in &mut self.lines {
                let time = microseconds(&mut line.client, &line.path, &line.cookie)?;
                times.entry(line.name).or_default().push(time);
            }
        }
        let medians = times.into_iter();
        Ok(medians
            .filter_map(|(name, times)| Some((name, Spread::of(&times)?.median)))
            .collect())
    }
}

fn microseconds(client: &mut Client, path: &str, cookie: &str) -> Result<f64> {
    let answer = client.get(path, cookie)?;
    ensure!(answer.status == 200, "{path} is answered {}", answer.status);
    Ok(answer.first_byte.as_secs_f64() * 1e6)
}
