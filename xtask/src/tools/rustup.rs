//! The parts of the Rust toolchain that rustup brings.

use std::path::{Path, PathBuf};
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

/// Makes sure that LLVM's tool of this name is there, such as `llvm-profdata`, and says where.
///
/// # Errors
/// When it is missing and rustup cannot add it.
pub(crate) fn llvm_tool(workspace: &Workspace, name: &str) -> Result<PathBuf> {
    let mut ask = Command::new("rustc");
    ask.args(["--print", "target-libdir"])
        .current_dir(workspace.root());
    let libraries = process::capture(&mut ask)?;
    let tool = Path::new(libraries.trim_end())
        .with_file_name("bin")
        .join(name);
    if !tool.is_file() {
        println!("tools: rustup component add llvm-tools");
        rustup(workspace, ["component", "add", "llvm-tools"])?;
    }
    Ok(tool)
}

fn rustup<const N: usize>(workspace: &Workspace, words: [&str; N]) -> Result<()> {
    process::run(
        Command::new("rustup")
            .args(words)
            .current_dir(workspace.root()),
    )
}
