//! What a connection is doing: how many of its requests are in flight, and since when there are none.

use crate::http::body::answer::Stalling;
use crate::http::connection::addresses::Held;
use crate::http::connection::timeouts::Timeouts;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// Answers of one connection that are remembered before those that are over are forgotten: HTTP/2 allows a
/// client 128 at once.
const ANSWERS: usize = 256;

/// What is known of one connection.
#[derive(Debug)]
pub(crate) struct Activity {
    in_flight: AtomicUsize,
    requests: AtomicUsize,
    /// The first request has arrived.
    first: Notify,
    multiplexed: AtomicBool,
    /// When the last request in flight ended, or the connection was opened.
    idle_since: Mutex<Instant>,
    /// Its place is wanted by another.
    unwanted: Notify,
    is_unwanted: AtomicBool,
    /// The server is to end.
    draining: AtomicBool,
    /// What its client may stop reading while it goes on reading something else.
    answers: Mutex<Vec<Weak<dyn Stalling>>>,
}

impl Default for Activity {
    fn default() -> Self {
        Self {
            in_flight: AtomicUsize::new(0),
            requests: AtomicUsize::new(0),
            first: Notify::new(),
            multiplexed: AtomicBool::new(false),
            idle_since: Mutex::new(Instant::now()),
            unwanted: Notify::new(),
            is_unwanted: AtomicBool::new(false),
            draining: AtomicBool::new(false),
            answers: Mutex::default(),
        }
    }
}

impl Activity {
    /// A request has arrived; it is in flight until the guard is dropped.
    pub(crate) fn begin(self: &Arc<Self>, version: http::Version, held: Option<Held>) -> InFlight {
        self.multiplexed
            .store(version == http::Version::HTTP_2, Relaxed);
        if self.requests.fetch_add(1, Relaxed) == 0 {
            self.first.notify_one();
        }
        self.in_flight.fetch_add(1, Relaxed);
        InFlight {
            activity: Arc::clone(self),
            _held: held,
        }
    }

    /// Requests so far.
    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Relaxed)
    }

    /// Ready once a request has arrived. For one who waits.
    pub(crate) async fn first_request(&self) {
        if self.requests() == 0 {
            self.first.notified().await;
        }
    }

    /// Whether nothing is being answered.
    pub(crate) fn is_idle(&self) -> bool {
        self.in_flight.load(Relaxed) == 0
    }

    /// Whether many requests may be in flight at once.
    pub(crate) fn is_multiplexed(&self) -> bool {
        self.multiplexed.load(Relaxed)
    }

    /// Since when nothing is being answered; `None` while something is.
    pub(crate) fn idle_since(&self) -> Option<Instant> {
        self.is_idle().then(|| *lock(&self.idle_since))
    }

    /// Has [`Self::overstayed`] end. `false` when it was called before.
    pub(crate) fn close(&self) -> bool {
        self.unwanted.notify_one();
        !self.is_unwanted.swap(true, Relaxed)
    }

    /// The server is to end: the next answer is the last one, where requests come one after the other. The
    /// connection idles from now on, if it does.
    pub(crate) fn drain(&self) {
        self.draining.store(true, Relaxed);
        *lock(&self.idle_since) = Instant::now();
    }

    /// Ready once the connection has idled for too long, whatever its client sends meanwhile, or its place
    /// is wanted. Answers that their client does not take are given up on the way.
    pub(crate) async fn overstayed(&self, timeouts: Timeouts) {
        loop {
            let wait = match self.idle_since() {
                Some(since) if since.elapsed() >= timeouts.idle => return,
                Some(since) => timeouts.idle.saturating_sub(since.elapsed()),
                None => {
                    self.give_up_stalled(timeouts.stalled);
                    timeouts.idle.min(timeouts.stalled / 4)
                }
            };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.unwanted.notified() => return,
            }
        }
    }

    /// Has `answer` given up when its client does not take it.
    pub(crate) fn watch(&self, answer: Weak<dyn Stalling>) {
        let mut answers = lock(&self.answers);
        if answers.len() >= ANSWERS {
            answers.retain(|answer| answer.strong_count() > 0);
        }
        answers.push(answer);
    }

    fn give_up_stalled(&self, limit: Duration) {
        let answers: Vec<_> = lock(&self.answers)
            .iter()
            .filter_map(Weak::upgrade)
            .collect();
        for answer in answers {
            answer.give_up_after(limit);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A request that is being answered.
#[derive(Debug)]
pub(crate) struct InFlight {
    activity: Arc<Activity>,
    _held: Option<Held>,
}

impl InFlight {
    /// Whether the client may leave this answer alone and read others.
    pub(crate) fn is_multiplexed(&self) -> bool {
        self.activity.is_multiplexed()
    }

    /// Whether no request after this one is answered. Of requests that go side by side HTTP/2 tells the client
    /// itself which were (RFC 9113, section 6.8).
    pub(crate) fn is_last(&self) -> bool {
        self.activity.draining.load(Relaxed) && !self.is_multiplexed()
    }

    /// The connection that this request came by.
    pub(crate) fn connection(&self) -> Arc<Activity> {
        Arc::clone(&self.activity)
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        if self.activity.in_flight.fetch_sub(1, Relaxed) == 1 {
            *lock(&self.activity.idle_since) = Instant::now();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn timeouts() -> Timeouts {
        Timeouts {
            idle: 75 * SECOND,
            ..Timeouts::default()
        }
    }

    #[test]
    fn a_connection_idles_from_the_end_of_its_last_request() {
        let activity = Arc::new(Activity::default());
        let opened = activity.idle_since().unwrap();
        let first = activity.begin(http::Version::HTTP_2, None);
        let second = activity.begin(http::Version::HTTP_2, None);
        drop(first);
        assert_eq!(activity.idle_since(), None);
        drop(second);
        assert!(activity.idle_since().unwrap() > opened);
    }

    #[tokio::test]
    async fn who_is_unwanted_has_overstayed() {
        let activity = Activity::default();
        activity.close();
        let overstayed = activity.overstayed(timeouts());
        tokio::time::timeout(10 * SECOND, overstayed).await.unwrap();
    }
}
