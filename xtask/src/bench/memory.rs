//! Resident memory: idle, while many stream, and after many requests.

use std::thread;
use std::time::Duration;

use anyhow::{Result, ensure};

use super::Args;
use super::contender::{Contender, Field};
use super::table::{Budget, Row, Table};
use crate::process;
use crate::testbed::fixture::{self, Fixture};
use crate::testbed::process_stat::resident_megabytes;
use crate::testbed::spread::Spread;
use crate::testbed::wrk::{self, Request};

/// Megabytes of a gate that has just started.
const MOST_IDLE: f64 = 50.0;
/// Megabytes while 256 connections stream.
const MOST_STREAMING: f64 = 120.0;
/// Megabytes that an allocator may keep between two looks without anything growing.
const MOST_GROWTH: f64 = 2.0;

/// Requests over which memory must not grow.
const REQUESTS: u64 = 100_000;
/// After which memory that the start took is back.
const START: Duration = Duration::from_secs(2);
/// How often memory is looked at while others stream.
const PERIOD: Duration = Duration::from_millis(50);

/// Adds the row of memory before any load.
///
/// # Errors
/// When a contender has ended.
pub(super) fn idle(field: &Field, args: &Args, table: &mut Table) -> Result<()> {
    if !args.wants("memory-idle") {
        return Ok(());
    }
    let what = "memory, idle";
    let budget = Budget::AtMost(MOST_IDLE);
    thread::sleep(START);
    table.add(row("memory-idle", what, budget, field, |contender| {
        resident_megabytes(contender.pid())
    })?);
    Ok(())
}

/// Adds the rows of memory while 256 connections stream and of its growth over 100,000 requests.
///
/// # Errors
/// When a contender has ended or refuses.
pub(super) fn under_load(
    fixture: &Fixture<'_>,
    field: &Field,
    args: &Args,
    table: &mut Table,
) -> Result<()> {
    if process::find_program("wrk").is_none() {
        return Ok(());
    }
    if args.wants("memory-streaming") {
        let what = "memory, 256 connections streaming";
        eprintln!("bench: {what}");
        let budget = Budget::AtMost(MOST_STREAMING);
        table.add(row("memory-streaming", what, budget, field, |contender| {
            peak_while_streaming(fixture, contender, args.seconds)
        })?);
    }
    if args.wants("memory-growth") {
        let what = "memory, growth over 100,000 requests";
        eprintln!("bench: {what}");
        let budget = Budget::AtMost(MOST_GROWTH);
        table.add(row("memory-growth", what, budget, field, |contender| {
            growth(fixture, contender)
        })?);
    }
    Ok(())
}

fn row(
    name: &'static str,
    what: &'static str,
    budget: Budget,
    field: &Field,
    look: impl Fn(&Contender) -> Result<f64>,
) -> Result<Row> {
    let spread = |contender: Option<&Contender>| -> Result<Option<Spread>> {
        let megabytes = contender.map(&look).transpose()?;
        Ok(megabytes.and_then(|once| Spread::of(&[once])))
    };
    Ok(Row {
        name,
        what,
        unit: "MB",
        reelgate: spread(Some(&field.reelgate))?,
        nginx_jwt: spread(field.nginx_jwt.as_ref())?,
        nginx: spread(field.nginx.as_ref())?,
        ratio: None,
        budget,
    })
}

/// The highest of many looks.
fn peak_while_streaming(fixture: &Fixture<'_>, contender: &Contender, seconds: u64) -> Result<f64> {
    thread::scope(|scope| {
        let load = scope.spawn(|| ask(fixture, contender, fixture::large(), 256, seconds));
        let mut peak: f64 = 0.0;
        while !load.is_finished() {
            peak = peak.max(resident_megabytes(contender.pid())?);
            thread::sleep(PERIOD);
        }
        match load.join() {
            Ok(outcome) => outcome.map(|_| peak),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

/// Memory after 100,000 requests less memory before them; what a first load reserves is not growth.
fn growth(fixture: &Fixture<'_>, contender: &Contender) -> Result<f64> {
    ask(fixture, contender, fixture::small(), 32, 2)?;
    let before = resident_megabytes(contender.pid())?;
    let mut asked = 0;
    while asked < REQUESTS {
        asked += ask(fixture, contender, fixture::small(), 32, 2)?;
    }
    Ok(resident_megabytes(contender.pid())? - before)
}

/// Requests answered.
fn ask(
    fixture: &Fixture<'_>,
    contender: &Contender,
    path: String,
    connections: u32,
    seconds: u64,
) -> Result<u64> {
    let report = wrk::run(
        fixture,
        &Request {
            scheme: contender.scheme,
            address: contender.address,
            path,
            cookie: &fixture.cookie(),
            connections,
            seconds,
        },
    )?;
    ensure!(report.refused == 0, "{} refused requests", contender.name);
    ensure!(report.broken == 0, "{} broke connections", contender.name);
    Ok(report.requests)
}
