//! Which of the credentials a request brings opens the game it asks for.

use alloc::string::String;

use super::{Config, Route};
use crate::{
    cookie::{self, SetCookie},
    http::HeaderSource,
    key::GameId,
    scope::Scope,
    time::UnixTime,
    token::{
        KnownSessions, Reason, Verified, playback,
        session::{self, Session},
    },
};

/// Most cookies of the session's name that are tried. A browser keeps one per game and path; hundreds
/// come from somebody who wants us to compute hashes.
const MAX_COOKIES: usize = 32;

/// A credential that is good and opens the game.
pub(super) enum Accepted<'r> {
    /// A playback token, and the session it bought.
    Token {
        claims: Verified<playback::Claims>,
        session: Session,
        set_cookie: SetCookie,
    },
    /// A session in a cookie.
    Cookie {
        claims: Verified<session::Claims>,
        text: &'r str,
    },
    /// A session in the path.
    Path {
        claims: Verified<session::Claims>,
        text: &'r str,
    },
}

impl Accepted<'_> {
    /// The viewer, where the credential names one.
    pub(super) fn subject(&self) -> Option<&str> {
        match self {
            Self::Token { claims, .. } => claims.subject.as_deref(),
            Self::Cookie { claims, .. } | Self::Path { claims, .. } => Some(&claims.subject),
        }
    }
}

/// Why there is none.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) reason: Reason,
    /// The viewer, when the credential was good but for other games.
    pub(super) subject: Option<String>,
}

impl From<Reason> for Refusal {
    fn from(reason: Reason) -> Self {
        Self {
            reason,
            subject: None,
        }
    }
}

/// What every credential is held against.
#[derive(Clone, Copy)]
pub(super) struct Judge<'a> {
    pub(super) config: &'a Config,
    pub(super) route: Route<'a>,
    pub(super) now: UnixTime,
    pub(super) known: Option<&'a KnownSessions>,
}

impl<'r> Judge<'r> {
    /// The first credential that is good and opens `game`: the query's token, the cookies, the path's
    /// session. When none is, the first one's fault.
    pub(super) fn first_good<H: HeaderSource + ?Sized>(
        self,
        game: GameId<'_>,
        headers: &'r H,
        entropy: impl FnOnce() -> [u8; 16],
    ) -> Result<Accepted<'r>, Refusal> {
        let mut refused = None;
        if let Some(token) = self.route.token() {
            match token
                .map_err(Refusal::from)
                .and_then(|token| self.token(&token, game, entropy))
            {
                Ok(accepted) => return Ok(accepted),
                Err(refusal) => refused = Some(refusal),
            }
        }
        for value in self.cookies(headers) {
            match self.session(value, game) {
                Ok((claims, text)) => return Ok(Accepted::Cookie { claims, text }),
                Err(refusal) => refused = refused.or(Some(refusal)),
            }
        }
        if let Some(value) = self.route.session {
            match self.session(value.as_bytes(), game) {
                Ok((claims, text)) => return Ok(Accepted::Path { claims, text }),
                Err(refusal) => refused = refused.or(Some(refusal)),
            }
        }
        Err(refused.unwrap_or(Refusal::from(Reason::NoCredential)))
    }

    fn cookies<H: HeaderSource + ?Sized>(self, headers: &'r H) -> impl Iterator<Item = &'r [u8]> {
        let name = &self.config.cookie.name;
        headers
            .values("cookie")
            .flat_map(|header| cookie::values(header, name))
            .take(MAX_COOKIES)
    }

    fn token(
        self,
        token: &str,
        game: GameId<'_>,
        entropy: impl FnOnce() -> [u8; 16],
    ) -> Result<Accepted<'r>, Refusal> {
        let Config {
            keys,
            playback,
            session,
            ..
        } = self.config;
        let claims = playback::verify(token, keys, playback, self.now)?;
        admit(&claims.scope, game, claims.subject.as_deref())?;
        let session = Session::begin(&claims, entropy(), keys, session, self.now);
        let set_cookie = self
            .set_cookie(&session, &claims.scope)
            .ok_or(Reason::TokenClaims)?;
        Ok(Accepted::Token {
            claims,
            session,
            set_cookie,
        })
    }

    fn session(
        self,
        value: &'r [u8],
        game: GameId<'_>,
    ) -> Result<(Verified<session::Claims>, &'r str), Refusal> {
        let text = core::str::from_utf8(value).map_err(|_| Reason::TokenMalformed)?;
        let (keys, rules) = (&self.config.keys, &self.config.session);
        let claims = match self.known {
            Some(known) => known.verify(text, keys, rules, self.now)?,
            None => session::verify(text, keys, rules, self.now)?,
        };
        admit(&claims.scope, game, Some(&claims.subject))?;
        Ok((claims, text))
    }

    /// The cookie for `session`; `None` when it would be too long.
    pub(super) fn set_cookie(self, session: &Session, scope: &Scope) -> Option<SetCookie> {
        let Config {
            cookie,
            session: rules,
            ..
        } = self.config;
        SetCookie::new(
            cookie,
            session,
            scope,
            self.route.game_as_written(),
            rules.life_seconds,
        )
    }
}

fn admit(scope: &Scope, game: GameId<'_>, subject: Option<&str>) -> Result<(), Refusal> {
    if scope.admits(game) {
        return Ok(());
    }
    Err(Refusal {
        reason: Reason::WrongGame,
        subject: subject.map(String::from),
    })
}
