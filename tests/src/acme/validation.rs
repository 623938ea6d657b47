//! Looking whether a host proves a name by TLS-ALPN-01 (RFC 8737, section 3).

use crate::acme::x509;
use crate::deadline::within;
use rustls::DigitallySignedStruct;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

const PROTOCOL: &[u8] = b"acme-tls/1";
/// `acmeIdentifier`.
const EXTENSION: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 1, 31];

/// Connects to `address` as to port 443 of `name`; says what is wrong with what it finds.
pub(super) async fn validate(address: SocketAddr, name: &str, proof: &[u8]) -> Result<(), String> {
    let connected = within("a connection", TcpStream::connect(address)).await;
    let socket = connected.map_err(|_| format!("Connection refused at {address}"))?;
    let server = ServerName::try_from(name.to_owned()).map_err(|error| error.to_string())?;
    let connector = TlsConnector::from(Arc::new(config()));
    let handshake = within("a TLS handshake", connector.connect(server, socket)).await;
    let stream = handshake.map_err(|error| format!("TLS: {error}"))?;
    let (_, session) = stream.get_ref();
    if session.alpn_protocol() != Some(PROTOCOL) {
        return Err("acme-tls/1 was not agreed upon".into());
    }
    let chain = session.peer_certificates().unwrap_or_default();
    let [certificate] = chain else {
        return Err("one self-signed certificate is wanted".into());
    };
    proves(certificate, name, proof)
}

fn proves(certificate: &[u8], name: &str, proof: &[u8]) -> Result<(), String> {
    let extensions = x509::extensions(certificate);
    if x509::names(&extensions) != [name] {
        return Err(format!("the certificate is not for {name} alone"));
    }
    // An OCTET STRING of 32 bytes.
    let expected = [&[4, 32], proof].concat();
    match extensions.iter().find(|it| it.id == EXTENSION) {
        Some(found) if found.is_critical && found.value == expected => Ok(()),
        Some(_) => Err("acmeIdentifier is not the one expected".into()),
        None => Err("there is no acmeIdentifier".into()),
    }
}

fn config() -> rustls::ClientConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .expect("ring does them all")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
        .with_no_client_auth();
    config.alpn_protocols = vec![PROTOCOL.to_vec()];
    config
}

/// Nobody vouches for a challenge's certificate: the proof is what stands in it. webpki does not even read one whose
/// critical extension it does not know, so that its key's signature is taken as it is.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
