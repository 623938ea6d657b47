//! The packages for portals: a wheel for Python, and a tarball for npm.

use std::process::Command;

use anyhow::Result;

use super::Release;
use crate::process;
use crate::tools::apt::{self, PIP};

/// Writes both among the release's files.
///
/// # Errors
/// When pip or npm is missing or fails.
pub(super) fn write(release: &Release<'_>) -> Result<()> {
    apt::ensure(&[PIP])?;
    process::run(
        Command::new("python3")
            .args(["-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir"])
            .arg(&release.out)
            .arg(release.workspace.path("clients/python"))
            .env("SOURCE_DATE_EPOCH", release.time.to_string()),
    )?;
    process::run(
        Command::new("npm")
            .args([
                "pack",
                "--silent",
                "--workspace",
                "reelgate-client",
                "--pack-destination",
            ])
            .arg(&release.out)
            .current_dir(release.workspace.path("web")),
    )
}
