//! A session such as the gate mints, so that every contender checks the same one.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha256;

/// The lifetime that the gate gives a session, in seconds.
const LIFETIME: u64 = 21_600;

/// An HS256 session for `game`, valid from now.
///
/// # Errors
/// When the clock stands before 1970.
pub(crate) fn mint(secret: &str, game: &str) -> Result<String> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let header = json!({ "alg": "HS256", "typ": "JWT" });
    let claims = json!({
        "sub": "viewer-1",
        "gid": game,
        "iat": now,
        "exp": now + LIFETIME,
        "iss": "reelgate-gate",
        "aud": "reelgate-session",
        "sid": "AAAAAAAAAAAAAAAAAAAAAA",
    });
    let encode = |part: &[u8]| URL_SAFE_NO_PAD.encode(part);
    let signed = format!(
        "{}.{}",
        encode(header.to_string().as_bytes()),
        encode(claims.to_string().as_bytes())
    );
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.as_bytes()).context("the secret cannot be a key")?;
    mac.update(signed.as_bytes());
    Ok(format!("{signed}.{}", encode(&mac.finalize().into_bytes())))
}
