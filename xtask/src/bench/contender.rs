//! Those who are compared: the gate, nginx with the same check, nginx without any.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::net::SocketAddr;
use std::os::unix::ffi::OsStrExt as _;

use anyhow::{Context, Result};

use super::mode::{Encrypted, Mode};
use super::nginx;
use crate::testbed::fixture::Fixture;
use crate::testbed::host::{Launch, listening_address};
use crate::testbed::server::Server;

/// What all contenders of a field have in common.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ground<'a> {
    pub(super) fixture: &'a Fixture<'a>,
    pub(super) mode: Mode,
    /// There where the mode asks for it.
    pub(super) encrypted: Option<&'a Encrypted>,
}

/// A running server with its address.
#[derive(Debug)]
pub(super) struct Contender {
    /// For messages.
    pub(super) name: &'static str,
    /// `http` or `https`.
    pub(super) scheme: &'static str,
    /// Where it listens.
    pub(super) address: SocketAddr,
    server: Server,
}

impl Contender {
    /// One that listens already.
    pub(super) fn new(
        name: &'static str,
        scheme: &'static str,
        address: SocketAddr,
        server: Server,
    ) -> Self {
        Self {
            name,
            scheme,
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
    /// Starts them all before the same bucket, each configured to do the same.
    ///
    /// # Errors
    /// When the gate does not start. A missing nginx is said and left out.
    pub(super) fn start(ground: &Ground<'_>) -> Result<Self> {
        let reelgate = reelgate_on(ground)?;
        let tunables = tunables(&reelgate)?;
        Ok(Self {
            reelgate,
            nginx_jwt: told(nginx::with_jwt(ground, &tunables)),
            nginx: told(nginx::plain(ground, &tunables)),
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

/// What a gate has set for the C library: all copy memory the same way.
fn tunables(gate: &Contender) -> Result<OsString> {
    let environment = fs::read(format!("/proc/{}/environ", gate.pid()))?;
    let mut variables = environment.split(|byte| *byte == 0);
    let tunables = variables.find_map(|variable| variable.strip_prefix(b"GLIBC_TUNABLES="));
    Ok(OsStr::from_bytes(tunables.unwrap_or_default()).to_owned())
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
    reelgate_with(fixture, &Launch::default())
}

/// The same, started otherwise.
///
/// # Errors
/// As [`reelgate`].
pub(super) fn reelgate_with(fixture: &Fixture<'_>, launch: &Launch<'_>) -> Result<Contender> {
    let log = fixture.folder.join("reelgate.log");
    let mut server = Server::spawn(launch.command(fixture).stderr(File::create(&log)?))?;
    let address = listening_address(&mut server)
        .with_context(|| format!("reelgate serve does not listen, see {}", log.display()))?;
    let scheme = launch.scheme();
    Ok(Contender::new("reelgate", scheme, address, server))
}

/// The gate as the field's mode has it.
///
/// # Errors
/// As [`reelgate`].
pub(super) fn reelgate_on(ground: &Ground<'_>) -> Result<Contender> {
    let mut launch = Launch::default();
    if !ground.mode.cache {
        launch
            .arguments
            .extend(["--cache-memory".into(), "0".into()]);
    }
    if let Some(Encrypted {
        certificate,
        key,
        bucket,
        ..
    }) = ground.encrypted
    {
        let (certificate, key) = (certificate.display(), key.display());
        launch.variables.extend([
            ("SPIN_VARIABLE_S3_ENDPOINT", format!("https://{bucket}")),
            // The authorities that the gate trusts: this one.
            ("SSL_CERT_FILE", certificate.to_string()),
        ]);
        launch.arguments.extend([
            "--tls-cert".into(),
            certificate.to_string(),
            "--tls-key".into(),
            key.to_string(),
        ]);
    }
    reelgate_with(ground.fixture, &launch)
}
