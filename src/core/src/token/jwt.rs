//! The compact form: `base64url(header).base64url(claims).base64url(signature)`, HS256 only.

use alloc::{format, string::String, vec::Vec};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;

use super::{
    Reason,
    object::{self, Members, Value},
};
use crate::secret::KeyRing;

/// Longest token in bytes that is looked at; what is longer is malformed.
pub const MAX_TOKEN_BYTES: usize = 8 * 1024;

const ALGORITHM: &str = "HS256";

/// A token taken apart and decoded, nothing of it believed.
pub(super) struct Parts<'t> {
    pub(super) signed: &'t str,
    pub(super) header: Vec<u8>,
    pub(super) claims: Vec<u8>,
    pub(super) signature: Vec<u8>,
}

impl<'t> Parts<'t> {
    /// Splits and decodes `token`.
    ///
    /// # Errors
    /// [`Reason::TokenMalformed`] when it is too long, or not three parts of unpadded base64url.
    pub(super) fn split(token: &'t str) -> Result<Self, Reason> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(Reason::TokenMalformed);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(Reason::TokenMalformed)?;
        // A fourth part leaves a dot in the claims, which is not base64url.
        let (header, claims) = signed.split_once('.').ok_or(Reason::TokenMalformed)?;
        Ok(Self {
            signed,
            header: decode(header)?,
            claims: decode(claims)?,
            signature: decode(signature)?,
        })
    }
}

fn decode(part: &str) -> Result<Vec<u8>, Reason> {
    URL_SAFE_NO_PAD
        .decode(part)
        .map_err(|_| Reason::TokenMalformed)
}

/// Checks a token's signature and gives its claims part, decoded but not yet read.
///
/// # Errors
/// [`Reason::TokenMalformed`], [`Reason::TokenAlgorithm`] or [`Reason::TokenSignature`], in this order.
pub(super) fn open(token: &str, keys: &KeyRing) -> Result<Vec<u8>, Reason> {
    let parts = Parts::split(token)?;
    let header: Header<'_> = object::parse(&parts.header)?;
    // RFC 7515 §4.1.11: who does not understand what `crit` lists must refuse. We understand nothing.
    if header.crit.is_some() {
        return Err(Reason::TokenMalformed);
    }
    if !matches!(&header.alg, Some(Value::Text(name)) if name == ALGORITHM) {
        return Err(Reason::TokenAlgorithm);
    }
    if !keys.verify(header.key_name(), parts.signed.as_bytes(), &parts.signature) {
        return Err(Reason::TokenSignature);
    }
    Ok(parts.claims)
}

#[derive(Default)]
struct Header<'a> {
    alg: Option<Value<'a>>,
    kid: Option<Value<'a>>,
    crit: Option<Value<'a>>,
}

impl Header<'_> {
    /// The name in `kid`. No key has the empty name, which stands for a `kid` that is no string.
    fn key_name(&self) -> Option<&str> {
        self.kid.as_ref().map(|kid| match kid {
            Value::Text(name) => name.as_ref(),
            _ => "",
        })
    }
}

impl<'de> Members<'de> for Header<'de> {
    fn slot(&mut self, name: &str) -> Option<&mut Option<Value<'de>>> {
        match name {
            "alg" => Some(&mut self.alg),
            "kid" => Some(&mut self.kid),
            "crit" => Some(&mut self.crit),
            _ => None,
        }
    }
}

/// Signs `claims` with the first key of `keys`.
pub(super) fn seal(claims: &impl Serialize, keys: &KeyRing) -> String {
    #[derive(Serialize)]
    struct Header<'a> {
        alg: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        kid: Option<&'a str>,
        typ: &'static str,
    }
    let header = Header {
        alg: ALGORITHM,
        kid: keys.signing_name(),
        typ: "JWT",
    };
    let mut token = format!("{}.{}", encode(&header), encode(claims));
    let tag = keys.sign(token.as_bytes());
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(tag, &mut token);
    token
}

fn encode(part: &impl Serialize) -> String {
    // Writing strings, numbers and lists to memory has no way to fail.
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(part).unwrap_or_default())
}
