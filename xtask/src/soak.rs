//! `cargo xtask soak`: the host under attack and under load, beside viewers who play throughout.
//!
//! Each trial has a host of its own. What is judged is what its viewers see, who gets in, what is lost of
//! what was acknowledged, and whether memory goes back. The attackers share the machine with the host: on
//! two processors the waits are theirs too.

mod catalog;
mod crowd;
mod disk;
mod flood;
mod host;
mod intruders;
mod kills;
mod ledger;
mod log;
mod memory;
mod mixed;
mod open_files;
mod slow;
mod table;
mod trial;
mod verdict;
mod viewers;
mod workers;

use std::thread;

use anyhow::{Result, bail};

use self::table::Table;
use self::trial::Trial;
use crate::build;
use crate::testbed::fixture::Fixture;
use crate::testbed::server;
use crate::tools::apt::{self, H2LOAD, SLOWHTTPTEST, WRK};
use crate::workspace::Workspace;

/// Options of `cargo xtask soak`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Minutes of the mixed soak; the other trials take some twenty seconds to two minutes each
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=600))]
    minutes: u64,
    /// Run only the trials whose name contains this word
    #[arg(long)]
    only: Option<String>,
    /// Run what is built already
    #[arg(long)]
    no_build: bool,
    /// Print the rows as JSON
    #[arg(long)]
    json: bool,
}

impl Args {
    fn wants(&self, trial: &Trial) -> bool {
        let word = self.only.as_deref().unwrap_or_default();
        trial.name.contains(word)
    }
}

/// All trials, in the order in which they run.
const TRIALS: [Trial; 10] = [
    slow::HEADERS,
    slow::BODIES,
    slow::READING,
    flood::H2LOAD,
    flood::WRK,
    crowd::IDLE,
    open_files::LIMIT,
    disk::FULL,
    kills::KILLS,
    mixed::MIXED,
];

/// Builds, runs the trials one after the other, prints the table.
///
/// # Errors
/// When something cannot be built or started, no trial has the name, or one was not held.
pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<()> {
    let wanted: Vec<&Trial> = TRIALS.iter().filter(|trial| args.wants(trial)).collect();
    if wanted.is_empty() {
        bail!("no trial has such a name; there are: {}", names());
    }
    apt::ensure(&[SLOWHTTPTEST, H2LOAD, WRK])?;
    if !args.no_build {
        build::run(workspace)?;
    }
    server::end_all_on_interrupt()?;
    crate::testbed::open_files::raise();
    let fixture = Fixture::prepare(workspace, "soak", &[])?;
    let mut table = Table::default();
    let processors = thread::available_parallelism()?;
    eprintln!(
        "soak: {processors} processors, which attackers, viewers and bucket share with the host"
    );
    for trial in wanted {
        table.add(trial.run(&fixture, args.minutes));
    }
    if args.json {
        println!("{}", table.json());
    } else {
        print!("{table}");
    }
    match table.failures() {
        0 => Ok(()),
        some => bail!("{some} trials were not held"),
    }
}

fn names() -> String {
    TRIALS.map(|trial| trial.name).join(", ")
}
