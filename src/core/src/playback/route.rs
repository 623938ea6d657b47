//! Which request asks for what, and with which token.

use alloc::{borrow::Cow, format};

use super::{
    Config, Permit,
    answers::{self, Refusal},
    config::{Access, KeysAddress},
};
use crate::{
    http::{Answer, HeaderSource, Headers, Method, Request, bearer},
    key::ObjectKey,
    time::UnixTime,
    token::{
        Reason,
        identity::{self, KeySet, Presented},
    },
};

/// What every game is played from.
const MANIFEST: &str = "master.m3u8";

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// `/api/games/{id}/playback`: the manifest of that game.
    Game(ObjectKey),
    /// `/api/playback/session`: all games that the viewer may watch.
    Session,
}

/// A request that is to be answered once its token is found good.
pub struct Question<'a> {
    access: &'a Access,
    wanted: Wanted,
    token: Presented<'a>,
}

/// What a request asks for.
///
/// # Errors
/// The answer: 404 for another path, 204 to OPTIONS, 405, 503 while a variable is missing, 401 without a
/// token that could be good.
pub fn route<'a, H: HeaderSource + ?Sized>(
    request: &Request<'a, H>,
    config: &'a Config,
) -> Result<Question<'a>, Answer> {
    let path = request.target.split('?').next().unwrap_or_default();
    let wanted = wanted(path).ok_or_else(answers::not_found)?;
    match request.method {
        Method::Get | Method::Head => {}
        Method::Options => return Err(answers::preflight()),
        _ => return Err(answers::method_not_allowed()),
    }
    let access = match &config.access {
        Ok(access) => access,
        Err(reason) => return Err(answers::not_configured(reason)),
    };
    let token = bearer(request.headers)
        .ok_or(Reason::NoCredential)
        .and_then(Presented::read);
    match token {
        Ok(token) => Ok(Question {
            access,
            wanted,
            token,
        }),
        Err(reason) => Err(Refusal::new(reason).render()),
    }
}

impl Question<'_> {
    /// The game that is asked for, for the log; `None` where it is not one.
    #[must_use]
    pub fn game(&self) -> Option<&str> {
        match &self.wanted {
            Wanted::Game(key) => Some(key.game().as_str()),
            Wanted::Session => None,
        }
    }

    /// Where the keys are that tokens are checked with.
    #[must_use]
    pub fn keys_address(&self) -> &KeysAddress {
        &self.access.keys
    }

    /// The key that the token wants to be checked with.
    #[must_use]
    pub fn key_name(&self) -> Option<&str> {
        self.token.key_name()
    }

    /// Leave to answer, if the token is good and its viewer may watch.
    ///
    /// # Errors
    /// Why not.
    pub fn permit(&self, keys: &KeySet, now: UnixTime) -> Result<Permit<'_>, Refusal> {
        let viewer = identity::verify(&self.token, keys, &self.access.rules, now)?;
        Permit::new(self.access, &self.wanted, viewer)
    }
}

/// The headers to ask the origin with: the request's id, and nothing of its viewer.
#[must_use]
pub fn to_origin<H: HeaderSource + ?Sized>(headers: &H) -> Headers {
    const NAME: &str = "x-request-id";
    let values = headers.values(NAME);
    values
        .map(|value| (NAME, Cow::Owned(value.to_vec())))
        .collect()
}

fn wanted(path: &str) -> Option<Wanted> {
    if path == "/api/playback/session" {
        return Some(Wanted::Session);
    }
    let game = path
        .strip_prefix("/api/games/")?
        .strip_suffix("/playback")?;
    if game.contains('/') {
        return None;
    }
    // The same rules as for the film itself, so that what is answered here can be asked for there.
    let key = ObjectKey::from_path(&format!("/games/{game}/{MANIFEST}"));
    key.ok().map(Wanted::Game)
}
