//! One question to the bucket for all who have it at the same time.

use crate::object::Object;
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// A short answer that is good for all who asked while it was made, and kept for nobody else.
#[derive(Clone, Debug)]
pub struct Plain {
    /// Its status.
    pub status: StatusCode,
    /// Its header fields.
    pub headers: HeaderMap,
    /// Its body, as it goes with GET.
    pub body: Bytes,
}

/// What a question has led to.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    /// This object, whole or on its way.
    Object(Arc<Object>),
    /// This answer.
    Plain(Arc<Plain>),
    /// Nothing that could be shared: each asks the bucket.
    Each,
}

type Waiting = HashMap<u64, watch::Receiver<Option<Outcome>>>;

/// Questions that have no outcome yet.
#[derive(Debug, Default)]
pub(crate) struct InFlight(Mutex<Waiting>);

/// What one who asks has to do.
pub(crate) enum Role {
    /// Ask the bucket.
    Leader(Leader),
    /// Wait.
    Follower(Follower),
}

impl InFlight {
    pub(crate) fn join(self: &Arc<Self>, id: u64) -> Role {
        match self.lock().entry(id) {
            Entry::Occupied(waiting) => Role::Follower(Follower(waiting.get().clone())),
            Entry::Vacant(free) => {
                let (sender, receiver) = watch::channel(None);
                free.insert(receiver);
                Role::Leader(Leader {
                    id,
                    sender,
                    in_flight: Arc::clone(self),
                })
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One who asks the bucket for all. Dropped without an outcome, it leaves the question to the next.
pub(crate) struct Leader {
    id: u64,
    sender: watch::Sender<Option<Outcome>>,
    in_flight: Arc<InFlight>,
}

impl Leader {
    pub(crate) fn share(self, outcome: Outcome) {
        self.sender.send_replace(Some(outcome));
    }
}

impl Drop for Leader {
    fn drop(&mut self) {
        self.in_flight.lock().remove(&self.id);
    }
}

/// One who waits for another's answer.
pub(crate) struct Follower(watch::Receiver<Option<Outcome>>);

impl Follower {
    /// `None` when the leader has left without one.
    pub(crate) async fn outcome(mut self) -> Option<Outcome> {
        let outcome = self.0.wait_for(Option::is_some).await.ok()?;
        outcome.clone()
    }
}
