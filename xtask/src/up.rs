//! `cargo xtask up`: from a fresh clone to a playing film.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, anyhow};

use crate::workspace::Workspace;
use crate::{build, tools};

/// Options of `cargo xtask up`; all are handed on to `reelgate up`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Port of the gate on 127.0.0.1
    #[arg(long)]
    port: Option<u16>,
    /// Folder for the bucket, the sample film and the caches
    #[arg(long)]
    data: Option<PathBuf>,
}

/// Builds, makes sure of ffmpeg, and becomes `reelgate up`.
///
/// Replacing this process keeps the terminal's Ctrl-C between the user and the gate.
///
/// # Errors
/// When a build fails, ffmpeg is missing and may not be installed, or the binary cannot be started.
pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<()> {
    tools::apt::ensure(&[tools::apt::FFMPEG])?;
    build::run(workspace)?;
    let error = Command::new(workspace.reelgate())
        .arg("up")
        .args(handed_on(args))
        .exec();
    Err(anyhow!(error).context(format!("cannot start {}", workspace.reelgate().display())))
}

fn handed_on(args: &Args) -> Vec<OsString> {
    let mut words = Vec::new();
    if let Some(port) = args.port {
        words.extend(["--port".into(), port.to_string().into()]);
    }
    if let Some(data) = &args.data {
        words.extend(["--data".into(), data.into()]);
    }
    words
}
