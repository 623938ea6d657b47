//! Tokens and sessions, held against vectors, rules and chance.

use alloc::{format, string::String, vec::Vec};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{Reason, Verified, playback, session};
use crate::{
    secret::KeyRing,
    vectors::{NOW, SECOND_SECRET, SECRET},
};

mod chance;
mod known;
mod rules;
mod sessions;
mod vectors;

fn plain() -> KeyRing {
    KeyRing::parse(SECRET).unwrap()
}

fn named() -> KeyRing {
    KeyRing::parse(format!("k2:{SECOND_SECRET},k1:{SECRET}")).unwrap()
}

fn playback_rules() -> playback::Rules {
    playback::Rules {
        issuer: "reelgate-portal".into(),
        audience: "reelgate-gate".into(),
    }
}

fn session_rules() -> session::Rules {
    session::Rules {
        issuer: "reelgate-gate".into(),
        audience: "reelgate-session".into(),
        life_seconds: 21_600,
    }
}

fn play(token: &str) -> Result<Verified<playback::Claims>, Reason> {
    playback::verify(token, &plain(), &playback_rules(), NOW)
}

fn resume(token: &str) -> Result<Verified<session::Claims>, Reason> {
    session::verify(token, &plain(), &session_rules(), NOW)
}

/// A rightly signed token with these parts, whatever they are.
fn signed(header: &[u8], claims: &[u8]) -> String {
    let message = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header),
        URL_SAFE_NO_PAD.encode(claims)
    );
    let tag = plain().sign(message.as_bytes());
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(tag))
}

fn with_claims(claims: &str) -> String {
    signed(br#"{"alg":"HS256","typ":"JWT"}"#, claims.as_bytes())
}

fn with_header(header: &str) -> String {
    signed(header.as_bytes(), playback_claims("").as_bytes())
}

/// Good claims of a playback token, with `more` members before them.
fn playback_claims(more: &str) -> String {
    format!(
        r#"{{{more}"gid":"2025001","exp":1760000900,"iss":"reelgate-portal","aud":"reelgate-gate"}}"#
    )
}

/// Good claims of which one is replaced: `claim` is `"name":value`, or empty to leave `name` out.
fn with_one(name: &str, claim: &str) -> String {
    let good = [
        ("gid", r#""gid":"2025001""#),
        ("exp", r#""exp":1760000900"#),
        ("iss", r#""iss":"reelgate-portal""#),
        ("aud", r#""aud":"reelgate-gate""#),
    ];
    let kept = good
        .iter()
        .filter(|(other, _)| *other != name)
        .map(|(_, claim)| *claim);
    let all: Vec<&str> = kept
        .chain([claim])
        .filter(|claim| !claim.is_empty())
        .collect();
    with_claims(&format!("{{{}}}", all.join(",")))
}
