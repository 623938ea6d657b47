//! How the contenders stand: with TLS or without, with a cache of hot objects or without.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use super::nginx;
use crate::process;
use crate::testbed::fixture::Fixture;
use crate::testbed::server::Server;

/// What all contenders of a field are configured to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mode {
    /// TLS to the viewer and to the bucket, as it is with R2.
    pub(super) tls: bool,
    /// A cache of hot objects: our own, and nginx's `proxy_cache`.
    pub(super) cache: bool,
}

impl Mode {
    /// Every object comes from the bucket.
    pub(super) const PLAIN: Self = Self {
        tls: false,
        cache: false,
    };
    /// What viewers ask for is hot.
    pub(super) const PLAIN_HOT: Self = Self {
        tls: false,
        cache: true,
    };
    /// What users have before the first viewer has come.
    pub(super) const TLS: Self = Self {
        tls: true,
        cache: false,
    };
    /// What users have afterwards.
    pub(super) const TLS_HOT: Self = Self {
        tls: true,
        cache: true,
    };

    /// What an address begins with.
    pub(super) fn scheme(self) -> &'static str {
        if self.tls { "https" } else { "http" }
    }
}

/// The bucket behind TLS, and a certificate that all servers of a run share.
#[derive(Debug)]
pub(super) struct Encrypted {
    /// In PEM, valid for 127.0.0.1; its own authority.
    pub(super) certificate: PathBuf,
    /// Its key in PEM.
    pub(super) key: PathBuf,
    /// Where the bucket speaks TLS.
    pub(super) bucket: SocketAddr,
    /// Ends it with this value.
    _server: Server,
}

impl Encrypted {
    /// Makes the certificate and starts an nginx that does nothing but TLS for the bucket. Its CPU is nobody's.
    ///
    /// # Errors
    /// When openssl or nginx is missing.
    pub(super) fn start(fixture: &Fixture<'_>) -> Result<Self> {
        let certificate = fixture.folder.join("certificate.pem");
        let key = fixture.folder.join("key.pem");
        process::capture(
            Command::new("openssl")
                .args([
                    "req",
                    "-x509",
                    "-newkey",
                    "ec",
                    "-pkeyopt",
                    "ec_paramgen_curve:prime256v1",
                ])
                .args(["-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"])
                .args(["-addext", "subjectAltName=IP:127.0.0.1"])
                .args(["-addext", "basicConstraints=critical,CA:FALSE"])
                .arg("-keyout")
                .arg(&key)
                .arg("-out")
                .arg(&certificate),
        )
        .context("install with: sudo apt-get install openssl")?;
        let (bucket, server) = nginx::terminator(fixture, &certificate, &key)?;
        Ok(Self {
            certificate: fs::canonicalize(certificate)?,
            key: fs::canonicalize(key)?,
            bucket,
            _server: server,
        })
    }
}
