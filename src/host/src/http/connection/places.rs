//! How many connections are open, and which of them makes room for another.

use crate::http::connection::activity::Activity;
use crate::metrics::Counted;
use crate::metrics::connections::ConnectionMetrics;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How often, while none is free, it is asked whether a connection idles by now.
const LOOK: Duration = Duration::from_millis(50);
/// A connection that idles for less is between two requests, and its client about to send the next.
const PAUSE: Duration = Duration::from_millis(500);

/// The connections of a server, of all its workers.
#[derive(Debug)]
pub(crate) struct Connections {
    places: Arc<Semaphore>,
    open: Mutex<HashMap<u64, Arc<Activity>>>,
    count: AtomicU64,
    metrics: ConnectionMetrics,
}

impl Connections {
    /// No connection yet, and never more than `most`.
    pub(crate) fn new(most: usize, metrics: &ConnectionMetrics) -> Arc<Self> {
        let most = most.clamp(1, Semaphore::MAX_PERMITS);
        metrics.limit.set(i64::try_from(most).unwrap_or(i64::MAX));
        Arc::new(Self {
            places: Arc::new(Semaphore::new(most)),
            open: Mutex::default(),
            count: AtomicU64::new(0),
            metrics: metrics.clone(),
        })
    }

    /// A place for a new connection. When all are taken, the one that has idled longest is closed; when all
    /// are at work, the new one waits.
    pub(crate) async fn place(self: &Arc<Self>, activity: &Arc<Activity>) -> Place {
        let permit = loop {
            if let Ok(permit) = Arc::clone(&self.places).try_acquire_owned() {
                break permit;
            }
            self.close_longest_idle();
            let next = Arc::clone(&self.places).acquire_owned();
            // Never closed: an error can only be the time-out's.
            if let Ok(Ok(permit)) = tokio::time::timeout(LOOK, next).await {
                break permit;
            }
        };
        let number = self.count.fetch_add(1, Relaxed);
        self.lock().insert(number, Arc::clone(activity));
        Place {
            _open: Counted::in_gauge(&self.metrics.open),
            connections: Arc::clone(self),
            number,
            _permit: permit,
        }
    }

    fn close_longest_idle(&self) {
        let open = self.lock();
        let idle = open
            .values()
            .filter_map(|activity| Some((activity.idle_since()?, activity)))
            .filter(|(since, _)| since.elapsed() >= PAUSE);
        let longest = idle.min_by_key(|(since, _)| *since);
        if longest.is_some_and(|(_, longest)| longest.close()) {
            self.metrics.displaced.inc();
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Arc<Activity>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place of one connection, until it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    connections: Arc<Connections>,
    number: u64,
    _open: Counted,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.connections.lock().remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::connection::timeouts::Timeouts;

    /// A connection that ends when it is asked to.
    async fn open(connections: &Arc<Connections>) -> (Arc<Activity>, tokio::task::JoinHandle<()>) {
        let activity = Arc::new(Activity::default());
        let place = connections.place(&activity).await;
        let watched = Arc::clone(&activity);
        let ended = tokio::spawn(async move {
            watched.overstayed(Timeouts::default()).await;
            drop(place);
        });
        (activity, ended)
    }

    #[tokio::test]
    async fn who_has_idled_longest_makes_room_and_who_is_at_work_does_not() {
        let connections = Connections::new(3, &ConnectionMetrics::default());
        let (busy, _busy_ended) = open(&connections).await;
        let _request = busy.begin(http::Version::HTTP_11, None);
        let (_, longest_ended) = open(&connections).await;
        let (_, shorter_ended) = open(&connections).await;
        let limit = Duration::from_secs(10);
        let newcomer = tokio::time::timeout(limit, open(&connections));
        let (newcomer, _) = newcomer.await.unwrap();
        longest_ended.await.unwrap();
        assert!(!shorter_ended.is_finished());
        assert!(newcomer.is_idle());
        assert_eq!(connections.lock().len(), 3);
    }

    #[tokio::test]
    async fn where_all_are_at_work_a_newcomer_waits_for_the_first_that_is_done() {
        let connections = Connections::new(1, &ConnectionMetrics::default());
        let (busy, _ended) = open(&connections).await;
        let request = busy.begin(http::Version::HTTP_11, None);
        let mut newcomer = Box::pin(open(&connections));
        let early = tokio::time::timeout(3 * LOOK, &mut newcomer).await;
        assert!(early.is_err());
        drop(request);
        let limit = Duration::from_secs(10);
        tokio::time::timeout(limit, newcomer).await.unwrap();
    }
}
