//! A certificate nobody vouches for but the journey that made it.

use crate::deadline::within;
use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::{CertificateDer, ServerName};
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// A certificate for `localhost` and 127.0.0.1, and its key, in files.
#[derive(Debug)]
pub struct Certificate {
    folder: TempDir,
    der: CertificateDer<'static>,
}

impl Certificate {
    /// A new one.
    ///
    /// # Panics
    ///
    /// The disk is full.
    #[must_use]
    pub fn make() -> Self {
        // The year 4096 is rcgen's own.
        Self::ending(4096)
    }

    /// A new one that ends with the beginning of `year`.
    ///
    /// # Panics
    ///
    /// The disk is full.
    #[must_use]
    pub fn ending(year: i32) -> Self {
        let names = ["localhost", "127.0.0.1"].map(String::from);
        let mut params = CertificateParams::new(names).expect("two names");
        params.not_after = rcgen::date_time_ymd(year, 1, 1);
        let key = KeyPair::generate().expect("chance");
        let certificate = params.self_signed(&key).expect("a certificate");
        let folder = TempDir::new().expect("a temporary folder");
        let write = |name: &str, text: String| {
            std::fs::write(folder.path().join(name), text).expect("a temporary file");
        };
        write("cert.pem", certificate.pem());
        write("key.pem", key.serialize_pem());
        Self {
            der: certificate.der().clone(),
            folder,
        }
    }

    /// The certificate's file.
    #[must_use]
    pub fn certificate(&self) -> PathBuf {
        self.folder.path().join("cert.pem")
    }

    /// The key's file.
    #[must_use]
    pub fn key(&self) -> PathBuf {
        self.folder.path().join("key.pem")
    }

    /// Puts the files of `other` in the place of these, the key first, as a renewal does.
    ///
    /// # Panics
    ///
    /// The disk is full.
    pub fn replace_with(&self, other: &Self) {
        for (from, to) in [
            (other.key(), self.key()),
            (other.certificate(), self.certificate()),
        ] {
            let new = to.with_extension("new");
            std::fs::copy(from, &new).expect("a temporary file");
            std::fs::rename(new, to).expect("one folder");
        }
    }

    /// The words that make a host use it.
    #[must_use]
    pub fn arguments(&self) -> [PathBuf; 4] {
        [
            "--tls-cert".into(),
            self.certificate(),
            "--tls-key".into(),
            self.key(),
        ]
    }

    /// A client that believes this certificate alone.
    ///
    /// # Panics
    ///
    /// Never: the certificate is our own.
    #[must_use]
    pub fn client(&self) -> rustls::ClientConfig {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(self.der.clone()).expect("our certificate");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring does them all")
            .with_root_certificates(roots)
            .with_no_client_auth()
    }
}

/// The certificate that `address` presents to a client who wants `localhost` and offers `protocols`.
///
/// # Errors
///
/// There is no handshake: the client does not believe it, or the server breaks it off.
///
/// # Panics
///
/// Nobody listens.
pub async fn presented(
    address: SocketAddr,
    client: &rustls::ClientConfig,
    protocols: &[&[u8]],
) -> io::Result<CertificateDer<'static>> {
    let mut config = client.clone();
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    let connected = within("a connection", TcpStream::connect(address)).await;
    let name = ServerName::try_from("localhost").expect("a name");
    let connector = TlsConnector::from(Arc::new(config));
    let socket = connected.expect("somebody listens");
    let stream = within("a TLS handshake", connector.connect(name, socket)).await?;
    let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
    Ok(chain[0].clone())
}
