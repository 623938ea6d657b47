//! The body of an answer: a part of an object, as far as it is there and then as it comes.

use crate::arriving::{Broken, Place};
use crate::figures::Counters;
use crate::object::Object;
use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// How an object was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// It was there, or on its way for somebody else.
    Hit,
    /// It is fetched for this request.
    Miss,
    /// It was there, and the bucket has said for this request that it has not changed.
    Revalidated,
}

/// An object that can be answered with. It is all there, or on its way.
#[derive(Debug)]
pub struct Hit {
    object: Arc<Object>,
    source: Source,
    counters: Arc<Counters>,
    /// Whether it is read to the end that was asked for.
    satisfied: bool,
}

impl Hit {
    /// `None` when the object has failed meanwhile.
    pub(crate) fn hold(
        object: &Arc<Object>,
        source: Source,
        counters: &Arc<Counters>,
    ) -> Option<Self> {
        object.enter().then(|| Self {
            object: Arc::clone(object),
            source,
            counters: Arc::clone(counters),
            satisfied: false,
        })
    }

    /// The header fields of a 200 with all of the object.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.object.headers
    }

    /// The object's size in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.object.size
    }

    /// How it was found.
    #[must_use]
    pub fn source(&self) -> Source {
        self.source
    }

    /// The bytes of `range`, which ends with the object at the latest.
    #[must_use]
    pub fn body(self, range: Range<u64>) -> Reader {
        let end = range.end.min(self.object.size);
        Reader {
            range: range.start.min(end)..end,
            place: Place::default(),
            hit: self,
        }
    }
}

impl Drop for Hit {
    fn drop(&mut self) {
        self.object.leave(self.satisfied);
    }
}

/// A part of an object. What it yields are slices of what the cache has.
#[derive(Debug)]
pub struct Reader {
    hit: Hit,
    /// What is still to come.
    range: Range<u64>,
    place: Place,
}

impl Body for Reader {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        let this = &mut *self;
        if this.range.is_empty() {
            this.hit.satisfied = true;
            return Poll::Ready(None);
        }
        let polled = this.hit.object.poll_piece(&this.range, &mut this.place, cx);
        let bytes = match ready!(polled) {
            Ok(bytes) => bytes,
            Err(broken) => return Poll::Ready(Some(Err(broken))),
        };
        let length = bytes.len() as u64;
        this.range.start += length;
        this.hit.satisfied = this.range.is_empty();
        if this.hit.source != Source::Miss {
            this.hit.counters.served(length);
        }
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.range.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.range.end - self.range.start)
    }
}
