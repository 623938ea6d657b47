//! TLS, in and out: rustls with ring.

pub(crate) mod certificate;

use std::path::PathBuf;
use std::sync::Arc;

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
    let config = rustls::ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}
