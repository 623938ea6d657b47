//! The programs: optimised as a whole, their symbols in files of their own.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::Release;
use super::platform::{GLIBC, Platform, STATIC};
use crate::tools::apt::{self, Program};
use crate::{process, tools};

/// Compiles the C of libraries against musl.
const MUSL: Program = Program {
    name: "musl-gcc",
    package: "musl-tools",
};

/// The newest glibc that the program may ask for, major and minor: that of RHEL 9, and older than that of Debian 12
/// and Ubuntu 22.04.
const GLIBC_VERSION: (u32, u32) = (2, 34);

/// Builds it for `platform`, by a profile where there is one; gives the stripped program, and leaves the symbols among
/// the release's files.
///
/// # Errors
/// When a tool is missing, it does not build, or it asks for too new a glibc.
pub(super) fn build(
    release: &Release<'_>,
    platform: Platform,
    profile: Option<&Path>,
) -> Result<PathBuf> {
    let flags = profile.map(|profile| format!("-Cprofile-use={}", profile.display()));
    let built = compile(release, platform, &flags.unwrap_or_default())?;
    if platform.target == GLIBC.target {
        runs_with_older(&built)?;
    }
    strip(release, platform, &built)
}

/// Compiles it for `platform`, with further flags for the compiler.
///
/// # Errors
/// When a tool is missing, or it does not build.
pub(super) fn compile(release: &Release<'_>, platform: Platform, further: &str) -> Result<PathBuf> {
    let workspace = release.workspace;
    let target = platform.target;
    if target == STATIC.target {
        apt::ensure(&[MUSL])?;
    }
    tools::rustup::ensure_target(workspace, target)?;
    println!("dist: reelgate for {target} (optimised as a whole, takes many minutes)");
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
            .args(["--target", target])
            .env(
                "RUSTFLAGS",
                format!("{} {further}", flags("--remap-path-prefix")),
            )
            .env("CFLAGS", flags("-ffile-prefix-map"))
            .env("REELGATE_COMMIT", &release.commit)
            .env("REELGATE_TARGET", target)
            .env("SOURCE_DATE_EPOCH", release.time.to_string()),
    )?;
    Ok(workspace.in_target(&format!("{target}/dist/reelgate")))
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

/// A program asks for the glibc that it was linked with, where that has newer functions of what it calls.
fn runs_with_older(program: &Path) -> Result<()> {
    let symbols = process::capture(Command::new("objdump").arg("--dynamic-syms").arg(program))?;
    let (major, minor) = wanted_glibc(&symbols).context("objdump shows no symbol of glibc")?;
    println!("dist: it asks for glibc {major}.{minor}");
    ensure!(
        (major, minor) <= GLIBC_VERSION,
        "the program asks for glibc {major}.{minor}, which older systems do not have: build it on Debian 12"
    );
    Ok(())
}

/// The newest version of glibc, major and minor, that is named in what `objdump --dynamic-syms` prints.
fn wanted_glibc(symbols: &str) -> Option<(u32, u32)> {
    let versions = symbols.split("GLIBC_").skip(1).filter_map(|after| {
        let end = after.find(|char: char| char != '.' && !char.is_ascii_digit())?;
        let mut numbers = after.get(..end)?.split('.');
        Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
    });
    versions.max()
}

fn strip(release: &Release<'_>, platform: Platform, built: &Path) -> Result<PathBuf> {
    let symbols = release
        .out
        .join(format!("{}.debug", release.name(platform)));
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

#[cfg(test)]
mod tests {
    use super::wanted_glibc;

    /// Lines that `objdump --dynamic-syms` of binutils 2.40 prints of a program of Debian 12.
    #[test]
    fn the_newest_version_is_what_a_program_asks_for() {
        let symbols = "\
0000000000000000      DF *UND*	0000000000000000 (GLIBC_2.2.5) write
0000000000000000      DF *UND*	0000000000000000 (GLIBC_2.34) pthread_create
0000000000000000      DF *UND*	0000000000000000 (GLIBC_2.4)  __stack_chk_fail
0000000000000000      DF *UND*	0000000000000000 (GCC_3.0)    _Unwind_Resume
";
        assert_eq!(wanted_glibc(symbols), Some((2, 34)));
        assert_eq!(wanted_glibc("no dynamic symbols"), None);
    }
}
