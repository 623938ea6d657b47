//! Proofs for an authority that asks at the TLS port (RFC 8737).

use crate::http::tls::acme::domain::Domain;
use crate::http::tls::{ACME_TLS, provider};
use rcgen::{CertificateParams, CustomExtension, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::ClientHello;
use rustls::sign::CertifiedKey;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// What is being proved just now, by name.
#[derive(Debug, Default)]
pub(super) struct Challenges(Mutex<HashMap<String, Arc<CertifiedKey>>>);

/// Why a proof cannot be made.
#[derive(Debug, thiserror::Error)]
pub(super) enum ProofError {
    #[error("cannot make the challenge's certificate: {0}")]
    Certificate(#[from] rcgen::Error),
    #[error("cannot use the challenge's certificate: {0}")]
    Key(#[from] rustls::Error),
}

impl Challenges {
    /// Answers for `domain` with the SHA-256 of its key authorization, for as long as the proof lives.
    pub(super) fn offer(&self, domain: &Domain, digest: &[u8]) -> Result<Proof<'_>, ProofError> {
        let key = Arc::new(certificate(domain, digest)?);
        let name = domain.as_str().to_owned();
        self.with(|offered| offered.insert(name.clone(), key));
        Ok(Proof { of: self, name })
    }

    /// What answers `hello`; nothing while nothing is being proved for its name.
    pub(super) fn answer(&self, hello: &ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let name = hello.server_name()?.to_ascii_lowercase();
        self.with(|offered| offered.get(&name).cloned())
    }

    fn with<T>(&self, act: impl FnOnce(&mut HashMap<String, Arc<CertifiedKey>>) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Whether an authority says `hello`: it offers its protocol and no other.
pub(super) fn is_of_authority(hello: &ClientHello<'_>) -> bool {
    hello
        .alpn()
        .is_some_and(|mut offered| offered.next() == Some(ACME_TLS) && offered.next().is_none())
}

/// A name that is being proved, until this is dropped.
#[must_use = "nothing is proved any more when this is dropped"]
pub(super) struct Proof<'a> {
    of: &'a Challenges,
    name: String,
}

impl Drop for Proof<'_> {
    fn drop(&mut self) {
        self.of.with(|offered| offered.remove(&self.name));
    }
}

/// A self-signed certificate with the proof in a critical extension (RFC 8737, section 3).
fn certificate(domain: &Domain, digest: &[u8]) -> Result<CertifiedKey, ProofError> {
    let mut params = CertificateParams::new([domain.as_str().to_owned()])?;
    params.custom_extensions = vec![CustomExtension::new_acme_identifier(digest)];
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?;
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let chain = vec![certificate.der().clone()];
    let key = provider().key_provider.load_private_key(key)?;
    // `from_der` would refuse it: the extension is critical, and not one that webpki knows.
    Ok(CertifiedKey::new(chain, key))
}
