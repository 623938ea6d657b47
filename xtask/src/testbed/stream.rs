//! A fake Cloudflare Stream whose videos stay on their way, and the variables of a host that uses it.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::fixture::Fixture;
use super::host::listening_address;
use super::server::Server;

/// The operator's token, at the host and at Stream.
pub(crate) const ADMIN: &str = "only-for-the-bench-only-for-the-bench";
/// What webhooks are signed with.
const SECRET: &str = "only-for-the-bench-only-for-the-bench";

/// A running fake; its videos ask for originals that never arrive.
#[derive(Debug)]
pub(crate) struct Stream {
    address: SocketAddr,
    /// Takes connections and says nothing.
    originals: TcpListener,
    _server: Server,
}

impl Stream {
    /// Starts it with films in `folder`, and `options` beside those that every fake has.
    ///
    /// # Errors
    /// When it does not listen.
    pub(crate) fn start(fixture: &Fixture<'_>, folder: &Path, options: &[&str]) -> Result<Self> {
        let mut server = Server::spawn(
            Command::new(fixture.workspace.reelgate())
                .args(["stream", "fake", "--listen", "127.0.0.1:0"])
                .args(["--encoder", "none", "--api-token", ADMIN, "--data"])
                .arg(folder)
                .args(options)
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(Stdio::null()),
        )?;
        Ok(Self {
            originals: TcpListener::bind("127.0.0.1:0")?,
            address: listening_address(&mut server).context("the fake Stream does not listen")?,
            _server: server,
        })
    }

    /// The variables of a host that has its originals encoded here, and looks after every row at once.
    ///
    /// # Errors
    /// When the system does not know the address of its own socket.
    pub(crate) fn variables(&self) -> Result<Vec<(&'static str, String)>> {
        Ok(vec![
            ("SPIN_VARIABLE_ADMIN_TOKEN", ADMIN.to_owned()),
            ("SPIN_VARIABLE_STREAM_ENABLED", "true".to_owned()),
            (
                "SPIN_VARIABLE_CLOUDFLARE_ACCOUNT_ID",
                "fake-account".to_owned(),
            ),
            ("SPIN_VARIABLE_CF_STREAM_API_TOKEN", ADMIN.to_owned()),
            (
                "SPIN_VARIABLE_CF_STREAM_API_BASE",
                format!("http://{}", self.address),
            ),
            ("SPIN_VARIABLE_CF_STREAM_WEBHOOK_SECRET", SECRET.to_owned()),
            (
                "SPIN_VARIABLE_STREAM_SOURCE_ORIGIN",
                format!("http://{}", self.originals.local_addr()?),
            ),
            ("SPIN_VARIABLE_STUCK_AFTER_SECONDS", "0".to_owned()),
        ])
    }
}

/// The header field of a webhook with this body, as Cloudflare signs them.
///
/// # Errors
/// When the clock stands before 1970.
pub(crate) fn signed(body: &str) -> Result<String> {
    let time = now()?;
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes())?;
    mac.update(format!("{time}.{body}").as_bytes());
    let tag: String = mac
        .finalize()
        .into_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    Ok(format!("Webhook-Signature: time={time},sig1={tag}"))
}

/// One of the right form and age, by somebody who does not know the secret.
///
/// # Errors
/// As [`signed`].
pub(crate) fn forged() -> Result<String> {
    Ok(format!("Webhook-Signature: time={},sig1={:064}", now()?, 0))
}

fn now() -> Result<u64> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())
}
