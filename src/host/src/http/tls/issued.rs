//! A certificate with its key, and what it says of itself.

use crate::http::tls::{TlsError, provider};
use rustls::client::verify_server_name;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;
use std::fmt;
use std::sync::Arc;
use yasna::tags::TAG_UTCTIME;
use yasna::{ASN1Result, BERReader, BERReaderSeq, Tag};

/// A certificate that handshakes can be answered with.
#[derive(Debug)]
pub(crate) struct Issued {
    pub(crate) key: Arc<CertifiedKey>,
    pub(crate) validity: Validity,
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
        let own = key.end_entity_cert()?;
        let validity = Validity::of(own).ok_or(TlsError::NoX509)?;
        Ok(Self {
            key: Arc::new(key),
            validity,
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

    /// Whether it is for the host of that name.
    pub(crate) fn is_for(&self, name: &str) -> bool {
        let own = self
            .key
            .end_entity_cert()
            .and_then(ParsedCertificate::try_from);
        match (own, ServerName::try_from(name)) {
            (Ok(own), Ok(name)) => verify_server_name(&own, &name).is_ok(),
            _ => false,
        }
    }
}

impl Validity {
    /// What a certificate says (RFC 5280, section 4.1); nothing where it is none.
    fn of(certificate: &[u8]) -> Option<Self> {
        yasna::parse_der(certificate, |certificate| {
            certificate.read_sequence(|parts| {
                let validity = parts.next().read_sequence(Self::of_signed_part)?;
                skip_rest(parts)?;
                Ok(validity)
            })
        })
        .ok()
    }

    fn of_signed_part(parts: &mut BERReaderSeq<'_, '_>) -> ASN1Result<Self> {
        // The first version of X.509 does not name itself.
        let version = |part: BERReader<'_, '_>| {
            part.read_tagged(Tag::context(0), |version| version.read_der())
        };
        parts.read_optional(version)?;
        for _serial_signature_issuer in 0..3 {
            parts.next().read_der()?;
        }
        let validity = parts.next().read_sequence(|times| {
            Ok(Self {
                not_before: time(times.next())?,
                not_after: time(times.next())?,
            })
        })?;
        skip_rest(parts)?;
        Ok(validity)
    }
}

/// Years until 2049 have two digits, later ones four (RFC 5280, section 4.1.2.5).
fn time(time: BERReader<'_, '_>) -> ASN1Result<i64> {
    Ok(match time.lookahead_tag()? {
        TAG_UTCTIME => time.read_utctime()?.datetime().unix_timestamp(),
        _ => time.read_generalized_time()?.datetime().unix_timestamp(),
    })
}

fn skip_rest(parts: &mut BERReaderSeq<'_, '_>) -> ASN1Result<()> {
    while parts.read_optional(|part| part.read_der())?.is_some() {}
    Ok(())
}

/// When it ends, as people read it.
impl fmt::Display for Validity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A certificate without an end says 9999-12-31 (RFC 5280, section 4.1.2.5), a day more than jiff has.
        let end = jiff::Timestamp::from_second(self.not_after).unwrap_or(jiff::Timestamp::MAX);
        write!(f, "{end:.0}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    /// Times by `date -u -d 2049-12-31 +%s`: the last year of two digits, and the first of four.
    #[test]
    fn a_certificate_says_when_it_ends_and_for_whom_it_is() {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(["films.example".to_owned()]).unwrap();
        params.not_before = date_time_ymd(2049, 12, 31);
        params.not_after = date_time_ymd(2050, 1, 1);
        let pem = key.serialize_pem() + &params.self_signed(&key).unwrap().pem();
        let issued = Issued::from_pem(pem.as_bytes()).unwrap();
        let expected = Validity {
            not_before: 2_524_521_600,
            not_after: 2_524_608_000,
        };
        assert_eq!(issued.validity, expected);
        assert_eq!(issued.validity.to_string(), "2050-01-01T00:00:00Z");
        assert!(issued.is_for("films.example"));
        assert!(!issued.is_for("example"));
        assert_eq!(Validity::of(&[0x30, 0x02, 0x30, 0x00]), None);
    }
}
