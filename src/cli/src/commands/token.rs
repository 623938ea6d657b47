//! `reelgate token`: playback tokens for trying things out, and a look into any token.

mod inspect;
pub(crate) mod mint;

use std::time::SystemTime;

use reelgate_core::{
    config::{Lookup, Problems},
    gate,
    time::UnixTime,
};

use crate::exit::{Failure, Kind};

/// Arguments of `reelgate token`.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Print a playback token, as the portal would mint it
    Mint(mint::MintArgs),
    /// Show what a token says, and whether the gate would take it
    Inspect(inspect::InspectArgs),
}

/// Mints or inspects.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    match &args.command {
        Command::Mint(args) => mint::run(args),
        Command::Inspect(args) => inspect::run(args),
    }
}

/// The gate's own reading of its variables.
fn gate_config(settings: &dyn Lookup) -> Result<gate::Config, Problems> {
    gate::Config::from_lookup(settings)
}

fn misconfigured(problems: Problems) -> Failure {
    Failure::new(Kind::Configuration, problems).with_help(
        "set the gate's variables as SPIN_VARIABLE_..., SPIN_VARIABLE_PLAYBACK_TOKEN_SECRET first of all, or name a file that does with --env-file",
    )
}

/// The only look at the clock; before 1970 it is 1970.
fn now() -> UnixTime {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    UnixTime(since.map_or(0, |since| since.as_secs()))
}
