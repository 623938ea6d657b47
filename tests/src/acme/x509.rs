//! What an authority reads: requests for a signature (RFC 2986), and certificates that prove something (RFC 5280).

use rcgen::{PKCS_ECDSA_P256_SHA256, PublicKeyData, SignatureAlgorithm};
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use yasna::{ASN1Result, BERReader, BERReaderSeq, Tag};

/// `extensionRequest`.
const EXTENSION_REQUEST: &[u64] = &[1, 2, 840, 113_549, 1, 9, 14];
/// `subjectAltName`.
const NAMES: &[u64] = &[2, 5, 29, 17];

/// A field beyond the fixed ones.
#[derive(Debug)]
pub(super) struct Extension {
    pub(super) id: Vec<u64>,
    pub(super) is_critical: bool,
    pub(super) value: Vec<u8>,
}

/// A request that was signed by the key it names.
#[derive(Debug)]
pub(super) struct Request {
    key: P256,
    extensions: Vec<Extension>,
}

/// A point on the curve P-256.
#[derive(Debug)]
pub(super) struct P256(Vec<u8>);

impl PublicKeyData for P256 {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

impl Request {
    /// Reads and verifies `der`; says what is wrong with it.
    pub(super) fn read(der: &[u8]) -> Result<Self, String> {
        let read = yasna::parse_der(der, |request| {
            request.read_sequence(|parts| {
                let info = |part: BERReader<'_, '_>| part.read_sequence(Self::of_info);
                let (request, signed) = parts.next().read_with_buffer(info)?;
                parts.next().read_der()?;
                let (signature, _) = parts.next().read_bitvec_bytes()?;
                Ok((request, signed.to_vec(), signature))
            })
        });
        let (request, signed, signature) = read.map_err(|error| error.to_string())?;
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &request.key.0);
        let verified = key.verify(&signed, &signature);
        verified.map_err(|_| "its key has not signed it")?;
        Ok(request)
    }

    fn of_info(parts: &mut BERReaderSeq<'_, '_>) -> ASN1Result<Self> {
        for _version_subject in 0..2 {
            parts.next().read_der()?;
        }
        let key = parts.next().read_sequence(|parts| {
            parts.next().read_der()?;
            parts.next().read_bitvec_bytes()
        })?;
        let attributes = parts.next().read_tagged_implicit(Tag::context(0), |set| {
            set.collect_set_of(|attribute| {
                attribute.read_sequence(|parts| {
                    let id = parts.next().read_oid()?;
                    Ok((id, parts.next().read_der()?))
                })
            })
        })?;
        let mut extensions = Vec::new();
        for (id, values) in attributes {
            if id.components().as_slice() == EXTENSION_REQUEST {
                let lists = yasna::parse_der(&values, |set| {
                    set.collect_set_of(|list| list.collect_sequence_of(Extension::read))
                })?;
                extensions.extend(lists.into_iter().flatten());
            }
        }
        Ok(Self {
            key: P256(key.0),
            extensions,
        })
    }

    /// The key that is to be certified.
    pub(super) fn key(&self) -> &P256 {
        &self.key
    }

    /// The names that it is for.
    pub(super) fn names(&self) -> Vec<String> {
        names(&self.extensions)
    }
}

impl Extension {
    fn read(extension: BERReader<'_, '_>) -> ASN1Result<Self> {
        extension.read_sequence(|parts| {
            Ok(Self {
                id: parts.next().read_oid()?.components().clone(),
                is_critical: parts.read_default(false, |part| part.read_bool())?,
                value: parts.next().read_bytes()?,
            })
        })
    }
}

/// The extensions of a certificate; none where it is none.
pub(super) fn extensions(certificate: &[u8]) -> Vec<Extension> {
    let read = yasna::parse_der(certificate, |certificate| {
        certificate.read_sequence(|parts| {
            let extensions = parts.next().read_sequence(of_signed_part)?;
            for _algorithm_signature in 0..2 {
                parts.next().read_der()?;
            }
            Ok(extensions)
        })
    });
    read.unwrap_or_default()
}

fn of_signed_part(parts: &mut BERReaderSeq<'_, '_>) -> ASN1Result<Vec<Extension>> {
    for _version_serial_signature_issuer_validity_subject_key in 0..7 {
        parts.next().read_der()?;
    }
    let list = |list: BERReader<'_, '_>| list.collect_sequence_of(Extension::read);
    parts.next().read_tagged(Tag::context(3), list)
}

/// The names of hosts among `extensions`.
pub(super) fn names(extensions: &[Extension]) -> Vec<String> {
    let of = |extension: &Extension| {
        yasna::parse_der(&extension.value, |list| {
            list.collect_sequence_of(|name| {
                name.read_tagged_implicit(Tag::context(2), |name| name.read_ia5_string())
            })
        })
    };
    let names = extensions.iter().filter(|it| it.id == NAMES).map(of);
    names.filter_map(Result::ok).flatten().collect()
}
