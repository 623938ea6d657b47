//! Completions for shells, and manual pages: both are made of the command line itself.

use std::path::PathBuf;

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::{
    Cli,
    exit::{self, Failure, Kind},
};

/// Print completions for a shell
#[derive(clap::Args)]
#[command(
    after_help = "bash: source <(reelgate completions bash)\nzsh: reelgate completions zsh > \"${fpath[1]}/_reelgate\""
)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Write manual pages
#[derive(clap::Args)]
pub(crate) struct ManArgs {
    /// The folder to write them into; made when it is not there
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

/// Prints completions on standard output.
pub(crate) fn completions(args: &CompletionsArgs) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "reelgate", &mut script);
    exit::print(String::from_utf8_lossy(&script).trim_end())
}

/// Writes `reelgate.1` and a page for each subcommand.
pub(crate) fn man(args: &ManArgs) -> Result<(), Failure> {
    let write = || {
        std::fs::create_dir_all(&args.folder)?;
        clap_mangen::generate_to(Cli::command(), &args.folder)
    };
    write().map_err(|error| Failure::new(Kind::Failed, error))
}
