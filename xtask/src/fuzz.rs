//! `cargo xtask fuzz`: every fuzz target for a while.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::process;
use crate::tools::cargo_install::{self, CARGO_FUZZ};
use crate::workspace::Workspace;

/// Options of `cargo xtask fuzz`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Seconds for each target
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,
    /// Run only this target
    #[arg(long)]
    only: Option<String>,
}

/// Runs the targets of `fuzz/` one after the other, from their seeds and what earlier runs found.
///
/// # Errors
/// When there is no nightly toolchain, or a target finds something; its input is kept under
/// `fuzz/artifacts`.
pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<()> {
    ensure_nightly()?;
    let cargo_fuzz = cargo_install::ensure(workspace, CARGO_FUZZ)?;
    let targets: Vec<String> = targets(workspace, &cargo_fuzz)?
        .into_iter()
        .filter(|target| args.only.as_deref().is_none_or(|only| only == target))
        .collect();
    ensure!(!targets.is_empty(), "no such fuzz target");
    let mut found = Vec::new();
    for target in &targets {
        println!("=== fuzz {target}, {} s", args.seconds);
        if let Err(error) = fuzz(workspace, &cargo_fuzz, target, args.seconds) {
            eprintln!("error: {error:#}");
            found.push(target.as_str());
        }
    }
    println!("\n{} targets, {} failed", targets.len(), found.len());
    if !found.is_empty() {
        bail!("found something: {}", found.join(", "));
    }
    Ok(())
}

/// The sanitizers that libFuzzer needs are nightly's.
fn ensure_nightly() -> Result<()> {
    ensure!(
        process::succeeds(Command::new("rustup").args(["run", "nightly", "cargo", "--version"])),
        "fuzzing needs a nightly toolchain: rustup toolchain install nightly --profile minimal"
    );
    Ok(())
}

fn targets(workspace: &Workspace, cargo_fuzz: &Path) -> Result<Vec<String>> {
    let listed = process::capture(&mut on_nightly(workspace, cargo_fuzz, "list"))?;
    Ok(listed.lines().map(str::to_owned).collect())
}

/// Runs one target; libFuzzer's thousands of lines go to a log, the last word is shown.
fn fuzz(workspace: &Workspace, cargo_fuzz: &Path, target: &str, seconds: u64) -> Result<()> {
    let corpus = workspace.path("fuzz/corpus").join(target);
    fs::create_dir_all(&corpus)?;
    let built = workspace.in_target("fuzz");
    fs::create_dir_all(&built)?;
    let log = built.join(target).with_extension("log");
    let outcome = process::run(
        on_nightly(workspace, cargo_fuzz, "run")
            .arg("--target-dir")
            .arg(&built)
            .arg(target)
            .arg(&corpus)
            .arg(workspace.path("fuzz/seeds").join(target))
            .args(["--", "-timeout=10", "-max_len=8192"])
            .arg(format!("-max_total_time={seconds}"))
            // The tool would add a trace of its own behind what was found.
            .env("RUST_BACKTRACE", "0")
            .stderr(File::create(&log)?),
    );
    let said = fs::read_to_string(&log)?;
    match &outcome {
        Ok(()) => println!("{}", last_lines(&said, 1)),
        Err(_) => println!("{}", last_lines(&said, 40)),
    }
    outcome.with_context(|| format!("all of it: {}", log.display()))
}

fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

fn on_nightly(workspace: &Workspace, cargo_fuzz: &Path, subcommand: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("rustup");
    command
        .args(["run", "nightly"])
        .arg(cargo_fuzz)
        .arg(subcommand)
        .arg("--fuzz-dir")
        .arg(workspace.path("fuzz"))
        .current_dir(workspace.root());
    command
}
