//! TLS, in and out: rustls with ring.

pub(crate) mod acme;
pub(crate) mod certificate;
mod in_force;
mod issued;
pub(crate) mod source;

use rustls::server::ResolvesServerCert;
use std::path::PathBuf;
use std::sync::Arc;

/// The protocol by which an authority asks (RFC 8737, section 6.2). Nothing else is said by it.
pub(crate) const ACME_TLS: &[u8] = b"acme-tls/1";

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file that cannot be read, or holds no PEM of the kind.
    #[error("cannot use {}: {cause}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: rustls::pki_types::pem::Error,
    },
    /// Certificate and key that rustls refuses, for they do not belong together, say.
    #[error("cannot use the certificate and key: {0}")]
    Refused(#[from] rustls::Error),
    /// A text that lacks certificate or key.
    #[error("cannot use the certificate and key: {0}")]
    Pem(rustls::pki_types::pem::Error),
    /// A certificate that does not say when it ends.
    #[error("cannot use the certificate: it is no X.509")]
    NoX509,
}

/// Configures outgoing connections: the operating system's roots.
///
/// # Errors
///
/// The protocol versions do not fit the provider; a build that cannot work.
pub fn client_tls() -> Result<Arc<rustls::ClientConfig>, rustls::Error> {
    let mut roots = rustls::RootCertStore::empty();
    // A root that cannot be read is one authority fewer: connections say so when they need it.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    client_config(roots)
}

/// Configures outgoing connections to servers that `roots` vouch for.
fn client_config(roots: rustls::RootCertStore) -> Result<Arc<rustls::ClientConfig>, rustls::Error> {
    let config = rustls::ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// Configures a listener that speaks `protocols`, the first it shares with a client.
fn server_config(
    resolver: Arc<dyn ResolvesServerCert>,
    protocols: &[&[u8]],
) -> Result<Arc<rustls::ServerConfig>, TlsError> {
    let mut config = rustls::ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(resolver);
    // A client that comes again resumes with what it was given (RFC 8446, section 2.2), at whichever thread.
    config.ticketer = rustls::crypto::ring::Ticketer::new()?;
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    Ok(Arc::new(config))
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}
