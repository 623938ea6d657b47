//! Those who are compared: the gate, nginx with the same check, nginx without any.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::thread;

use anyhow::{Context, Result};

use super::fixture::{BUCKET, Fixture};
use super::nginx;
use super::server::Server;

/// A running server with its address.
#[derive(Debug)]
pub(super) struct Contender {
    /// For messages.
    pub(super) name: &'static str,
    /// Where it listens.
    pub(super) address: SocketAddr,
    server: Server,
}

impl Contender {
    /// One that listens already.
    pub(super) fn new(name: &'static str, address: SocketAddr, server: Server) -> Self {
        Self {
            name,
            address,
            server,
        }
    }

    /// The process to account for.
    pub(super) fn pid(&self) -> u32 {
        self.server.pid()
    }
}

/// All contenders of a run.
#[derive(Debug)]
pub(super) struct Field {
    /// `reelgate serve` with the real manifest and components.
    pub(super) reelgate: Contender,
    /// nginx with a JWT check; `None` where nginx or its Lua module is missing.
    pub(super) nginx_jwt: Option<Contender>,
    /// nginx as a plain proxy; `None` where nginx is missing.
    pub(super) nginx: Option<Contender>,
}

impl Field {
    /// Starts them all before the same bucket.
    ///
    /// # Errors
    /// When the gate does not start. A missing nginx is said and left out.
    pub(super) fn start(fixture: &Fixture<'_>) -> Result<Self> {
        Ok(Self {
            reelgate: reelgate(fixture)?,
            nginx_jwt: told(nginx::with_jwt(fixture)),
            nginx: told(nginx::plain(fixture)),
        })
    }

    /// Those that run, our own first.
    pub(super) fn all(&self) -> impl Iterator<Item = &Contender> {
        self.gates().chain(&self.nginx)
    }

    /// Those that check a session.
    pub(super) fn gates(&self) -> impl Iterator<Item = &Contender> {
        std::iter::once(&self.reelgate).chain(&self.nginx_jwt)
    }
}

/// The contender, or a word about why it does not take part.
fn told(started: Result<Contender>) -> Option<Contender> {
    started
        .inspect_err(|error| eprintln!("bench: left out: {error:#}"))
        .ok()
}

/// Starts `reelgate serve` and reads its address back.
///
/// # Errors
/// When it ends before it listens; its own message is in the log that is named.
pub(super) fn reelgate(fixture: &Fixture<'_>) -> Result<Contender> {
    reelgate_with(fixture, "data", &[])
}

/// The same with a data folder of its own below the bench's, and further variables.
///
/// # Errors
/// As [`reelgate`].
pub(super) fn reelgate_with(
    fixture: &Fixture<'_>,
    data: &str,
    further: &[(&str, String)],
) -> Result<Contender> {
    let log = fixture.folder.join("reelgate.log");
    let mut server = Server::spawn(
        Command::new(fixture.workspace.reelgate())
            .args(["serve", "--listen", "127.0.0.1:0", "--app"])
            .arg(fixture.workspace.path("spin.toml"))
            .arg("--data")
            .arg(fixture.folder.join(data))
            .args(&fixture.serve)
            .envs(variables(fixture))
            .envs(further.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(&log)?),
    )?;
    let address = listening_address(&mut server)
        .with_context(|| format!("reelgate serve does not listen, see {}", log.display()))?;
    Ok(Contender::new("reelgate", address, server))
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

/// Waits for `listening on http://ADDRESS`, then keeps the pipe empty.
///
/// # Errors
/// When the program ends before it says so.
pub(super) fn listening_address(server: &mut Server) -> Result<SocketAddr> {
    let stdout = server.child().stdout.take().context("no output")?;
    let mut lines = BufReader::new(stdout).lines();
    let address = loop {
        let line = lines.next().context("it ended")??;
        if let Some((_, address)) = line.split_once("listening on http://") {
            break address.trim_end_matches('/').parse()?;
        }
    };
    thread::spawn(move || lines.count());
    Ok(address)
}
