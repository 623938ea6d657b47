//! Playback tokens: minted by the portal, good for minutes, exchanged for a session.

use alloc::string::String;

use serde::Serialize;

use super::{Reason, Verified, claims, jwt};
use crate::{scope::Scope, secret::KeyRing, time::UnixTime};

/// Longest life of a playback token in seconds. It travels in a URL, so it is seen by many.
pub const MAX_LIFE_SECONDS: u64 = 900;

/// Who mints playback tokens, and for whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// What `iss` must be.
    pub issuer: String,
    /// What `aud` must be or contain.
    pub audience: String,
}

/// What a playback token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// The viewer (`sub`), for the log and the session.
    pub subject: Option<String>,
    /// The games it opens (`gid`, `ent`).
    pub scope: Scope,
    /// When it ends (`exp`).
    pub expires: UnixTime,
}

/// Checks a playback token. Whether it opens a certain game is for [`Scope::admits`] to say.
///
/// # Errors
/// The first rule that `token` breaks, in the order of [`Reason::ALL`].
pub fn verify(
    token: &str,
    keys: &KeyRing,
    rules: &Rules,
    now: UnixTime,
) -> Result<Verified<Claims>, Reason> {
    let json = jwt::open(token, keys)?;
    let claims = claims::Claims::read(&json)?;
    let expires = claims.check(&rules.issuer, &rules.audience, MAX_LIFE_SECONDS, now)?;
    let scope = claims.scope()?;
    Ok(Verified(Claims {
        subject: claims.subject(),
        scope,
        expires,
    }))
}

/// What a playback token is to say.
#[derive(Clone, Debug)]
pub struct Grant<'a> {
    /// The viewer (`sub`).
    pub subject: Option<&'a str>,
    /// The games it opens.
    pub scope: &'a Scope,
    /// Its life in seconds; more than [`MAX_LIFE_SECONDS`] counts as that.
    pub life_seconds: u64,
}

/// Mints a playback token, as the portal would.
#[must_use]
pub fn mint(grant: &Grant<'_>, keys: &KeyRing, rules: &Rules, now: UnixTime) -> String {
    #[derive(Serialize)]
    struct Payload<'a> {
        #[serde(skip_serializing_if = "Option::is_none")]
        sub: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        gid: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        ent: Option<&'a [String]>,
        iat: u64,
        exp: u64,
        iss: &'a str,
        aud: &'a str,
    }
    let payload = Payload {
        sub: grant.subject,
        gid: grant.scope.game(),
        ent: grant.scope.patterns(),
        iat: now.0,
        exp: now.plus(grant.life_seconds.min(MAX_LIFE_SECONDS)).0,
        iss: &rules.issuer,
        aud: &rules.audience,
    };
    jwt::seal(&payload, keys)
}
