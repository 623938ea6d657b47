//! A portal's back end: mints playback tokens as portals do, without the product's code.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Map, Value, json};
use sha2::Sha256;
use std::time::{SystemTime, UNIX_EPOCH};

/// The secret of most journeys.
pub const SECRET: &str = "journey-secret-0123456789abcdef0123456789";

/// Seconds since 1970, by this machine's clock.
///
/// # Panics
///
/// The clock is set before 1970.
#[must_use]
pub fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.expect("a clock that is right").as_secs()
}

/// A JWT in the making: header, claims and the secret to sign with.
#[derive(Clone, Debug)]
pub struct Jwt {
    header: Map<String, Value>,
    claims: Map<String, Value>,
    secret: String,
}

impl Jwt {
    /// A playback token that opens nothing yet: for `user-1`, good for ten minutes.
    #[must_use]
    pub fn playback() -> Self {
        let now = now();
        Self::with_claims(json!({
            "sub": "user-1", "iat": now, "exp": now + 600,
            "iss": "reelgate-portal", "aud": "reelgate-gate",
        }))
    }

    /// A playback token for one game.
    #[must_use]
    pub fn for_game(game: &str) -> Self {
        Self::playback().claim("gid", game)
    }

    /// A session of the default six hours that opens nothing yet.
    #[must_use]
    pub fn session() -> Self {
        Self::session_aged(0)
    }

    /// A session of the default six hours that was minted `age` seconds ago.
    #[must_use]
    pub fn session_aged(age: u64) -> Self {
        let minted = now() - age;
        Self::with_claims(json!({
            "sub": "user-1", "iat": minted, "exp": minted + 21_600,
            "iss": "reelgate-gate", "aud": "reelgate-session",
            "sid": "AAECAwQFBgcICQoLDA0ODw",
        }))
    }

    fn with_claims(claims: Value) -> Self {
        Self {
            header: object(json!({ "alg": "HS256", "typ": "JWT" })),
            claims: object(claims),
            secret: SECRET.into(),
        }
    }

    /// With a claim set.
    #[must_use]
    pub fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.claims.insert(name.into(), value.into());
        self
    }

    /// Without a claim.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.claims.remove(name);
        self
    }

    /// With another secret, and its name.
    #[must_use]
    pub fn signed_with(mut self, secret: &str, kid: Option<&str>) -> Self {
        self.secret = secret.into();
        if let Some(kid) = kid {
            self.header.insert("kid".into(), kid.into());
        }
        self
    }

    /// The token's text.
    #[must_use]
    pub fn mint(&self) -> String {
        let header = Value::Object(self.header.clone()).to_string();
        let claims = Value::Object(self.claims.clone()).to_string();
        sign(
            &URL_SAFE_NO_PAD.encode(header),
            &URL_SAFE_NO_PAD.encode(claims),
            &self.secret,
        )
    }
}

/// The claims of `token`, unverified.
///
/// # Panics
///
/// It is no JWT.
#[must_use]
pub fn claims(token: &str) -> Map<String, Value> {
    part(token, 1)
}

/// The header of `token`, unverified.
///
/// # Panics
///
/// It is no JWT.
#[must_use]
pub fn header(token: &str) -> Map<String, Value> {
    part(token, 0)
}

/// Whether `secret` signed `token`, with HS256.
#[must_use]
pub fn is_signed_with(token: &str, secret: &str) -> bool {
    let Some((signed, _)) = token.rsplit_once('.') else {
        return false;
    };
    let Some((header, claims)) = signed.split_once('.') else {
        return false;
    };
    sign(header, claims, secret) == token
}

/// Joins two encoded parts and their signature.
///
/// # Panics
///
/// Never: HMAC takes keys of any length.
#[must_use]
pub fn sign(header: &str, claims: &str, secret: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length");
    mac.update(format!("{header}.{claims}").as_bytes());
    let signature = URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes());
    format!("{header}.{claims}.{signature}")
}

fn part(token: &str, number: usize) -> Map<String, Value> {
    let part = token.split('.').nth(number).expect("three parts");
    let json = URL_SAFE_NO_PAD.decode(part).expect("base64url");
    serde_json::from_slice(&json).expect("a JSON object")
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
