//! The archive that people download.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::Release;
use crate::process;
use crate::tools::apt::{self, Program};

const XZ: Program = Program {
    name: "xz",
    package: "xz-utils",
};

/// Packs `folder` into `NAME.tar.xz`, whose bytes do not depend on who packs and when.
///
/// # Errors
/// When `tar` or `xz` is missing or fails.
pub(super) fn write(release: &Release<'_>, folder: &Path) -> Result<()> {
    apt::ensure(&[XZ])?;
    let tar = release.out.join(format!("{}.tar", release.name()));
    tar_of(release, folder, &tar)?;
    process::run(
        Command::new("xz")
            .args(["-9", "--force", "--threads=1"])
            .arg(tar),
    )
}

/// A tar of `folder`, of which the same files always make the same bytes.
///
/// # Errors
/// As [`write()`].
fn tar_of(release: &Release<'_>, folder: &Path, tar: &Path) -> Result<()> {
    let name = folder.file_name().unwrap_or_default();
    process::run(
        Command::new("tar")
            .args([
                "--sort=name",
                "--owner=0",
                "--group=0",
                "--numeric-owner",
                "--format=gnu",
            ])
            .arg(format!("--mtime=@{}", release.time))
            .args(["--mode=u=rwX,go=rX", "--create", "--file"])
            .arg(tar)
            .arg("--directory")
            .arg(folder.parent().unwrap_or(Path::new(".")))
            .arg(name),
    )
}
