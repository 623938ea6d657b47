//! Sessions that were good before: a viewer's next request costs neither a hash nor a parser.

use alloc::{boxed::Box, vec::Vec};
use core::{cell::RefCell, fmt};

use subtle::ConstantTimeEq;

use super::{
    Reason, Verified,
    session::{self, Claims, Rules},
};
use crate::{secret::KeyRing, time::UnixTime};

/// Sessions that are kept: more than one thread has viewers.
const PLACES: usize = 1024;

/// Longest session that is kept, in bytes: one with many patterns costs a hash each time.
const MAX_KEPT_BYTES: usize = 1024;

/// Answers as [`session::verify`] does, for one key ring and one set of rules as long as it lives.
///
/// Only sessions that were good are kept, each in a place that its signature names, so that nobody without our
/// secret can fill it or choose what goes. One that was good at a time is good until it expires: all that a clock
/// can change about a session meanwhile is that. `Debug` shows nothing of them.
#[derive(Default)]
pub struct KnownSessions(RefCell<Vec<Option<Box<Known>>>>);

struct Known {
    text: Box<str>,
    /// When it was good.
    at: UnixTime,
    claims: Claims,
}

impl KnownSessions {
    /// Checks a session, unless that was done.
    ///
    /// # Errors
    /// As [`session::verify`].
    pub fn verify(
        &self,
        token: &str,
        keys: &KeyRing,
        rules: &Rules,
        now: UnixTime,
    ) -> Result<Verified<Claims>, Reason> {
        let place = place(token);
        if let Some(claims) = self.claims(place, token, now) {
            return Ok(Verified(claims));
        }
        let verified = session::verify(token, keys, rules, now)?;
        if token.len() <= MAX_KEPT_BYTES {
            self.keep(place, token, now, &verified);
        }
        Ok(verified)
    }

    fn claims(&self, place: usize, token: &str, now: UnixTime) -> Option<Claims> {
        let places = self.0.borrow();
        let known = places.get(place)?.as_ref()?;
        let is_same = bool::from(known.text.as_bytes().ct_eq(token.as_bytes()));
        (is_same && known.at <= now && now < known.claims.expires).then(|| known.claims.clone())
    }

    fn keep(&self, place: usize, token: &str, at: UnixTime, claims: &Claims) {
        let mut places = self.0.borrow_mut();
        if places.is_empty() {
            places.resize_with(PLACES, || None);
        }
        places[place] = Some(Box::new(Known {
            text: token.into(),
            at,
            claims: claims.clone(),
        }));
    }
}

impl fmt::Debug for KnownSessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KnownSessions").finish_non_exhaustive()
    }
}

/// A place for `token`: the last characters of a good signature are as good as random.
fn place(token: &str) -> usize {
    let last = token.bytes().rev().take(8);
    last.fold(0_usize, |place, byte| {
        place.wrapping_mul(64).wrapping_add(usize::from(byte))
    }) % PLACES
}
