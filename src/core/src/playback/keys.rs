//! When the keys of the sign-in service are fetched, and how long they are believed.

use alloc::sync::Arc;
use core::time::Duration;

use crate::{time::UnixTime, token::identity::KeySet};

/// How long keys are used without asking again, in seconds.
const FRESH: u64 = 600;

/// How long they are used while the service cannot be reached, in seconds from when they were fetched. Its
/// failure then stops nobody at once, and a key that it has taken back does not live on for days.
const USABLE: u64 = 3600;

/// The least pause between two attempts while there are keys to use, in seconds. Also between two searches
/// for names that no key has, for whoever likes can send such a name.
const PAUSE: u64 = 60;

/// The least pause after a failed attempt while there are none, in seconds.
const PAUSE_WITHOUT: u64 = 5;

/// How long one attempt may take, all of it.
pub const FETCH_TIME: Duration = Duration::from_secs(5);

/// Whoever began an attempt and has said nothing for this many seconds has been stopped on the way.
const LOST: u64 = 2 * FETCH_TIME.as_secs();

/// How long to wait before asking for a plan again, see [`Plan::Wait`].
pub const WAIT: Duration = Duration::from_millis(20);

/// The keys of one service, as one instance knows them.
///
/// # Example
/// ```
/// use reelgate_core::{playback::{KeyCache, Plan}, time::UnixTime};
///
/// let mut cache = KeyCache::new();
/// assert!(matches!(cache.plan(Some("kid"), UnixTime(1_000)), Plan::Fetch));
/// assert_eq!(cache.fetched(None, UnixTime(1_001)).err(), Some(5));
/// assert!(matches!(cache.plan(Some("kid"), UnixTime(1_002)), Plan::Unavailable { retry_after: 4 }));
/// ```
#[derive(Debug, Default)]
pub struct KeyCache {
    held: Option<Held>,
    /// The attempt that is under way.
    fetching: Option<UnixTime>,
    /// When the last attempt failed.
    failed: Option<UnixTime>,
    /// When keys were fetched for the sake of a name that no key had.
    searched: Option<UnixTime>,
}

#[derive(Debug)]
struct Held {
    keys: Arc<KeySet>,
    fetched: UnixTime,
}

/// Where the keys for a token come from.
#[derive(Debug)]
pub enum Plan {
    /// From here; whether one of them is the token's is for the verifier to say.
    Use(Arc<KeySet>),
    /// From the service: fetch them, and report with [`KeyCache::fetched`].
    Fetch,
    /// Another request is fetching them: ask again after [`WAIT`].
    Wait,
    /// From nowhere, for now.
    Unavailable {
        /// When asking again may help, in seconds from now.
        retry_after: u64,
    },
}

impl KeyCache {
    /// No keys yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            held: None,
            fetching: None,
            failed: None,
            searched: None,
        }
    }

    /// What to do about a token that names this key.
    pub fn plan(&mut self, key_name: Option<&str>, now: UnixTime) -> Plan {
        let usable = self.usable(now);
        let known = usable.as_ref().is_some_and(|keys| keys.has(key_name));
        let fresh = self.held.as_ref();
        let fresh = fresh.is_some_and(|held| now.since(held.fetched) < FRESH);
        match usable {
            Some(keys) if known && (fresh || self.is_fetching(now) || self.rests(now, PAUSE)) => {
                Plan::Use(keys)
            }
            _ if self.is_fetching(now) => Plan::Wait,
            Some(keys) if !known && self.has_searched(now) => Plan::Use(keys),
            Some(keys) if self.rests(now, PAUSE) => Plan::Use(keys),
            None if self.rests(now, PAUSE_WITHOUT) => Plan::Unavailable {
                retry_after: self.retry_after(now),
            },
            _ => {
                self.fetching = Some(now);
                if fresh {
                    self.searched = Some(now);
                }
                Plan::Fetch
            }
        }
    }

    /// What came of an attempt: keys, or nothing that can be used. Gives the keys to go on with.
    ///
    /// # Errors
    /// There are none; asking again may help in so many seconds.
    pub fn fetched(&mut self, keys: Option<KeySet>, now: UnixTime) -> Result<Arc<KeySet>, u64> {
        self.fetching = None;
        if let Some(keys) = keys {
            self.failed = None;
            let keys = Arc::new(keys);
            self.held = Some(Held {
                keys: Arc::clone(&keys),
                fetched: now,
            });
            return Ok(keys);
        }
        self.failed = Some(now);
        self.usable(now).ok_or_else(|| self.retry_after(now))
    }

    fn usable(&self, now: UnixTime) -> Option<Arc<KeySet>> {
        let held = self.held.as_ref()?;
        (now.since(held.fetched) < USABLE).then(|| Arc::clone(&held.keys))
    }

    fn is_fetching(&self, now: UnixTime) -> bool {
        self.fetching.is_some_and(|began| now.since(began) < LOST)
    }

    fn has_searched(&self, now: UnixTime) -> bool {
        self.searched.is_some_and(|at| now.since(at) < PAUSE)
    }

    /// Whether the last attempt failed less than `pause` seconds ago.
    fn rests(&self, now: UnixTime, pause: u64) -> bool {
        self.failed.is_some_and(|at| now.since(at) < pause)
    }

    fn retry_after(&self, now: UnixTime) -> u64 {
        let since = self.failed.map_or(0, |at| now.since(at));
        PAUSE_WITHOUT.saturating_sub(since).max(1)
    }
}
