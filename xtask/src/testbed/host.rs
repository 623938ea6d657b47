//! `reelgate serve` with the real components, before the fixture's bucket.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::thread;

use anyhow::{Context, Result};

use super::fixture::{BUCKET, Fixture};
use super::server::Server;

/// What differs from host to host.
#[derive(Debug, Clone)]
pub(crate) struct Launch<'a> {
    /// The manifest, below the root of the checkout.
    pub(crate) manifest: &'a str,
    /// The data folder, below the fixture's.
    pub(crate) data: &'a str,
    /// Variables beside those of bucket and secret.
    pub(crate) variables: Vec<(&'static str, String)>,
    /// Options beside the fixture's.
    pub(crate) arguments: Vec<String>,
    /// What the shell does that becomes the host, `ulimit -n 256`; empty: nothing.
    pub(crate) shell: &'a str,
}

impl Default for Launch<'_> {
    fn default() -> Self {
        Self {
            manifest: "spin.toml",
            data: "data",
            variables: Vec::new(),
            arguments: Vec::new(),
            shell: "",
        }
    }
}

impl Launch<'_> {
    /// The command, with standard output as a pipe for [`listening_address`].
    pub(crate) fn command(&self, fixture: &Fixture<'_>) -> Command {
        let mut command = self.program(fixture);
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--app"])
            .arg(fixture.workspace.path(self.manifest))
            .arg("--data")
            .arg(fixture.folder.join(self.data))
            .args(&fixture.serve)
            .args(&self.arguments)
            .envs(variables(fixture))
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        if let Some(target) = fixture.workspace.target_elsewhere() {
            command.arg("--build-folder").arg(target);
        }
        command
    }

    /// What its address begins with.
    pub(crate) fn scheme(&self) -> &'static str {
        let speaks_tls = self.arguments.iter().any(|word| word == "--tls-cert");
        if speaks_tls { "https" } else { "http" }
    }

    /// Limits of a process outlive `exec`, and so does its id.
    fn program(&self, fixture: &Fixture<'_>) -> Command {
        let reelgate = fixture.workspace.reelgate();
        if self.shell.is_empty() {
            return Command::new(reelgate);
        }
        let mut shell = Command::new("sh");
        shell
            .arg("-c")
            .arg(format!("{} && exec \"$0\" \"$@\"", self.shell))
            .arg(reelgate);
        shell
    }
}

fn variables(fixture: &Fixture<'_>) -> [(&'static str, String); 6] {
    [
        (
            "SPIN_VARIABLE_S3_ENDPOINT",
            format!("http://{}", fixture.bucket.address()),
        ),
        ("SPIN_VARIABLE_S3_BUCKET", BUCKET.to_owned()),
        ("SPIN_VARIABLE_S3_ACCESS_KEY_ID", "bench".to_owned()),
        ("SPIN_VARIABLE_S3_SECRET_ACCESS_KEY", "bench".to_owned()),
        (
            "SPIN_VARIABLE_PLAYBACK_TOKEN_SECRET",
            fixture.secret.to_owned(),
        ),
        // Spans of panics are no part of what is measured.
        ("RUST_BACKTRACE", "0".to_owned()),
    ]
}

/// Waits for `listening on http://ADDRESS`, or `https`, then keeps the pipe empty.
///
/// # Errors
/// When the program ends before it says so.
pub(crate) fn listening_address(server: &mut Server) -> Result<SocketAddr> {
    let stdout = server.child().stdout.take().context("no output")?;
    let mut lines = BufReader::new(stdout).lines();
    let address = loop {
        let line = lines.next().context("it ended")??;
        if let Some((_, address)) = line.split_once("listening on http")
            && let Some((_, address)) = address.split_once("://")
        {
            break address.trim_end_matches('/').parse()?;
        }
    };
    thread::spawn(move || lines.count());
    Ok(address)
}
