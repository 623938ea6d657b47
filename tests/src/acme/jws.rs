//! Signed requests, as RFC 8555, section 6.2 has them: ES256 alone.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::digest::{SHA256, digest};
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use serde::Deserialize;
use serde_json::Value;

/// A request whose signature is not yet believed.
#[derive(Debug)]
pub(super) struct Jws {
    pub(super) header: Header,
    /// `Null` where the request only wants to see something (POST-as-GET).
    pub(super) payload: Value,
    signed: String,
    signature: Vec<u8>,
}

/// What is signed beside the payload.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    alg: String,
    pub(super) nonce: String,
    pub(super) url: String,
    pub(super) jwk: Option<Jwk>,
    pub(super) kid: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Flattened {
    protected: String,
    payload: String,
    signature: String,
}

/// A public key on the curve P-256.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub(super) struct Jwk {
    kty: String,
    crv: String,
    x: String,
    y: String,
}

impl Jws {
    /// Reads a request; says what is wrong with one that is none.
    pub(super) fn read(body: &[u8]) -> Result<Self, String> {
        let text: Flattened = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        let decode = |text: &str| {
            let bytes = URL_SAFE_NO_PAD.decode(text);
            bytes.map_err(|error| error.to_string())
        };
        let header: Header = serde_json::from_slice(&decode(&text.protected)?)
            .map_err(|error| format!("protected: {error}"))?;
        if header.alg != "ES256" || header.jwk.is_some() == header.kid.is_some() {
            return Err("ES256, and one of jwk and kid".into());
        }
        let payload = match decode(&text.payload)?.as_slice() {
            [] => Value::Null,
            bytes => serde_json::from_slice(bytes).map_err(|error| error.to_string())?,
        };
        Ok(Self {
            header,
            payload,
            signed: format!("{}.{}", text.protected, text.payload),
            signature: decode(&text.signature)?,
        })
    }

    /// Whether `key` signed it.
    pub(super) fn is_signed_by(&self, key: &Jwk) -> bool {
        let point = [&key.x, &key.y].map(|half| URL_SAFE_NO_PAD.decode(half));
        let [Ok(x), Ok(y)] = point else {
            return false;
        };
        let point = [&[4], x.as_slice(), y.as_slice()].concat();
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
        key.verify(self.signed.as_bytes(), &self.signature).is_ok()
    }
}

impl Jwk {
    /// RFC 7638.
    fn thumbprint(&self) -> String {
        let Self { kty, crv, x, y } = self;
        let text = format!(r#"{{"crv":"{crv}","kty":"{kty}","x":"{x}","y":"{y}"}}"#);
        URL_SAFE_NO_PAD.encode(digest(&SHA256, text.as_bytes()))
    }

    /// The SHA-256 of what proves a challenge (RFC 8555, section 8.1; RFC 8737, section 3).
    pub(super) fn proof(&self, token: &str) -> Vec<u8> {
        let authorization = format!("{token}.{}", self.thumbprint());
        digest(&SHA256, authorization.as_bytes()).as_ref().to_vec()
    }
}
