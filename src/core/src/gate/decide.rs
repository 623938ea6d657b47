//! The decision: a pure function of request, configuration, time and chance.

use alloc::{format, string::String};

use super::{
    Config, Outcome, Pass, Reply, Route, SessionInfo,
    common::Audience,
    credential::{Accepted, Judge},
    pass::Proof,
};
use crate::{
    clip::{self, Clip},
    http::{HeaderSource, Method, Request},
    key::{ObjectKey, ObjectKind},
    time::UnixTime,
    token::{KnownSessions, session::Session},
};

/// The name in every game that the gate answers itself.
const SESSION_INFO: &str = "session.json";

/// What is to be done with a request.
#[derive(Debug)]
pub enum Decision {
    /// The gate answers.
    Reply(Reply),
    /// The next handler is asked.
    Forward(Pass),
}

/// Decides about a request. `entropy` gives 128 random bits; it is called when a session begins.
///
/// Whether the object exists is neither known nor asked, so a refusal tells nothing about it.
#[must_use]
pub fn decide<H: HeaderSource + ?Sized>(
    request: &Request<'_, H>,
    config: &Config,
    now: UnixTime,
    entropy: impl FnOnce() -> [u8; 16],
) -> Decision {
    decide_with(request, config, now, None, entropy)
}

/// The same decision, quicker for sessions that `known` has. It is for `config` alone.
#[must_use]
pub fn decide_with<H: HeaderSource + ?Sized>(
    request: &Request<'_, H>,
    config: &Config,
    now: UnixTime,
    known: Option<&KnownSessions>,
    entropy: impl FnOnce() -> [u8; 16],
) -> Decision {
    let audience = Audience::of(request, config);
    let Some(route) = Route::split(request.target) else {
        return reply(audience, Outcome::NotFound);
    };
    match request.method {
        Method::Get | Method::Head => {}
        Method::Options => return reply(audience, Outcome::Preflight),
        _ => return reply(audience, Outcome::MethodNotAllowed),
    }
    let Ok(key) = ObjectKey::from_path(route.path) else {
        return reply(audience, Outcome::NotFound);
    };
    let judge = Judge {
        config,
        route,
        now,
        known,
    };
    match judge.first_good(key.game(), request.headers, entropy) {
        Err(refusal) => {
            let outcome = Outcome::Forbidden(refusal.reason);
            Decision::Reply(Reply {
                audience,
                outcome,
                subject: refusal.subject,
                key: Some(key),
            })
        }
        Ok(accepted) if key.file() == SESSION_INFO => session_info(audience, accepted, key),
        Ok(accepted) if key.file() == clip::FILE => {
            clip_of(request, audience, accepted, judge, key)
        }
        Ok(accepted) => forward(request, audience, accepted, judge, key, None),
    }
}

/// Of the query nothing passes but what makes a clip.
fn clip_of<H: HeaderSource + ?Sized>(
    request: &Request<'_, H>,
    audience: Audience,
    accepted: Accepted<'_>,
    judge: Judge<'_>,
    key: ObjectKey,
) -> Decision {
    let outcome = match Clip::from_query(judge.route.query.unwrap_or_default()) {
        Ok(clip) if clip.stored(key.game()).is_some() => {
            return forward(request, audience, accepted, judge, key, Some(clip));
        }
        Ok(_) => Outcome::NotFound,
        Err(bad) => Outcome::BadRequest(bad),
    };
    Decision::Reply(Reply {
        audience,
        outcome,
        subject: accepted.subject().map(String::from),
        key: Some(key),
    })
}

fn reply(audience: Audience, outcome: Outcome) -> Decision {
    Decision::Reply(Reply {
        audience,
        outcome,
        key: None,
        subject: None,
    })
}

fn session_info(audience: Audience, accepted: Accepted<'_>, key: ObjectKey) -> Decision {
    let game_path = key.game().to_path();
    let (session, set_cookie, subject) = match accepted {
        Accepted::Token {
            claims,
            session,
            set_cookie,
        } => (session, Some(set_cookie), claims.subject.clone()),
        Accepted::Cookie { claims, text } | Accepted::Path { claims, text } => (
            Session::carried(text, &claims),
            None,
            Some(claims.subject.clone()),
        ),
    };
    let outcome = Outcome::SessionInfo(SessionInfo {
        session,
        game_path,
        set_cookie,
    });
    Decision::Reply(Reply {
        audience,
        outcome,
        key: Some(key),
        subject,
    })
}

fn forward<H: HeaderSource + ?Sized>(
    request: &Request<'_, H>,
    audience: Audience,
    accepted: Accepted<'_>,
    judge: Judge<'_>,
    key: ObjectKey,
    clip: Option<Clip>,
) -> Decision {
    let (proof, set_cookie) = match accepted {
        Accepted::Token {
            claims, set_cookie, ..
        } => (Proof::Token(claims), Some(set_cookie)),
        Accepted::Path { claims, .. } => (Proof::Session(claims), None),
        Accepted::Cookie { claims, .. } => {
            // A playlist is asked for again and again while a film runs; segments need not carry cookies.
            let renewed = (key.kind() == ObjectKind::Playlist && claims.is_past_half(judge.now))
                .then(|| {
                    Session::renew(
                        &claims,
                        &judge.config.keys,
                        &judge.config.session,
                        judge.now,
                    )
                })
                .and_then(|session| judge.set_cookie(&session, &claims.scope));
            (Proof::Session(claims), renewed)
        }
    };
    let target = match clip {
        None => key.to_path(),
        Some(clip) => format!("{}?{}", key.to_path(), clip.to_query()),
    };
    Decision::Forward(Pass::new(
        request.headers,
        audience,
        key,
        target,
        proof,
        set_cookie,
    ))
}
