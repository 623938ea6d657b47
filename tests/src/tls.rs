//! A certificate nobody vouches for but the journey that made it.

use rustls::pki_types::CertificateDer;
use std::path::PathBuf;
use std::sync::Arc;
use tempfile::TempDir;

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
        let names = ["localhost", "127.0.0.1"].map(String::from);
        let made = rcgen::generate_simple_self_signed(names).expect("two names");
        let folder = TempDir::new().expect("a temporary folder");
        let write = |name: &str, text: String| {
            std::fs::write(folder.path().join(name), text).expect("a temporary file");
        };
        write("cert.pem", made.cert.pem());
        write("key.pem", made.signing_key.serialize_pem());
        Self {
            der: made.cert.der().clone(),
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
