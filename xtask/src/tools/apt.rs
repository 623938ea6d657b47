//! Programs from Debian's packages.

use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process;

/// A program and the Debian package that brings it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Program {
    /// The name looked up on `PATH`.
    pub(crate) name: &'static str,
    /// The package to install when it is not there.
    pub(crate) package: &'static str,
}

/// Makes, cuts and decodes film.
pub(crate) const FFMPEG: Program = Program {
    name: "ffmpeg",
    package: "ffmpeg",
};

/// Plays film in the browser test.
pub(crate) const CHROMIUM: Program = Program {
    name: "chromium",
    package: "chromium",
};

/// Keeps key-value stores that several hosts share.
pub(crate) const REDIS: Program = Program {
    name: "redis-server",
    package: "redis-server",
};

/// Fetches wheels.
pub(crate) const PIP: Program = Program {
    name: "pip3",
    package: "python3-pip",
};

/// Asks over HTTP/1.1, many at once.
pub(crate) const WRK: Program = Program {
    name: "wrk",
    package: "wrk",
};

/// The same over HTTP/2.
pub(crate) const H2LOAD: Program = Program {
    name: "h2load",
    package: "nghttp2-client",
};

/// Asks slowly, to keep others out.
pub(crate) const SLOWHTTPTEST: Program = Program {
    name: "slowhttptest",
    package: "slowhttptest",
};

/// Makes sure that the programs are there, installing the missing ones where this user may.
///
/// # Errors
/// When one is missing and cannot be installed from here; the message holds the command to run.
pub(crate) fn ensure(programs: &[Program]) -> Result<()> {
    let missing: Vec<&str> = programs
        .iter()
        .filter(|program| process::find_program(program.name).is_none())
        .map(|program| program.package)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let packages = missing.join(" ");
    let Some(become_root) = way_to_root() else {
        bail!("{packages} not found; install with: sudo apt-get install {packages}");
    };
    println!("tools: apt-get install {packages}");
    // A fresh machine has no package lists, an old one has stale ones.
    process::run(apt_get(become_root).arg("update").arg("--quiet"))
        .and_then(|()| process::run(apt_get(become_root).args(INSTALL).args(&missing)))
        .with_context(|| format!("install by hand: sudo apt-get install {packages}"))
}

const INSTALL: [&str; 4] = ["install", "--yes", "--quiet", "--no-install-recommends"];

/// The words before `apt-get` that make it run as root; `None` where there is no apt or no right to use it.
fn way_to_root() -> Option<&'static [&'static str]> {
    process::find_program("apt-get")?;
    if rustix::process::geteuid().is_root() {
        return Some(&[]);
    }
    let sudo: &[&str] = &["sudo", "--non-interactive"];
    process::succeeds(Command::new(sudo[0]).args(&sudo[1..]).arg("true")).then_some(sudo)
}

fn apt_get(become_root: &[&str]) -> Command {
    let mut words = become_root
        .iter()
        .chain(&["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
    let mut command = Command::new(words.next().unwrap_or(&"env"));
    command.args(words);
    command
}
