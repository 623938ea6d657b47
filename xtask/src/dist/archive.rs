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
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let tar = release.out.join(format!("{name}.tar"));
    let packing = Packing {
        folder: folder.parent().unwrap_or(Path::new(".")),
        names: &[&name],
        owner: "0",
        append: false,
    };
    pack(release, &packing, &tar)?;
    process::run(
        Command::new("xz")
            .args(["-9", "--force", "--threads=1"])
            .arg(tar),
    )
}

/// What of a folder goes into a tar, and whose it is there.
pub(super) struct Packing<'a> {
    pub(super) folder: &'a Path,
    pub(super) names: &'a [&'a str],
    /// The number of a user and of a group.
    pub(super) owner: &'a str,
    /// Whether the tar is there already, and gets more.
    pub(super) append: bool,
}

/// A tar of which the same files always make the same bytes.
///
/// # Errors
/// As [`write()`].
pub(super) fn pack(release: &Release<'_>, packing: &Packing<'_>, tar: &Path) -> Result<()> {
    let Packing {
        folder,
        names,
        owner,
        append,
    } = packing;
    process::run(
        Command::new("tar")
            .args(["--sort=name", "--numeric-owner", "--format=gnu"])
            .arg("--mode=u=rwX,go=rX")
            .arg(format!("--mtime=@{}", release.time))
            .args([format!("--owner={owner}"), format!("--group={owner}")])
            .arg(if *append { "--append" } else { "--create" })
            .arg("--file")
            .arg(tar)
            .arg("--directory")
            .arg(folder)
            .args(*names),
    )
}
