//! What a portal's back end does: mint tokens with the secret it shares with the gate.

use super::GAME;
use reelgate_core::scope::Scope;
use reelgate_core::secret::KeyRing;
use reelgate_core::time::UnixTime;
use reelgate_core::token::playback::{self, Grant, MAX_LIFE_SECONDS, Rules};
use std::time::{SystemTime, UNIX_EPOCH};

/// A portal with one film and one viewer.
#[derive(Debug)]
pub(super) struct Portal {
    gate: String,
    keys: KeyRing,
    scope: Scope,
}

impl Portal {
    /// A portal for the sample on `gate`, with the secret they share. `None` when the secret is too short.
    pub(super) fn new(gate: String, secret: String) -> Option<Self> {
        Some(Self {
            gate,
            keys: KeyRing::parse(secret).ok()?,
            scope: Scope::new(Some(GAME.into()), None)?,
        })
    }

    /// The gate's address.
    pub(super) fn gate(&self) -> &str {
        &self.gate
    }

    /// A fresh playback token for the sample.
    pub(super) fn token(&self) -> String {
        let grant = Grant {
            subject: Some("developer"),
            scope: &self.scope,
            life_seconds: MAX_LIFE_SECONDS,
        };
        let rules = Rules {
            issuer: "reelgate-portal".into(),
            audience: "reelgate-gate".into(),
        };
        playback::mint(&grant, &self.keys, &rules, now())
    }

    /// The address of the film's playlist with a fresh token.
    pub(super) fn playback_url(&self) -> String {
        format!("{}/games/{GAME}/master.m3u8?t={}", self.gate, self.token())
    }

    /// Where a player without cookies begins: asks the gate for a session's prefix.
    pub(super) fn session_url(&self) -> String {
        format!("{}/games/{GAME}/session.json?t={}", self.gate, self.token())
    }

    /// What the page asks for.
    pub(super) fn token_json(&self) -> String {
        serde_json::json!({ "gate": self.gate, "game": GAME, "token": self.token() }).to_string()
    }
}

fn now() -> UnixTime {
    UnixTime(
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |time| time.as_secs()),
    )
}
