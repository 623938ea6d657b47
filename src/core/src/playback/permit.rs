//! Leave to hand out a playback token, and the answer that holds it.

use alloc::{
    format,
    string::{String, ToString},
};

use serde::Serialize;

use super::{
    answers::{self, Refusal},
    config::Access,
    route::Wanted,
};
use crate::{
    http::Answer,
    key::GameId,
    scope::{self, MAX_PATTERNS, Scope},
    time::UnixTime,
    token::{
        Reason, Verified, identity,
        playback::{self, Grant},
    },
};

/// Leave to answer one viewer with a token. Only [`Question::permit`](super::Question::permit) grants it.
#[derive(Debug)]
pub struct Permit<'a> {
    access: &'a Access,
    wanted: &'a Wanted,
    viewer: Verified<identity::Claims>,
    scope: Scope,
}

impl<'a> Permit<'a> {
    pub(super) fn new(
        access: &'a Access,
        wanted: &'a Wanted,
        viewer: Verified<identity::Claims>,
    ) -> Result<Self, Refusal> {
        let refused = |reason| Refusal::of(reason, &viewer.subject);
        if !viewer.permissions.contains(&access.permission) {
            return Err(refused(Reason::NoPermission));
        }
        let entitlements = viewer.entitlements.as_deref();
        let scope = match wanted {
            Wanted::Game(key) => {
                entitled_to(key.game(), entitlements, access.entitlements_required)
            }
            Wanted::Session => entitled(entitlements),
        }
        .map_err(refused)?;
        Ok(Self {
            access,
            wanted,
            viewer,
            scope,
        })
    }

    /// The manifest that has to exist, as a path for the origin; `None` where no certain game is asked for.
    #[must_use]
    pub fn manifest(&self) -> Option<String> {
        match self.wanted {
            Wanted::Game(key) => Some(key.to_path()),
            Wanted::Session => None,
        }
    }

    /// The viewer, for the log.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.viewer.subject
    }

    /// The answer: a token, and where to take it. `manifest` is the origin's status for the manifest; `None`
    /// where it was not asked, or did not answer.
    #[must_use]
    pub fn answer(&self, manifest: Option<u16>, now: UnixTime) -> Answer {
        match (self.wanted, manifest) {
            (Wanted::Session, _) => self.session(now),
            (Wanted::Game(key), Some(200)) => self.game(&key.to_path(), now),
            (Wanted::Game(_), Some(404)) => answers::not_found(),
            (Wanted::Game(_), _) => answers::film_unavailable(),
        }
    }

    fn game(&self, path: &str, now: UnixTime) -> Answer {
        #[derive(Serialize)]
        struct Body {
            r#type: &'static str,
            url: String,
            expires_at: String,
        }
        answers::granted(&Body {
            r#type: "hls",
            url: format!("{}{path}?t={}", self.access.video_origin, self.token(now)),
            expires_at: self.expires(now).to_rfc3339(),
        })
    }

    fn session(&self, now: UnixTime) -> Answer {
        #[derive(Serialize)]
        struct Body<'a> {
            r#type: &'static str,
            token: &'a str,
            url_template: String,
            expires_at: String,
        }
        let token = self.token(now);
        answers::granted(&Body {
            r#type: "session",
            token: &token,
            // RFC 6570, level 1: `{id}` is the game's id, percent-encoded.
            url_template: format!(
                "{}/games/{{id}}/master.m3u8?t={token}",
                self.access.video_origin
            ),
            expires_at: self.expires(now).to_rfc3339(),
        })
    }

    fn token(&self, now: UnixTime) -> String {
        let grant = Grant {
            subject: Some(&self.viewer.subject),
            scope: &self.scope,
            life_seconds: self.access.life_seconds,
        };
        playback::mint(&grant, &self.access.ring, &self.access.playback, now)
    }

    fn expires(&self, now: UnixTime) -> UnixTime {
        now.plus(self.access.life_seconds)
    }
}

/// The one game that is asked for. Where the claim is missing the permission alone counts, unless the claim is
/// `required`.
fn entitled_to(
    game: GameId<'_>,
    entitlements: Option<&[String]>,
    required: bool,
) -> Result<Scope, Reason> {
    match entitlements {
        None if required => return Err(Reason::NoEntitlements),
        Some([]) => return Err(Reason::NoEntitlements),
        Some(patterns) if !scope::admits(patterns, game) => return Err(Reason::WrongGame),
        None | Some(_) => {}
    }
    Scope::new(Some(game.as_str().to_string()), None).ok_or(Reason::NoEntitlements)
}

/// All games that the claim lists. One that lists none, or more than a token may hold, is refused; so is a
/// missing one, for a session of every game is nothing to be had by saying nothing.
fn entitled(entitlements: Option<&[String]>) -> Result<Scope, Reason> {
    let patterns = entitlements.unwrap_or_default();
    if !(1..=MAX_PATTERNS).contains(&patterns.len()) {
        return Err(Reason::NoEntitlements);
    }
    Scope::new(None, Some(patterns.to_vec())).ok_or(Reason::NoEntitlements)
}
