//! One version of one object: its head, and its bytes as far as they have arrived.

use crate::arriving::{Arriving, Broken, Place};
use crate::budget::Held;
use crate::piece::piece;
use bytes::Bytes;
use http::header::ETAG;
use http::{HeaderMap, HeaderValue};
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll};
use tokio::sync::Notify;

/// What is left of a fetch that goes on although all have left: less than opening another connection costs.
const NEARLY_DONE: u64 = 1024 * 1024;

/// Which object of which bucket.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Key {
    /// The number of the bucket.
    pub(crate) space: u32,
    pub(crate) path: Box<str>,
}

/// One version of an object.
#[derive(Debug)]
pub(crate) struct Object {
    pub(crate) key: Key,
    /// As they go with a 200.
    pub(crate) headers: HeaderMap,
    pub(crate) size: u64,
    /// Milliseconds for which nobody asks the bucket whether it is still there.
    fresh_for: u64,
    /// When the bucket last said that this is the version it has, in milliseconds since 1970.
    validated: AtomicU64,
    whole: OnceLock<Vec<Bytes>>,
    arriving: Mutex<Arriving>,
    /// The last of its readers has left.
    pub(crate) left: Notify,
    held: Held,
}

impl Object {
    /// One of which nothing has arrived.
    pub(crate) fn new(
        key: Key,
        headers: HeaderMap,
        size: u64,
        fresh_for: u64,
        validated: u64,
        held: Held,
    ) -> Self {
        Self {
            key,
            headers,
            size,
            fresh_for,
            validated: AtomicU64::new(validated),
            whole: OnceLock::new(),
            arriving: Mutex::default(),
            left: Notify::new(),
            held,
        }
    }

    /// Whether it is the object at `path` in the bucket `space`. Names are found by a hash.
    pub(crate) fn is(&self, space: u32, path: &str) -> bool {
        self.key.space == space && *self.key.path == *path
    }

    /// Whether it may be served at `now` without a word to the bucket. A clock that was set back says nothing.
    pub(crate) fn is_fresh(&self, now: u64) -> bool {
        let validated = self.validated.load(Ordering::Relaxed);
        now.checked_sub(validated)
            .is_some_and(|age| age < self.fresh_for)
    }

    pub(crate) fn validated(&self) -> u64 {
        self.validated.load(Ordering::Relaxed)
    }

    /// The bucket has said at `now` that it is still the version it has.
    pub(crate) fn validate(&self, now: u64) {
        self.validated.store(now, Ordering::Relaxed);
    }

    /// Its strong entity tag; without one it would not be here.
    pub(crate) fn etag(&self) -> Option<&HeaderValue> {
        self.headers.get(ETAG)
    }

    /// Memory it takes, in bytes.
    pub(crate) fn weight(&self) -> u64 {
        self.held.bytes()
    }

    /// All of it, in pieces of [`CHUNK`] bytes, the last one shorter.
    pub(crate) fn whole(&self) -> Option<&[Bytes]> {
        self.whole.get().map(Vec::as_slice)
    }

    /// Takes all of it at once.
    pub(crate) fn complete(&self, chunks: Vec<Bytes>) {
        // Only one fetch fills it, and ends once.
        let _ = self.whole.set(chunks);
        self.held.arrived();
        self.lock().finish();
    }

    /// Nothing more will come.
    pub(crate) fn fail(&self) {
        if self.whole().is_none() {
            self.held.arrived();
            self.lock().fail();
        }
    }

    /// Whether it is neither whole nor broken.
    pub(crate) fn is_arriving(&self) -> bool {
        self.held.is_arriving()
    }

    /// Whether it is broken.
    pub(crate) fn has_failed(&self) -> bool {
        self.whole().is_none() && !self.is_arriving()
    }

    /// More of it has come: `frame`, which begins where the last one ended, and what pieces are full now.
    pub(crate) fn publish(&self, frame: Bytes, full: Vec<Bytes>) {
        self.lock().publish(frame, full);
    }

    /// Counts one more who waits for it. `false` when it has failed.
    pub(crate) fn enter(&self) -> bool {
        self.whole().is_some() || self.lock().enter()
    }

    /// One who waited waits no more; `satisfied` when there was nothing left to wait for.
    pub(crate) fn leave(&self, satisfied: bool) {
        if self.whole().is_none() && self.lock().leave(satisfied) {
            self.left.notify_one();
        }
    }

    /// What becomes of a fetch at this moment.
    pub(crate) fn attendance(&self) -> Attendance {
        let mut arriving = self.lock();
        if arriving.readers() > 0 {
            return Attendance::Awaited;
        }
        let missing = self.size - arriving.received();
        if arriving.has_satisfied() || missing <= NEARLY_DONE {
            return Attendance::ReadAhead;
        }
        self.held.arrived();
        arriving.fail();
        Attendance::Deserted
    }

    /// Bytes from `range.start` on, as many as are in one piece, and not beyond its end.
    pub(crate) fn poll_piece(
        &self,
        range: &Range<u64>,
        place: &mut Place,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Bytes, Broken>> {
        if let Some(chunks) = self.whole() {
            return Poll::Ready(piece(chunks, range).ok_or(Broken));
        }
        let mut arriving = self.lock();
        // It may have become whole just now.
        if let Some(chunks) = self.whole() {
            return Poll::Ready(piece(chunks, range).ok_or(Broken));
        }
        arriving.poll_piece(range, place, cx)
    }

    fn lock(&self) -> MutexGuard<'_, Arriving> {
        self.arriving.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Who waits for a fetch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attendance {
    /// Somebody.
    Awaited,
    /// Nobody, and it is worth going on.
    ReadAhead,
    /// Nobody, and it has failed by this.
    Deserted,
}
