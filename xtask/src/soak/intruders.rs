//! Intruders who ask throughout a trial for what is not theirs: each answer is to be a refusal.

use std::time::Duration;

use anyhow::Result;

use super::host::Place;
use super::workers::Workers;
use crate::testbed::client::Client;
use crate::testbed::fixture::{self, Fixture};
use crate::testbed::stream;

/// Intruders at once.
const COUNT: usize = 2;
/// From an answer to the next attempt of one of them.
const PAUSE: Duration = Duration::from_millis(50);
/// Attempts that succeeded and are described.
const DESCRIBED: usize = 3;

/// What intruders got.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Got {
    /// Attempts that were answered.
    pub(super) answered: usize,
    /// Answers that are no refusal.
    pub(super) let_in: usize,
    /// Some of these.
    pub(super) described: Vec<String>,
}

/// Intruders who try.
#[derive(Debug)]
pub(super) struct Intruders(Workers<Intruder>);

impl Intruders {
    /// They begin.
    ///
    /// # Errors
    /// When the clock stands before 1970.
    pub(super) fn try_all(fixture: &Fixture<'_>, place: &Place) -> Result<Self> {
        let mut workers = Workers::new();
        for number in 0..COUNT {
            let intruder = Intruder {
                place: place.clone(),
                attempts: attempts(fixture)?,
                next: number,
                got: Got::default(),
            };
            workers.add(intruder, PAUSE, Intruder::attempt);
        }
        Ok(Self(workers))
    }

    /// They leave; what they got.
    pub(super) fn leave(self) -> Got {
        let mut all = Got::default();
        for intruder in self.0.stop() {
            all.answered += intruder.got.answered;
            all.let_in += intruder.got.let_in;
            all.described.extend(intruder.got.described);
        }
        all.described.truncate(DESCRIBED);
        all
    }
}

/// Whether nothing was given. A host that is full says 503 to everybody.
pub(super) fn is_refusal(status: u16) -> bool {
    matches!(status, 401 | 403 | 503)
}

#[derive(Debug)]
struct Intruder {
    place: Place,
    attempts: Vec<Attempt>,
    next: usize,
    got: Got,
}

impl Intruder {
    /// One attempt on a new connection. A connection that breaks gave nothing away.
    fn attempt(&mut self) {
        let attempt = &self.attempts[self.next % self.attempts.len()];
        self.next += 1;
        let status = Client::connect(self.place.address()).and_then(|mut client| {
            let answer = client.request(attempt.method, &attempt.path, &attempt.fields, "")?;
            Ok(answer.status)
        });
        let Ok(status) = status else { return };
        self.got.answered += 1;
        if is_refusal(status) {
            return;
        }
        self.got.let_in += 1;
        if self.got.described.len() < DESCRIBED {
            let described = format!("{} is answered {status}", attempt.what);
            self.got.described.push(described);
        }
    }
}

#[derive(Debug)]
struct Attempt {
    what: &'static str,
    method: &'static str,
    path: String,
    fields: String,
}

fn attempts(fixture: &Fixture<'_>) -> Result<Vec<Attempt>> {
    let own = format!("Cookie: {}\r\n", fixture.cookie());
    let forged = fixture.forged_session();
    let attempt = |what, method, path, fields| Attempt {
        what,
        method,
        path,
        fields,
    };
    let none = String::new;
    let get = |what, path, fields| attempt(what, "GET", path, fields);
    let stranger = "Authorization: Bearer not-the-operators-token-not-the-operators-token\r\n";
    Ok(vec![
        get("a film without a session", fixture::small(), none()),
        get(
            "a film with a forged session",
            fixture::large(),
            format!("Cookie: {}\r\n", fixture.forged_cookie()),
        ),
        get(
            "a film of another game",
            "/games/other/small.m4s".to_owned(),
            own.clone(),
        ),
        get(
            "a film with a forged session in the path",
            format!("/s/{forged}{}", fixture::small()),
            none(),
        ),
        get(
            "a film with a session as token",
            format!("{}?t={forged}", fixture::small()),
            none(),
        ),
        get("the catalog without a token", "/api/videos".to_owned(), own),
        get(
            "the catalog with another token",
            "/api/videos".to_owned(),
            stranger.to_owned(),
        ),
        get(
            "a playback token without a sign-in",
            "/api/games/bench/playback".to_owned(),
            none(),
        ),
        attempt(
            "a sweep without a token",
            "POST",
            "/api/internal/reconcile".to_owned(),
            "Content-Length: 0\r\n".to_owned(),
        ),
        attempt(
            "a webhook with a forged signature",
            "POST",
            "/api/webhooks/stream".to_owned(),
            format!("{}\r\nContent-Length: 0\r\n", stream::forged()?),
        ),
    ])
}
