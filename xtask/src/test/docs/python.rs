//! What of the documents is checked by programs in Python: the book, and the description of the API.

use std::process::Command;

use anyhow::Result;

use crate::bundle;
use crate::process;
use crate::test::tally::Tally;
use crate::tools;
use crate::workspace::Workspace;

/// The book's maker. It comes as a wheel, in seconds; mdBook would have to be compiled.
const MKDOCS: &str = "mkdocs==1.6.1";

/// Builds the book into `target/book`; a link that leads nowhere, or a page that is in no list, is an error.
///
/// # Errors
/// When MkDocs cannot be had, or has something to warn of.
pub(in crate::test) fn book(workspace: &Workspace) -> Result<()> {
    let packages = tools::pip::packages(workspace, "mkdocs", &[MKDOCS])?;
    process::run(
        Command::new("python3")
            .args([
                "-B",
                "-m",
                "mkdocs",
                "build",
                "--strict",
                "--quiet",
                "--site-dir",
            ])
            .arg(workspace.in_target("book"))
            .env("PYTHONPATH", packages)
            .current_dir(workspace.root()),
    )
}

/// Holds the answers of a running gate against `docs/reference/openapi.yaml`.
///
/// # Errors
/// When an answer is another one than described, or a status that is described never came.
pub(in crate::test) fn api(workspace: &Workspace, tally: &mut Tally) -> Result<()> {
    tools::apt::ensure(&[tools::apt::FFMPEG])?;
    let tests = workspace.path("tests/api");
    let wanted = std::fs::read_to_string(tests.join("requirements.txt"))?;
    let wanted: Vec<&str> = wanted
        .lines()
        .filter(|line| !line.starts_with('#'))
        .collect();
    let packages = tools::pip::packages(workspace, "api", &wanted)?;
    tally.run(
        Command::new("python3")
            .args(["-B", "-m", "pytest", "--quiet", "-p", "no:cacheprovider"])
            .current_dir(tests)
            .env("PYTHONPATH", packages)
            .env("CARGO_TARGET_DIR", workspace.in_target(""))
            .env("REELGATE_BIN", bundle::run(workspace)?),
    )
}
