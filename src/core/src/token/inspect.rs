//! A look into a token for the person who debugs it.

use alloc::{string::String, vec::Vec};

use super::{Reason, jwt::Parts, object, playback, session};
use crate::{secret::KeyRing, time::UnixTime};

/// What a token says about itself. Nothing of it was checked: show it, never act on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unverified {
    /// The header, a JSON object as it stands in the token.
    pub header: String,
    /// The claims, a JSON object as they stand in the token.
    pub claims: String,
}

/// Takes a token apart without checking its signature or its claims.
///
/// # Errors
/// [`Reason::TokenMalformed`] when there is nothing to show.
pub fn read_unverified(token: &str) -> Result<Unverified, Reason> {
    let parts = Parts::split(token)?;
    Ok(Unverified {
        header: object_text(parts.header)?,
        claims: object_text(parts.claims)?,
    })
}

fn object_text(json: Vec<u8>) -> Result<String, Reason> {
    object::parse::<object::Nothing>(&json)?;
    String::from_utf8(json).map_err(|_| Reason::TokenMalformed)
}

/// A token's text and what the gate would make of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// What it says about itself.
    pub unverified: Unverified,
    /// Whether it is a playback token, or why not.
    pub as_playback: Result<(), Reason>,
    /// Whether it is a session, or why not.
    pub as_session: Result<(), Reason>,
}

/// Reads a token and asks both verifiers about it.
///
/// # Errors
/// [`Reason::TokenMalformed`] when there is nothing to show.
pub fn inspect(
    token: &str,
    keys: &KeyRing,
    playback: &playback::Rules,
    session: &session::Rules,
    now: UnixTime,
) -> Result<Inspection, Reason> {
    Ok(Inspection {
        unverified: read_unverified(token)?,
        as_playback: playback::verify(token, keys, playback, now).map(drop),
        as_session: session::verify(token, keys, session, now).map(drop),
    })
}
