//! How long a start takes until the first answer, with compiled components cached.

use std::time::Instant;

use anyhow::{Result, ensure};

use super::Args;
use super::contender;
use super::table::{Budget, Row, Table};
use crate::testbed::client::Client;
use crate::testbed::fixture::{self, Fixture};

/// Milliseconds from starting the process to having the first answer.
const MOST: f64 = 500.0;

/// Adds the row: a refusal is the first answer, for it has gone through a component.
///
/// # Errors
/// When the gate does not start or does not refuse.
pub(super) fn measure(fixture: &Fixture<'_>, args: &Args, table: &mut Table) -> Result<()> {
    if !args.wants("cold-start") {
        return Ok(());
    }
    eprintln!("bench: cold start");
    first_answer(fixture)?;
    let rounds = (0..args.rounds)
        .map(|_| first_answer(fixture))
        .collect::<Result<Vec<f64>>>()?;
    table.add(Row::ours(
        "cold-start",
        "cold start to first answer, cached compilation",
        "ms",
        &rounds,
        Budget::AtMost(MOST),
    ));
    Ok(())
}

/// Starts the gate, asks once, ends it; in milliseconds.
fn first_answer(fixture: &Fixture<'_>) -> Result<f64> {
    let start = Instant::now();
    let gate = contender::reelgate(fixture)?;
    let answer = Client::connect(gate.address)?.get(&fixture::small(), "")?;
    let took = start.elapsed();
    ensure!(
        answer.status == 403,
        "without a credential the gate answers {}",
        answer.status
    );
    Ok(took.as_secs_f64() * 1e3)
}
