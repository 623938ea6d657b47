//! The parts of the Rust toolchain that rustup brings.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::process;
use crate::workspace::Workspace;

/// Makes sure that the standard library for `target` is installed.
///
/// rustup does not add it by itself where `RUSTUP_AUTO_INSTALL=0` is set.
///
/// # Errors
/// When it is missing and rustup cannot add it.
pub(crate) fn ensure_target(workspace: &Workspace, target: &str) -> Result<()> {
    let mut ask = Command::new("rustc");
    ask.args(["--print", "target-libdir", "--target", target])
        .current_dir(workspace.root());
    if Path::new(process::capture(&mut ask)?.trim_end()).is_dir() {
        return Ok(());
    }
    println!("tools: rustup target add {target}");
    rustup(workspace, ["target", "add", target])
        .with_context(|| format!("the Rust target {target} is missing; install it and try again"))
}

/// Makes sure that a component such as `clippy` is there, by asking its Cargo command for its version.
///
/// # Errors
/// When it is missing and rustup cannot add it.
pub(crate) fn ensure_component(
    workspace: &Workspace,
    subcommand: &str,
    component: &str,
) -> Result<()> {
    if process::succeeds(&mut workspace.cargo([subcommand, "--version"])) {
        return Ok(());
    }
    println!("tools: rustup component add {component}");
    rustup(workspace, ["component", "add", component])
}

fn rustup<const N: usize>(workspace: &Workspace, words: [&str; N]) -> Result<()> {
    process::run(
        Command::new("rustup")
            .args(words)
            .current_dir(workspace.root()),
    )
}
