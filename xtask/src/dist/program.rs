//! The program: optimised as a whole, linked statically, its symbols in a file of their own.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::{Release, TARGET};
use crate::tools::apt::{self, Program};
use crate::{process, tools};

/// Compiles the C of libraries against musl.
const MUSL: Program = Program {
    name: "musl-gcc",
    package: "musl-tools",
};

/// Builds it; gives the stripped program, and leaves the symbols among the release's files.
///
/// # Errors
/// When a tool is missing or it does not build.
pub(super) fn build(release: &Release<'_>) -> Result<PathBuf> {
    let workspace = release.workspace;
    apt::ensure(&[MUSL])?;
    tools::rustup::ensure_target(workspace, TARGET)?;
    println!("dist: reelgate for {TARGET} (optimised as a whole, takes many minutes)");
    let maps = prefixes(workspace.root());
    let flags = |option: &str| {
        let flags = maps
            .iter()
            .map(|(from, to)| format!("{option}={from}={to}"));
        flags.collect::<Vec<_>>().join(" ")
    };
    process::run(
        workspace
            .cargo([
                "build",
                "--locked",
                "--profile",
                "dist",
                "--package",
                "reelgate",
            ])
            .args(["--target", TARGET])
            .env("RUSTFLAGS", flags("--remap-path-prefix"))
            .env("CFLAGS", flags("-ffile-prefix-map"))
            .env("REELGATE_COMMIT", &release.commit)
            .env("REELGATE_TARGET", TARGET)
            .env("SOURCE_DATE_EPOCH", release.time.to_string()),
    )?;
    let built = workspace.in_target(&format!("{TARGET}/dist/reelgate"));
    strip(release, &built)
}

/// Folders of this machine, and what stands for them in the program.
fn prefixes(root: &Path) -> Vec<(String, &'static str)> {
    let home = std::env::var_os("HOME").unwrap_or_default();
    let cargo = std::env::var_os("CARGO_HOME")
        .unwrap_or_else(|| OsString::from(Path::new(&home).join(".cargo")));
    vec![
        (cargo.to_string_lossy().into_owned(), "/cargo"),
        (root.to_string_lossy().into_owned(), "/reelgate"),
    ]
}

fn strip(release: &Release<'_>, built: &Path) -> Result<PathBuf> {
    let symbols = release.out.join(format!("{}.debug", release.name()));
    let stripped = built.with_extension("stripped");
    fs::copy(built, &stripped)?;
    let objcopy = |words: &[&str]| {
        let mut command = Command::new("objcopy");
        command.args(words);
        command
    };
    process::run(
        objcopy(&["--only-keep-debug", "--compress-debug-sections"])
            .arg(built)
            .arg(&symbols),
    )?;
    let link = format!("--add-gnu-debuglink={}", symbols.display());
    process::run(objcopy(&["--strip-all", &link]).arg(&stripped))?;
    Ok(stripped)
}
