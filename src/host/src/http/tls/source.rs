//! Where a listener's certificate is from.

use crate::http::tls::acme::Acme;
use crate::http::tls::certificate::Certificate;
use crate::http::tls::{ACME_TLS, TlsError, server_config};
use crate::surroundings::Surroundings;
use std::io;
use std::sync::Arc;

/// A certificate that is looked after.
#[derive(Clone, Debug)]
pub enum CertificateSource {
    /// Files that somebody else renews.
    Files(Arc<Certificate>),
    /// An authority that is asked.
    Acme(Arc<Acme>),
}

impl CertificateSource {
    /// How a listener speaks TLS with it; offers HTTP/2 and 1.1.
    ///
    /// # Errors
    ///
    /// The protocol versions do not fit the provider; a build that cannot work.
    pub fn server_config(&self) -> Result<Arc<rustls::ServerConfig>, TlsError> {
        const HTTP: [&[u8]; 2] = [b"h2", b"http/1.1"];
        match self {
            Self::Files(files) => server_config(files.clone(), &HTTP),
            // The last: who offers HTTP as well is no authority (RFC 8737, section 3).
            Self::Acme(acme) => server_config(acme.clone(), &[HTTP[0], HTTP[1], ACME_TLS]),
        }
    }

    /// Somebody asks for it to be read again: files are, and an authority that has failed is asked at once.
    pub fn reload(&self, around: &Surroundings) {
        match self {
            Self::Files(files) => files.reload(around),
            Self::Acme(acme) => acme.reload(),
        }
    }

    /// Looks after it for as long as the process lives.
    ///
    /// # Errors
    ///
    /// There is no thread to be had.
    pub fn watch(&self, around: &Surroundings) -> io::Result<()> {
        match self {
            Self::Files(files) => files.watch(around),
            Self::Acme(acme) => acme.watch(around),
        }
    }
}
