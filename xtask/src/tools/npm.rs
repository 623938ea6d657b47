//! The driver of the browser test.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result};

use crate::process;
use crate::workspace::Workspace;

/// Installs what `tests/browser/package-lock.json` pins, when it has changed since the last time.
///
/// The browser itself is Debian's; Playwright's own is not downloaded.
///
/// # Errors
/// When npm is missing or fails.
pub(crate) fn ensure(workspace: &Workspace) -> Result<()> {
    let folder = workspace.path("tests/browser");
    let lock = folder.join("package-lock.json");
    if !lock.is_file() {
        return Ok(());
    }
    let wanted = fs::read(&lock)?;
    let stamp = folder.join("node_modules/.installed-lock");
    if fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    println!("tools: npm ci in tests/browser");
    process::run(
        Command::new("npm")
            .args(["ci", "--no-audit", "--no-fund"])
            .env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")
            .current_dir(&folder),
    )
    .context("Node.js 20 or newer with npm is needed for the browser test")?;
    fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))
}
