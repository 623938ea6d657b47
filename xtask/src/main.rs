//! `cargo xtask`: everything that CI and people run on this repository.
//!
//! Each subcommand is one file. None of them depends on wasmtime, so that the
//! first `cargo xtask` on a fresh clone answers in seconds.
#![expect(
    clippy::print_stdout,
    reason = "a command-line tool answers on standard output"
)]

mod bench;
mod build;
mod bundle;
mod compose;
mod dist;
mod fuzz;
mod lint;
mod process;
mod soak;
mod test;
mod testbed;
mod tools;
mod up;
mod wit;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::workspace::Workspace;

/// The command line of `cargo xtask`.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", about, version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Build the host and the components for release, and compose them
    Build,
    /// Build for release, and put everything into one program
    Bundle,
    /// Make what is released, into target/distribution
    Dist(dist::Args),
    /// Build, then play: embedded S3, sample film and gate, until Ctrl-C
    Up(up::Args),
    /// Run everything that CI runs
    Test(test::Args),
    /// Measure the budgets, side by side with nginx
    Bench(bench::Args),
    /// Attack the host and load it, beside viewers who play
    Soak(soak::Args),
    /// Run every fuzz target for a while
    Fuzz(fuzz::Args),
    /// Vendor the WIT files of WASI, or check them
    Wit(wit::Args),
    /// Join components to the files that hosts run
    Compose(compose::Args),
}

/// Builds what is bundled, the portal where there is Node.js, and bundles it.
fn bundled(workspace: &Workspace) -> anyhow::Result<()> {
    build::run(workspace)?;
    up::portal(workspace)?;
    bundle::run(workspace).map(drop)
}

fn main() -> ExitCode {
    if let Some(code) = lint::as_compiler() {
        return u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from);
    }
    let cli = Cli::parse();
    let workspace = Workspace::locate();
    let outcome = match cli.command {
        Command::Build => build::run(&workspace),
        Command::Dist(args) => dist::run(&workspace, &args),
        Command::Bundle => bundled(&workspace),
        Command::Up(args) => up::run(&workspace, &args),
        Command::Test(args) => test::run(workspace, &args),
        Command::Bench(args) => bench::run(&workspace, &args),
        Command::Soak(args) => soak::run(&workspace, &args),
        Command::Fuzz(args) => fuzz::run(&workspace, &args),
        Command::Wit(args) => wit::run(&workspace, &args),
        Command::Compose(args) => compose::run(&workspace, &args),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
