//! Sessions: minted by the gate for a playback token, good for hours, carried by cookie or path.

use alloc::string::String;
use core::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;

use super::{Reason, Verified, claims, jwt, playback};
use crate::{scope::Scope, secret::KeyRing, time::UnixTime};

/// Who mints sessions, for whom, and how long they last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// What `iss` is and must be.
    pub issuer: String,
    /// What `aud` is and must be or contain.
    pub audience: String,
    /// The life of a session in seconds.
    pub life_seconds: u64,
}

/// What a session says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// The viewer (`sub`); empty when the token named none.
    pub subject: String,
    /// The games it opens (`gid`, `ent`).
    pub scope: Scope,
    /// When it was minted or last renewed (`iat`).
    pub issued: UnixTime,
    /// When it ends (`exp`).
    pub expires: UnixTime,
    /// What tells it from other sessions (`sid`), kept when it is renewed.
    pub id: String,
}

impl Claims {
    /// Whether more than half of the session's life is over.
    #[must_use]
    pub fn is_past_half(&self, now: UnixTime) -> bool {
        let life = self.expires.0.saturating_sub(self.issued.0);
        let age = now.0.saturating_sub(self.issued.0);
        age > life / 2
    }
}

/// Checks a session.
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
    let expires = claims.check(&rules.issuer, &rules.audience, rules.life_seconds, now)?;
    Ok(Verified(Claims {
        scope: claims.scope()?,
        subject: claims.subject().ok_or(Reason::TokenClaims)?,
        issued: claims.issued().ok_or(Reason::TokenClaims)?,
        expires,
        id: claims.session_id().ok_or(Reason::TokenClaims)?.into(),
    }))
}

/// A session as the viewer carries it. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Session {
    token: String,
    expires: UnixTime,
}

impl Session {
    /// Mints the session that a playback token buys; `id` is 128 random bits.
    #[must_use]
    pub fn begin(
        bought_with: &Verified<playback::Claims>,
        id: [u8; 16],
        keys: &KeyRing,
        rules: &Rules,
        now: UnixTime,
    ) -> Self {
        let subject = bought_with.subject.as_deref().unwrap_or_default();
        let id = URL_SAFE_NO_PAD.encode(id);
        Self::mint(subject, &bought_with.scope, &id, keys, rules, now)
    }

    /// Mints the session that goes on where `session` would end, under the same id.
    #[must_use]
    pub fn renew(session: &Verified<Claims>, keys: &KeyRing, rules: &Rules, now: UnixTime) -> Self {
        Self::mint(
            &session.subject,
            &session.scope,
            &session.id,
            keys,
            rules,
            now,
        )
    }

    /// The session a viewer came with: `token` is the text that `claims` were verified from.
    pub(crate) fn carried(token: &str, claims: &Verified<Claims>) -> Self {
        Self {
            token: token.into(),
            expires: claims.expires,
        }
    }

    fn mint(
        subject: &str,
        scope: &Scope,
        id: &str,
        keys: &KeyRing,
        rules: &Rules,
        now: UnixTime,
    ) -> Self {
        #[derive(Serialize)]
        struct Payload<'a> {
            sub: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            gid: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            ent: Option<&'a [String]>,
            iat: u64,
            exp: u64,
            iss: &'a str,
            aud: &'a str,
            sid: &'a str,
        }
        let expires = now.plus(rules.life_seconds);
        let payload = Payload {
            sub: subject,
            gid: scope.game(),
            ent: scope.patterns(),
            iat: now.0,
            exp: expires.0,
            iss: &rules.issuer,
            aud: &rules.audience,
            sid: id,
        };
        Self {
            token: jwt::seal(&payload, keys),
            expires,
        }
    }

    /// The session's text, for a cookie or a path.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// When it ends.
    #[must_use]
    pub fn expires(&self) -> UnixTime {
        self.expires
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("token", &"[secret]")
            .field("expires", &self.expires)
            .finish()
    }
}
