//! The claims that playback tokens and sessions share, and the rules for them in the order of checking.

use alloc::{
    borrow::Cow,
    string::{String, ToString},
};

use super::{
    Reason,
    object::{self, Members, Value},
};
use crate::{scope::Scope, time::UnixTime};

/// How far another machine's clock may run ahead of ours, in seconds.
pub(super) const CLOCK_DIFFERENCE_SECONDS: u64 = 60;

/// Claims as they stand in the token: signed, but not yet judged.
#[derive(Default)]
pub(super) struct Claims<'a> {
    exp: Option<Value<'a>>,
    nbf: Option<Value<'a>>,
    iat: Option<Value<'a>>,
    iss: Option<Value<'a>>,
    aud: Option<Value<'a>>,
    sub: Option<Value<'a>>,
    gid: Option<Value<'a>>,
    ent: Option<Value<'a>>,
    sid: Option<Value<'a>>,
}

impl<'de> Members<'de> for Claims<'de> {
    fn slot(&mut self, name: &str) -> Option<&mut Option<Value<'de>>> {
        Some(match name {
            "exp" => &mut self.exp,
            "nbf" => &mut self.nbf,
            "iat" => &mut self.iat,
            "iss" => &mut self.iss,
            "aud" => &mut self.aud,
            "sub" => &mut self.sub,
            "gid" => &mut self.gid,
            "ent" => &mut self.ent,
            "sid" => &mut self.sid,
            _ => return None,
        })
    }
}

impl<'a> Claims<'a> {
    pub(super) fn read(json: &'a [u8]) -> Result<Self, Reason> {
        object::parse(json)
    }

    /// Checks time, issuer and audience, and gives the time of expiry.
    ///
    /// `longest` is the greatest number of seconds from `now` to `exp`, clock difference not counted.
    pub(super) fn check(
        &self,
        issuer: &str,
        audience: &str,
        longest: u64,
        now: UnixTime,
    ) -> Result<UnixTime, Reason> {
        let expires = time(self.exp.as_ref())?.ok_or(Reason::TokenClaims)?;
        if now >= expires {
            return Err(Reason::TokenExpired);
        }
        if expires > now.plus(longest).plus(CLOCK_DIFFERENCE_SECONDS) {
            return Err(Reason::TokenLifetime);
        }
        for start in [&self.nbf, &self.iat] {
            if time(start.as_ref())?.is_some_and(|start| start > now.plus(CLOCK_DIFFERENCE_SECONDS))
            {
                return Err(Reason::TokenNotYetValid);
            }
        }
        if !matches!(&self.iss, Some(Value::Text(name)) if name == issuer) {
            return Err(Reason::TokenIssuer);
        }
        let meant_for_us = match &self.aud {
            Some(Value::Text(name)) => name == audience,
            Some(Value::List { texts, .. }) => texts.iter().any(|name| name == audience),
            _ => false,
        };
        meant_for_us.then_some(expires).ok_or(Reason::TokenAudience)
    }

    /// What `gid` and `ent` open.
    pub(super) fn scope(&self) -> Result<Scope, Reason> {
        let game = self
            .gid
            .as_ref()
            .map(text_or_integer)
            .map(|game| game.ok_or(Reason::TokenClaims));
        let patterns = self.ent.as_ref().map(|ent| match ent {
            Value::List {
                texts,
                only_texts: true,
            } => Ok(texts.iter().map(ToString::to_string).collect()),
            _ => Err(Reason::TokenClaims),
        });
        Scope::new(game.transpose()?, patterns.transpose()?).ok_or(Reason::TokenClaims)
    }

    /// `sub`; an integer is taken as its decimal text, anything else but a string as absent.
    pub(super) fn subject(&self) -> Option<String> {
        self.sub.as_ref().and_then(text_or_integer)
    }

    /// `iat`, which has been checked to be a number if it is there.
    pub(super) fn issued(&self) -> Option<UnixTime> {
        time(self.iat.as_ref()).ok().flatten()
    }

    /// `sid`, when it is a string.
    pub(super) fn session_id(&self) -> Option<&str> {
        match &self.sid {
            Some(Value::Text(id)) => Some(id),
            _ => None,
        }
    }
}

fn time(claim: Option<&Value<'_>>) -> Result<Option<UnixTime>, Reason> {
    match claim {
        None => Ok(None),
        Some(Value::Number(number)) => Ok(Some(number.time())),
        Some(_) => Err(Reason::TokenClaims),
    }
}

fn text_or_integer(claim: &Value<'_>) -> Option<String> {
    match claim {
        Value::Text(text) => Some(Cow::into_owned(text.clone())),
        Value::Number(number) => number.decimal(),
        _ => None,
    }
}
