//! An object that is on its way: what has come of it, and who waits for more.

use crate::piece::{CHUNK, cut, piece};
use bytes::Bytes;
use std::ops::Range;
use std::task::{Context, Poll, Waker};

/// A body that will not arrive whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the object broke off while it was fetched")]
pub struct Broken;

/// What is known of an object that is not whole.
#[derive(Debug, Default)]
pub(crate) struct Arriving {
    /// Pieces of [`CHUNK`] bytes.
    full: Vec<Bytes>,
    /// What came after them, as it came.
    fresh: Vec<Bytes>,
    received: u64,
    failed: bool,
    readers: usize,
    /// Somebody has had all they asked for.
    satisfied: bool,
    wakers: Vec<Waker>,
    /// How often the wakers were woken.
    round: u64,
}

/// Where the waker of one reader is kept.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Place(Option<(u64, usize)>);

impl Arriving {
    pub(crate) fn publish(&mut self, frame: Bytes, full: Vec<Bytes>) {
        self.received += frame.len() as u64;
        if full.is_empty() {
            self.fresh.push(frame);
        } else {
            self.full.extend(full);
            self.fresh.clear();
            let after = self.received - (self.full.len() * CHUNK) as u64;
            // Of this frame, for the pieces before it were full with it at the latest.
            let begin = frame
                .len()
                .saturating_sub(usize::try_from(after).unwrap_or(0));
            if begin < frame.len() {
                self.fresh.push(frame.slice(begin..));
            }
        }
        self.wake();
    }

    /// The object is whole: readers find it elsewhere.
    pub(crate) fn finish(&mut self) {
        self.full = Vec::new();
        self.fresh = Vec::new();
        self.wake();
        self.wakers = Vec::new();
    }

    pub(crate) fn fail(&mut self) {
        self.failed = true;
        self.full = Vec::new();
        self.fresh = Vec::new();
        self.wake();
    }

    pub(crate) fn enter(&mut self) -> bool {
        if !self.failed {
            self.readers += 1;
        }
        !self.failed
    }

    /// Whether it was the last one.
    pub(crate) fn leave(&mut self, satisfied: bool) -> bool {
        self.satisfied |= satisfied;
        self.readers = self.readers.saturating_sub(1);
        self.readers == 0
    }

    pub(crate) fn readers(&self) -> usize {
        self.readers
    }

    pub(crate) fn received(&self) -> u64 {
        self.received
    }

    pub(crate) fn has_satisfied(&self) -> bool {
        self.satisfied
    }

    pub(crate) fn poll_piece(
        &mut self,
        range: &Range<u64>,
        place: &mut Place,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Bytes, Broken>> {
        if self.failed {
            return Poll::Ready(Err(Broken));
        }
        if let Some(bytes) = self.piece(range) {
            return Poll::Ready(Ok(bytes));
        }
        self.wait(place, cx);
        Poll::Pending
    }

    fn piece(&self, range: &Range<u64>) -> Option<Bytes> {
        let mut base = (self.full.len() * CHUNK) as u64;
        if range.start < base {
            return piece(&self.full, range);
        }
        for frame in &self.fresh {
            if let Some(bytes) = cut(frame, base, range) {
                return Some(bytes);
            }
            base += frame.len() as u64;
        }
        None
    }

    /// Each reader has one waker at most, found without a search: there may be hundreds.
    fn wait(&mut self, place: &mut Place, cx: &Context<'_>) {
        if let Some((round, index)) = place.0
            && round == self.round
            && let Some(waker) = self.wakers.get_mut(index)
        {
            waker.clone_from(cx.waker());
            return;
        }
        *place = Place(Some((self.round, self.wakers.len())));
        self.wakers.push(cx.waker().clone());
    }

    fn wake(&mut self) {
        self.round += 1;
        for waker in self.wakers.drain(..) {
            waker.wake();
        }
    }
}
