//! A certificate with its key, and what it says of itself.

use crate::http::tls::{TlsError, provider};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// A certificate that handshakes can be answered with.
#[derive(Debug)]
pub(crate) struct Issued {
    pub(crate) key: Arc<CertifiedKey>,
    pub(crate) validity: Validity,
    /// The names of hosts that it is for, in small letters.
    pub(crate) names: BTreeSet<String>,
}

/// From when until when a certificate is good, in seconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Validity {
    pub(crate) not_before: i64,
    pub(crate) not_after: i64,
}

impl Issued {
    /// The certificates, the server's own first, and its key.
    ///
    /// # Errors
    ///
    /// They do not belong together, or the first is no X.509.
    pub(crate) fn new(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<Self, TlsError> {
        let key = CertifiedKey::from_der(chain, key, &provider())?;
        let own = key.cert.first().ok_or(TlsError::NoX509)?;
        let (_, own) = X509Certificate::from_der(own).map_err(|_| TlsError::NoX509)?;
        let validity = Validity {
            not_before: own.validity().not_before.timestamp(),
            not_after: own.validity().not_after.timestamp(),
        };
        let names = names(&own);
        Ok(Self {
            key: Arc::new(key),
            validity,
            names,
        })
    }

    /// Key and certificates from one text.
    ///
    /// # Errors
    ///
    /// One of them is missing, or as [`Issued::new`].
    pub(crate) fn from_pem(pem: &[u8]) -> Result<Self, TlsError> {
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
        let key = PrivateKeyDer::from_pem_slice(pem);
        Self::new(chain.map_err(TlsError::Pem)?, key.map_err(TlsError::Pem)?)
    }
}

fn names(certificate: &X509Certificate<'_>) -> BTreeSet<String> {
    let alternatives = certificate.subject_alternative_name().ok().flatten();
    let general = alternatives.map(|extension| &extension.value.general_names);
    let name = |general: &GeneralName<'_>| match general {
        GeneralName::DNSName(name) => Some(name.to_ascii_lowercase()),
        _ => None,
    };
    general.into_iter().flatten().filter_map(name).collect()
}

/// When it ends, as people read it.
impl fmt::Display for Validity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A certificate without an end says 9999-12-31 (RFC 5280, section 4.1.2.5), a day more than jiff has.
        let end = jiff::Timestamp::from_second(self.not_after).unwrap_or(jiff::Timestamp::MAX);
        write!(f, "{end:.0}")
    }
}
