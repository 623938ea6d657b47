//! `cargo xtask bench`: the budgets of the project, measured on this machine beside nginx.
//!
//! What is compared is CPU time from the operating system's accounting, not wall time: it
//! moves little when the machine is busy. The contenders take turns within one run, before
//! the same bucket, so that whatever disturbs one disturbs the other.

mod cold_start;
mod contender;
mod herd;
mod load;
mod long_line;
mod memory;
mod mode;
mod nginx;
mod observed;
mod packaging;
mod players;
mod size;
mod stream_path;
mod table;
mod time_to_first_byte;

use anyhow::{Result, bail};

use self::contender::{Field, Ground};
use self::mode::{Encrypted, Mode};
use self::table::Table;
use crate::build;
use crate::testbed::fixture::Fixture;
use crate::testbed::server;
use crate::workspace::Workspace;

/// Options of `cargo xtask bench`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Seconds of load for each contender in each round
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,
    /// Rounds in which the contenders take turns
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..))]
    rounds: u64,
    /// Measure only the rows whose name contains this word
    #[arg(long)]
    only: Option<String>,
    /// Measure what is built already
    #[arg(long)]
    no_build: bool,
    /// Print the rows as JSON
    #[arg(long)]
    json: bool,
    /// Options handed on to `reelgate serve`, behind `--`
    #[arg(last = true)]
    serve: Vec<String>,
}

impl Args {
    /// Whether a row of this name is asked for.
    fn wants(&self, name: &str) -> bool {
        self.only.as_deref().is_none_or(|word| name.contains(word))
    }
}

/// Builds, measures, prints the table.
///
/// # Errors
/// When something cannot be built or measured, or when a budget is not met.
pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<()> {
    if !args.no_build {
        build::run(workspace)?;
    }
    server::end_all_on_interrupt()?;
    let mut table = Table::default();
    let outcome = measure(workspace, args, &mut table);
    if args.json {
        println!("{}", table.json());
    } else {
        print!("{table}");
    }
    // What was measured before something failed is worth seeing.
    outcome?;
    match table.failures() {
        0 => Ok(()),
        some => bail!("{some} budgets are not met"),
    }
}

/// Has the workspace's program answer every kind of load once, measured and compared with nobody.
///
/// # Errors
/// When a tool is missing, or it answers otherwise than it should.
pub(crate) fn exercise(workspace: &Workspace) -> Result<()> {
    server::end_all_on_interrupt()?;
    let fixture = Fixture::prepare(workspace, "exercise", &[])?;
    let encrypted = Encrypted::start(&fixture)?;
    for mode in [Mode::PLAIN, Mode::PLAIN_HOT, Mode::TLS, Mode::TLS_HOT] {
        let gate = contender::reelgate_on(&Ground {
            fixture: &fixture,
            mode,
            encrypted: mode.tls.then_some(&encrypted),
        })?;
        load::exercise(&fixture, &gate, mode)?;
    }
    Ok(())
}

fn measure(workspace: &Workspace, args: &Args, table: &mut Table) -> Result<()> {
    let fixture = Fixture::prepare(workspace, "bench", &args.serve)?;
    size::measure(workspace, args, table)?;
    packaging::measure(&fixture, args, table)?;
    cold_start::measure(&fixture, args, table)?;
    plain(&fixture, args, table)?;
    hot(&fixture, args, table)?;
    observed::measure(&fixture, args, table)?;
    encrypted(&fixture, args, table)?;
    players::measure(&fixture, args, table)?;
    stream_path::measure(&fixture, args, table)
}

/// Every object from the bucket.
fn plain(fixture: &Fixture<'_>, args: &Args, table: &mut Table) -> Result<()> {
    let mode = Mode::PLAIN;
    let named = [
        "memory-idle",
        "memory-streaming",
        "memory-growth",
        "first-byte",
    ];
    if !load::wants(args, mode) && !named.iter().any(|name| args.wants(name)) {
        return Ok(());
    }
    let field = Field::start(&Ground {
        fixture,
        mode,
        encrypted: None,
    })?;
    memory::idle(&field, args, table)?;
    load::measure(fixture, &field, mode, args, table)?;
    time_to_first_byte::measure(fixture, &field, mode, args, table)?;
    memory::under_load(fixture, &field, args, table)
}

/// What viewers ask for is in a cache, once it was asked for.
fn hot(fixture: &Fixture<'_>, args: &Args, table: &mut Table) -> Result<()> {
    let mode = Mode::PLAIN_HOT;
    let named = ["herd", "first-byte-hot"];
    if !load::wants(args, mode) && !named.iter().any(|name| args.wants(name)) {
        return Ok(());
    }
    let field = Field::start(&Ground {
        fixture,
        mode,
        encrypted: None,
    })?;
    herd::measure(fixture, &field, args, table)?;
    load::measure(fixture, &field, mode, args, table)?;
    time_to_first_byte::measure(fixture, &field, mode, args, table)
}

/// As users have it, with R2: TLS on both sides.
fn encrypted(fixture: &Fixture<'_>, args: &Args, table: &mut Table) -> Result<()> {
    let is_wanted = |mode| {
        let line = mode == Mode::TLS_HOT && long_line::is_wanted(args);
        line || load::wants(args, mode)
    };
    let wanted = [Mode::TLS, Mode::TLS_HOT]
        .into_iter()
        .filter(|mode| is_wanted(*mode));
    if wanted.clone().next().is_none() {
        return Ok(());
    }
    let encrypted = match Encrypted::start(fixture) {
        Ok(encrypted) => encrypted,
        Err(error) => {
            eprintln!("bench: no TLS: {error:#}");
            return Ok(());
        }
    };
    for mode in wanted {
        let field = Field::start(&Ground {
            fixture,
            mode,
            encrypted: Some(&encrypted),
        })?;
        load::measure(fixture, &field, mode, args, table)?;
        if mode == Mode::TLS_HOT {
            long_line::measure(fixture, &field, args, table)?;
        }
    }
    Ok(())
}
