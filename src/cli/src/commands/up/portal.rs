//! What a portal's back end does: mint tokens with the secret it shares with the gate.

use super::GAME;
use reelgate_core::scope::Scope;
use reelgate_core::secret::KeyRing;
use reelgate_core::time::UnixTime;
use reelgate_core::token::playback::{self, Grant, MAX_LIFE_SECONDS, Rules};
use std::time::{SystemTime, UNIX_EPOCH};

/// A portal with one film and one viewer.
pub(super) struct Portal {
    gate: String,
    keys: KeyRing,
    scope: Scope,
    admin_token: Option<String>,
    folder: String,
}

impl Portal {
    /// A portal for the sample on `gate`, with the secret they share, and with what opens the gate's API
    /// where there are videos. `None` when the secret is too short.
    /// Its page is in `folder`, which begins and ends with a slash.
    pub(super) fn new(
        gate: String,
        secret: String,
        admin_token: Option<String>,
        folder: String,
    ) -> Option<Self> {
        Some(Self {
            folder,
            gate,
            keys: KeyRing::parse(secret).ok()?,
            scope: Scope::new(Some(GAME.into()), None)?,
            admin_token,
        })
    }

    /// Where its page is, below its address.
    pub(super) fn folder(&self) -> &str {
        &self.folder
    }

    /// A fresh playback token for the sample.
    fn token(&self) -> String {
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

    /// The gate's list of videos; `None` when there are none to list, or the gate does not answer.
    pub(super) async fn videos_json(&self) -> Option<String> {
        let token = self.admin_token.as_ref()?;
        let url = format!("{}/api/videos", self.gate);
        let asked = reqwest::Client::new().get(url).bearer_auth(token);
        let answer = asked.send().await.ok()?.error_for_status().ok()?;
        answer.text().await.ok()
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
