//! What the program for glibc does most, by which the compiler optimises it ("Profile-guided Optimization" in the rustc
//! book): it is built once to count, put under the loads of `cargo xtask bench`, and built again.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::platform::GLIBC;
use super::{Release, program};
use crate::tools::apt::{self, H2LOAD, Program, WRK};
use crate::{bench, process, tools};

/// What a load is made with.
const LOAD: [Program; 4] = [
    WRK,
    H2LOAD,
    Program {
        name: "nginx",
        package: "nginx",
    },
    Program {
        name: "openssl",
        package: "openssl",
    },
];

/// The profile among the release's files: the one `given`, or a new one.
///
/// # Errors
/// When a tool is missing, or the program that counts does not build or does not answer.
pub(super) fn of(release: &Release<'_>, given: Option<Vec<u8>>) -> Result<PathBuf> {
    let profile = release
        .out
        .join(format!("{}.profdata", release.name(GLIBC)));
    match given {
        Some(given) => fs::write(&profile, given)?,
        None => make(release, &profile)?,
    }
    Ok(profile)
}

fn make(release: &Release<'_>, profile: &Path) -> Result<()> {
    let workspace = release.workspace;
    apt::ensure(&LOAD)?;
    let merge = tools::rustup::llvm_tool(workspace, "llvm-profdata")?;
    let counts = workspace.in_target("profile");
    if counts.exists() {
        fs::remove_dir_all(&counts)?;
    }
    println!("dist: a program that counts what it does");
    let generate = format!("-Cprofile-generate={}", counts.display());
    let counting = program::compile(release, GLIBC, &generate)?;
    println!("dist: the loads of the bench, for a profile");
    bench::exercise(&workspace.with_program(counting))?;
    // Not `--sparse`: functions that were never called are made small because the profile has them.
    process::run(
        Command::new(merge)
            .args(["merge", "--output"])
            .arg(profile)
            .arg(&counts),
    )
    .context("the program left no counts")
}
