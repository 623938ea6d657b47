//! `cargo xtask up`: from a fresh clone to a playing film.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::{self, PathBuf};
use std::process::Command;

use anyhow::{Result, anyhow};

use crate::workspace::Workspace;
use crate::{build, bundle, process, tools};

/// Options of `cargo xtask up`; all are handed on to `reelgate up`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Port of the gate on 127.0.0.1
    #[arg(long)]
    port: Option<u16>,
    /// Port of the page with the player on 127.0.0.1
    #[arg(long)]
    page_port: Option<u16>,
    /// Port of the portal on 127.0.0.1
    #[arg(long)]
    portal_port: Option<u16>,
    /// Folder for the bucket, the sample film and the caches
    #[arg(long)]
    data: Option<PathBuf>,
    /// Also start a fake Cloudflare Stream, and the routes that work with it
    #[arg(long)]
    stream: bool,
    /// Port of the fake on 127.0.0.1
    #[arg(long, requires = "stream")]
    stream_port: Option<u16>,
    /// Whether the fake calls the gate when a video is through: on or off
    #[arg(long, requires = "stream")]
    stream_webhooks: Option<String>,
}

/// Builds, bundles, and becomes `reelgate up`.
///
/// Replacing this process keeps the terminal's Ctrl-C between the user and the gate.
///
/// # Errors
/// When a build fails, ffmpeg is missing and may not be installed, or the binary cannot be started.
pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<()> {
    tools::apt::ensure(&[tools::apt::FFMPEG])?;
    build::run(workspace)?;
    portal(workspace)?;
    let program = bundle::run(workspace)?;
    let error = Command::new(&program)
        .arg("up")
        .args(handed_on(args)?)
        .exec();
    Err(anyhow!(error).context(format!("cannot start {}", program.display())))
}

fn handed_on(args: &Args) -> Result<Vec<OsString>> {
    let mut words: Vec<OsString> = Vec::new();
    if args.stream {
        words.push("--stream".into());
    }
    if let Some(webhooks) = &args.stream_webhooks {
        words.extend(["--stream-webhooks".into(), webhooks.into()]);
    }
    let ports = [
        ("--port", args.port),
        ("--page-port", args.page_port),
        ("--portal-port", args.portal_port),
        ("--stream-port", args.stream_port),
    ];
    for (flag, port) in ports {
        if let Some(port) = port {
            words.extend([flag.into(), port.to_string().into()]);
        }
    }
    if let Some(data) = &args.data {
        words.extend(["--data".into(), path::absolute(data)?.into()]);
    }
    Ok(words)
}

/// Builds the portal, where there is Node.js to build it with.
///
/// # Errors
/// When it does not build.
pub(crate) fn portal(workspace: &Workspace) -> Result<()> {
    if !tools::npm::is_there() {
        println!(
            "no Node.js here: going on without the portal; install Node.js 20 or newer to have it"
        );
        return Ok(());
    }
    tools::npm::ensure(workspace, "web")?;
    process::run(
        Command::new("npm")
            .args(["run", "--silent", "build"])
            .current_dir(workspace.path("web")),
    )
}
