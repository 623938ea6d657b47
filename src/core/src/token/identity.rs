//! Who asks for playback: the portal's sign-in service says so in an RS256 JWT, a Clerk session token for
//! instance (RFC 7519, RFC 7518 §3.3).
//!
//! The service publishes its keys as a set ([`KeySet`]); [`Presented::key_name`] says which one a token
//! wants, before anything of the token is believed. Keys and addresses in a token's header (`jwk`, `jku`,
//! `x5c`, `x5u`) are never looked at.

use alloc::{
    string::{String, ToString},
    vec::Vec,
};

use serde_json::{Map, Value};

use super::{
    Reason, Verified,
    jwt::Parts,
    object::{self, Members},
};
use crate::time::UnixTime;

mod key_set;
mod rs256;
#[cfg(test)]
mod tests;

pub use key_set::{BadKeySet, KeySet, MAX_KEY_SET_BYTES};

/// How far the service's clock and ours may be apart, in seconds.
const LEEWAY_SECONDS: u64 = 30;

/// The one algorithm. What a header says never chooses another.
const ALGORITHM: &str = "RS256";

/// Longest `kid` and longest `sub` in bytes: Clerk's have 32.
const MAX_NAME_BYTES: usize = 256;

/// A token taken apart and decoded. Nothing of it is believed yet.
pub struct Presented<'t> {
    parts: Parts<'t>,
    key_name: Option<String>,
}

impl<'t> Presented<'t> {
    /// Takes a token apart.
    ///
    /// # Errors
    /// [`Reason::TokenMalformed`] when it is longer than 8 KiB, not three parts of unpadded base64url, has a
    /// header that is no JSON object, holds a member twice, or has `crit`;
    /// [`Reason::TokenAlgorithm`] when `alg` is not `RS256`; [`Reason::TokenKey`] when `kid` is no text of
    /// 1 to 256 bytes.
    pub fn read(token: &'t str) -> Result<Self, Reason> {
        let parts = Parts::split(token)?;
        let header: Header<'_> = object::parse(&parts.header)?;
        // RFC 7515 §4.1.11: who does not understand what `crit` lists must refuse.
        if header.crit.is_some() {
            return Err(Reason::TokenMalformed);
        }
        if !matches!(&header.alg, Some(object::Value::Text(name)) if name == ALGORITHM) {
            return Err(Reason::TokenAlgorithm);
        }
        let key_name = match &header.kid {
            None => None,
            Some(object::Value::Text(name)) if is_name(name) => Some(name.to_string()),
            Some(_) => return Err(Reason::TokenKey),
        };
        Ok(Self { parts, key_name })
    }

    /// The key that the token names (`kid`); without a name it wants the only key there is.
    #[must_use]
    pub fn key_name(&self) -> Option<&str> {
        self.key_name.as_deref()
    }
}

#[derive(Default)]
struct Header<'a> {
    alg: Option<object::Value<'a>>,
    kid: Option<object::Value<'a>>,
    crit: Option<object::Value<'a>>,
}

impl<'de> Members<'de> for Header<'de> {
    fn slot(&mut self, name: &str) -> Option<&mut Option<object::Value<'de>>> {
        match name {
            "alg" => Some(&mut self.alg),
            "kid" => Some(&mut self.kid),
            "crit" => Some(&mut self.crit),
            _ => None,
        }
    }
}

/// Whom the service speaks for, and where it says what is asked here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// What `iss` must be; anything goes where there is none, for the keys are the issuer's anyhow.
    pub issuer: Option<String>,
    /// What `azp` must be one of, unless the list is empty.
    pub parties: Vec<String>,
    /// The claim that lists permissions.
    pub permissions_claim: String,
    /// The claim that lists the games a viewer may watch, as patterns.
    pub entitlements_claim: String,
}

/// What such a token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// The viewer (`sub`).
    pub subject: String,
    /// What the viewer may do; empty where the claim is missing or of another kind.
    pub permissions: Vec<String>,
    /// The games the viewer may watch; `None` where the token has no such claim. A claim that is no list of
    /// texts is there all the same, and opens nothing.
    pub entitlements: Option<Vec<String>>,
}

/// Checks a token with the keys of its issuer. The signature is checked before any claim is read.
///
/// # Errors
/// The first rule that it breaks: [`Reason::TokenKey`], [`Reason::TokenSignature`],
/// [`Reason::TokenMalformed`], then `exp` (required), `nbf` and `iat` with 30 s of leeway, `iss`, `azp`, `sts`
/// and `sub`.
pub fn verify(
    token: &Presented<'_>,
    keys: &KeySet,
    rules: &Rules,
    now: UnixTime,
) -> Result<Verified<Claims>, Reason> {
    let key = keys.find(token.key_name()).ok_or(Reason::TokenKey)?;
    let Parts {
        signed,
        claims,
        signature,
        ..
    } = &token.parts;
    if !key.verifies(signed.as_bytes(), signature) {
        return Err(Reason::TokenSignature);
    }
    // Refuses what is no object or holds a member twice; a map would take the last of the two.
    object::parse::<object::Nothing>(claims)?;
    let claims: Map<String, Value> =
        serde_json::from_slice(claims).map_err(|_| Reason::TokenMalformed)?;
    check_time(&claims, now)?;
    check_parties(&claims, rules)?;
    check_session(&claims)?;
    let subject = claims.get("sub").and_then(Value::as_str);
    let subject = subject
        .filter(|subject| is_name(subject))
        .ok_or(Reason::TokenClaims)?;
    Ok(Verified(Claims {
        subject: subject.to_string(),
        permissions: claims
            .get(&rules.permissions_claim)
            .and_then(texts)
            .unwrap_or_default(),
        entitlements: claims
            .get(&rules.entitlements_claim)
            .map(|claim| texts(claim).unwrap_or_default()),
    }))
}

fn check_time(claims: &Map<String, Value>, now: UnixTime) -> Result<(), Reason> {
    let expires = time(claims, "exp")?.ok_or(Reason::TokenClaims)?;
    if now >= expires.plus(LEEWAY_SECONDS) {
        return Err(Reason::TokenExpired);
    }
    for start in ["nbf", "iat"] {
        if time(claims, start)?.is_some_and(|start| start > now.plus(LEEWAY_SECONDS)) {
            return Err(Reason::TokenNotYetValid);
        }
    }
    Ok(())
}

fn check_parties(claims: &Map<String, Value>, rules: &Rules) -> Result<(), Reason> {
    let text = |name| claims.get(name).and_then(Value::as_str);
    if rules.issuer.is_some() && text("iss") != rules.issuer.as_deref() {
        return Err(Reason::TokenIssuer);
    }
    // A token that says no party could be anybody's: where a list is kept, it is refused too.
    let known = |party| rules.parties.iter().any(|known| known == party);
    if !rules.parties.is_empty() && !text("azp").is_some_and(known) {
        return Err(Reason::TokenParty);
    }
    Ok(())
}

/// Clerk signs tokens for a sign-in with tasks left to do too, and says so in `sts`: `pending`. Its own verifiers
/// count such a viewer as signed out. Who is no Clerk has no such claim.
fn check_session(claims: &Map<String, Value>) -> Result<(), Reason> {
    match claims.get("sts") {
        None => Ok(()),
        Some(status) if status == "active" => Ok(()),
        Some(_) => Err(Reason::TokenNotActive),
    }
}

/// A claim that is a `NumericDate` (RFC 7519 §2). Fractions are cut off; what lies before 1970 or beyond
/// the end of time becomes that end.
fn time(claims: &Map<String, Value>, name: &str) -> Result<Option<UnixTime>, Reason> {
    let Some(claim) = claims.get(name) else {
        return Ok(None);
    };
    let Value::Number(number) = claim else {
        return Err(Reason::TokenClaims);
    };
    let seconds = number.as_u64().or_else(|| {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "`as` saturates, which is the meaning given above"
        )]
        number.as_f64().map(|seconds| seconds as u64)
    });
    seconds.map(UnixTime).map(Some).ok_or(Reason::TokenClaims)
}

/// A list of texts and nothing else; one text is a list of its words, as OAuth's `scope` is (RFC 6749 §3.3).
fn texts(claim: &Value) -> Option<Vec<String>> {
    match claim {
        Value::String(words) => Some(words.split_ascii_whitespace().map(String::from).collect()),
        Value::Array(items) => items
            .iter()
            .map(|item| item.as_str().map(String::from))
            .collect(),
        _ => None,
    }
}

fn is_name(text: &str) -> bool {
    (1..=MAX_NAME_BYTES).contains(&text.len())
}
