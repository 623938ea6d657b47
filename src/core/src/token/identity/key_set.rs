//! The keys of a sign-in service: a JWK set (RFC 7517 §5).

use alloc::{
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::Value;

use super::{is_name, rs256::PublicKey};

/// Longest key set in bytes that is read. Sixteen keys of 4,096 bits with their certificates fit.
pub const MAX_KEY_SET_BYTES: usize = 64 * 1024;

/// Most keys of a set that are kept.
const MAX_KEYS: usize = 32;

/// The keys of a set that can verify RS256.
#[derive(Clone, Debug)]
pub struct KeySet(Vec<Key>);

#[derive(Clone, Debug)]
struct Key {
    name: Option<String>,
    key: PublicKey,
}

/// Why a document is no key set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadKeySet {
    /// It is longer than [`MAX_KEY_SET_BYTES`].
    TooLong,
    /// It is no JSON object with a list `keys`.
    NotASet,
    /// None of its keys can be used.
    NoKey,
}

impl fmt::Display for BadKeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "is longer than 64 KiB",
            Self::NotASet => "is no JSON object with a list `keys`",
            Self::NoKey => "has no RSA key of 2048 to 8192 bits for RS256 signatures",
        })
    }
}

impl core::error::Error for BadKeySet {}

impl KeySet {
    /// Reads a set. Keys of other kinds, for other uses or out of bounds are passed over, as RFC 7517 §5
    /// asks; so are keys that share a name, for such a name means nothing.
    ///
    /// # Errors
    /// [`BadKeySet`] when it is none, or has no key that can be used.
    pub fn parse(document: &[u8]) -> Result<Self, BadKeySet> {
        #[derive(Deserialize)]
        struct Document {
            keys: Vec<Value>,
        }
        if document.len() > MAX_KEY_SET_BYTES {
            return Err(BadKeySet::TooLong);
        }
        let Document { keys } = serde_json::from_slice(document).map_err(|_| BadKeySet::NotASet)?;
        let mut found: Vec<Key> = keys.iter().filter_map(usable).take(MAX_KEYS).collect();
        let names: Vec<Option<String>> = found.iter().map(|key| key.name.clone()).collect();
        found.retain(|key| names.iter().filter(|name| **name == key.name).count() == 1);
        if found.is_empty() {
            return Err(BadKeySet::NoKey);
        }
        Ok(Self(found))
    }

    /// Whether a token that names this key can be checked.
    #[must_use]
    pub fn has(&self, name: Option<&str>) -> bool {
        self.find(name).is_some()
    }

    /// The key of that name; without a name the only key, where there is only one.
    pub(super) fn find(&self, name: Option<&str>) -> Option<&PublicKey> {
        let found = match (name, &self.0[..]) {
            (Some(name), keys) => keys.iter().find(|key| key.name.as_deref() == Some(name)),
            (None, [only]) => Some(only),
            (None, _) => None,
        };
        found.map(|key| &key.key)
    }
}

/// A key for RS256 signatures; `None` for every other.
fn usable(jwk: &Value) -> Option<Key> {
    let text = |name: &str| jwk.get(name).map(Value::as_str);
    let is = |name: &str, wanted: &str| text(name).is_none_or(|text| text == Some(wanted));
    let verifies = match jwk.get("key_ops") {
        None => true,
        Some(operations) => operations
            .as_array()
            .is_some_and(|list| list.iter().any(|one| one == "verify")),
    };
    if text("kty") != Some(Some("RSA")) || !is("use", "sig") || !is("alg", "RS256") || !verifies {
        return None;
    }
    let name = match text("kid") {
        None => None,
        Some(Some(name)) if is_name(name) => Some(name.to_string()),
        Some(_) => return None,
    };
    let number = |name: &str| URL_SAFE_NO_PAD.decode(jwk.get(name)?.as_str()?).ok();
    let key = PublicKey::new(&number("n")?, &number("e")?)?;
    Some(Key { name, key })
}
