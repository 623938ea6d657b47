//! Who signs certificates: a root that viewers believe, and what it has sign in its name.

use crate::acme::x509::Request;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// From when until when a certificate is good.
#[derive(Clone, Copy, Debug)]
pub struct Life {
    from: SystemTime,
    until: SystemTime,
}

impl Life {
    /// Let's Encrypt's 90 days, from an hour ago on.
    #[must_use]
    pub fn usual() -> Self {
        let from = SystemTime::now() - Duration::from_secs(3600);
        let until = from + Duration::from_secs(90 * 86_400);
        Self { from, until }
    }

    /// An hour is left of 90 days.
    #[must_use]
    pub fn nearly_over() -> Self {
        let until = SystemTime::now() + Duration::from_secs(3600);
        let from = until - Duration::from_secs(90 * 86_400);
        Self { from, until }
    }

    /// When it ends, in seconds since 1970.
    ///
    /// # Panics
    ///
    /// The clock is set before 1970.
    #[must_use]
    pub fn end(&self) -> u64 {
        let since = self.until.duration_since(UNIX_EPOCH);
        since.expect("a clock that is right").as_secs()
    }
}

type Issuer = CertifiedIssuer<'static, KeyPair>;

/// A root and an intermediate.
pub(super) struct Authority {
    root: Issuer,
    intermediate: Issuer,
}

impl Authority {
    pub(super) fn new() -> Self {
        let root = CertifiedIssuer::self_signed(ca("Journey Root"), key()).expect("a root");
        let intermediate = CertifiedIssuer::signed_by(ca("Journey Intermediate"), key(), &root);
        Self {
            root,
            intermediate: intermediate.expect("an intermediate"),
        }
    }

    /// The root, in PEM.
    pub(super) fn pem(&self) -> String {
        self.root.pem()
    }

    /// Signs a request for `names` alone; gives what a server sends, or says what is wrong.
    pub(super) fn sign(&self, csr: &[u8], names: &[String], life: Life) -> Result<String, String> {
        let request = Request::read(csr)?;
        let mut asked = request.names();
        asked.sort_unstable();
        if asked != names {
            return Err(format!(
                "the request is for {asked:?}, the order for {names:?}"
            ));
        }
        let mut params = CertificateParams::new(names).map_err(|error| error.to_string())?;
        params.not_before = life.from.into();
        params.not_after = life.until.into();
        let signed = params.signed_by(request.key(), &self.intermediate);
        let signed = signed.map_err(|error| error.to_string())?;
        Ok(signed.pem() + &self.intermediate.pem())
    }

    /// Whoever believes the root alone.
    pub(super) fn client(&self) -> rustls::ClientConfig {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(self.root.der().clone()).expect("our root");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring does them all")
            .with_root_certificates(roots)
            .with_no_client_auth()
    }

    /// How a server on this machine speaks TLS by the root's word.
    pub(super) fn server(&self) -> rustls::ServerConfig {
        let own = key();
        let params = CertificateParams::new(["127.0.0.1".to_owned()]).expect("an address");
        let certificate = params.signed_by(&own, &self.root).expect("a certificate");
        let chain: Vec<CertificateDer<'static>> = vec![certificate.der().clone()];
        let own = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(own.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring does them all")
            .with_no_client_auth()
            .with_single_cert(chain, own)
            .expect("a certificate and its key")
    }
}

fn key() -> KeyPair {
    KeyPair::generate().expect("chance")
}

fn ca(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![
        KeyUsagePurpose::KeyCertSign,
        KeyUsagePurpose::DigitalSignature,
    ];
    params
}
