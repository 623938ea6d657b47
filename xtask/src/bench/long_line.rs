//! One viewer far away: what HTTP/2's windows and our buffers let through.

use std::time::Duration;

use anyhow::Result;

use super::Args;
use super::contender::{Contender, Field};
use super::table::{Budget, Row, Table};
use crate::process;
use crate::testbed::fixture::{self, Fixture};
use crate::testbed::h2load::{self, Streams};
use crate::testbed::relay;
use crate::testbed::spread::Spread;

/// In each direction: a round trip takes 100 ms.
const DELAY: Duration = Duration::from_millis(50);

/// Megabits per second.
const LEAST: f64 = 100.0;

const NAME: &str = "long-line";

/// Whether the row is asked for.
pub(super) fn is_wanted(args: &Args) -> bool {
    args.wants(NAME)
}

/// Adds the row: one segment of 3.85 MB after the other, on one connection.
///
/// # Errors
/// When a contender does not answer.
pub(super) fn measure(
    fixture: &Fixture<'_>,
    field: &Field,
    args: &Args,
    table: &mut Table,
) -> Result<()> {
    if !is_wanted(args) {
        return Ok(());
    }
    if process::find_program("h2load").is_none() {
        eprintln!("bench: left out: {NAME}: install with: sudo apt-get install nghttp2-client");
        return Ok(());
    }
    let what = "HTTP/2, one viewer at 100 ms: per second";
    eprintln!("bench: {what}");
    let speed = |contender: Option<&Contender>| -> Result<Option<Spread>> {
        let Some(contender) = contender else {
            return Ok(None);
        };
        let far = relay::start(contender.address, DELAY)?;
        let rounds = (0..args.rounds).map(|_| {
            let streams = Streams {
                scheme: contender.scheme,
                address: far,
                path: &fixture::large(),
                cookie: &fixture.cookie(),
                connections: 1,
                streams: 1,
                seconds: args.seconds.max(3),
            };
            let (_, report) = h2load::run(fixture, &streams)?;
            Ok(report.bytes as f64 * 8.0 / 1e6 / report.took.as_secs_f64())
        });
        Ok(Spread::of(&rounds.collect::<Result<Vec<f64>>>()?))
    };
    table.add(Row {
        nginx_jwt: speed(field.nginx_jwt.as_ref())?,
        nginx: speed(field.nginx.as_ref())?,
        reelgate: speed(Some(&field.reelgate))?,
        ..Row::ours(NAME, what, "Mbit", &[], Budget::AtLeast(LEAST))
    });
    Ok(())
}
