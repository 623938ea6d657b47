//! What the npm registry brings: the driver of the browser tests, and what the portal is made of.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result};

use crate::process;
use crate::workspace::Workspace;

/// Whether Node.js is installed, with npm.
pub(crate) fn is_there() -> bool {
    let asked = Command::new("npm").arg("--version").output();
    asked.is_ok_and(|output| output.status.success())
}

/// Installs what the `package-lock.json` of `folder` pins, when it has changed since the last time.
///
/// The browser itself is Debian's; Playwright's own is not downloaded.
///
/// # Errors
/// When npm is missing or fails.
pub(crate) fn ensure(workspace: &Workspace, folder: &str) -> Result<()> {
    let name = folder;
    let folder = workspace.path(name);
    let lock = folder.join("package-lock.json");
    let wanted = fs::read(&lock).with_context(|| format!("no {}", lock.display()))?;
    let stamp = folder.join("node_modules/.installed-lock");
    if fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    println!("tools: npm ci in {name}");
    process::run(
        Command::new("npm")
            .args(["ci", "--no-audit", "--no-fund"])
            .env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")
            .current_dir(&folder),
    )
    .context("Node.js 20 or newer with npm is needed for the browser tests and the portal")?;
    fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))
}
