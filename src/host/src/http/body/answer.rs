//! The body of an answer, which is given up when its player does not take it.
//!
//! Over HTTP/1.1 the socket tells: nothing can be written. Over HTTP/2 a client may leave one answer alone,
//! its window shut, while others go on. hyper then asks the body for nothing more and has no time-out for
//! that. So the body notes since when its client takes nothing, and the connection gives it up: what stands
//! behind it, a connection to the bucket, is free, and the client's next word ends the stream.

use crate::http::body::logged::LoggedBody;
use crate::http::connection::activity::InFlight;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use wasmtime_wasi_http::Error;

/// What a client may stop taking.
pub(crate) trait Stalling: std::fmt::Debug + Send + Sync {
    /// Ends it, if its client has taken nothing for `limit`.
    fn give_up_after(&self, limit: Duration);
}

/// The body of an answer.
#[expect(
    clippy::large_enum_variant,
    reason = "the larger one is the usual one, and has no need of the heap"
)]
pub(crate) enum AnswerBody {
    /// One that its socket watches.
    Watched(LoggedBody),
    /// One among others of its connection.
    Multiplexed(Arc<Multiplexed>),
}

impl AnswerBody {
    /// `body` is the answer to the request `in_flight`.
    pub(crate) fn new(body: impl FnOnce(InFlight) -> LoggedBody, in_flight: InFlight) -> Self {
        if !in_flight.is_multiplexed() {
            return Self::Watched(body(in_flight));
        }
        let connection = in_flight.connection();
        let answer = Arc::new(Multiplexed(Mutex::new(State {
            body: Some(body(in_flight)),
            waiting_since: Some(Instant::now()),
        })));
        let weak: Weak<Multiplexed> = Arc::downgrade(&answer);
        connection.watch(weak);
        Self::Multiplexed(answer)
    }
}

/// One of several answers on a connection.
pub(crate) struct Multiplexed(Mutex<State>);

struct State {
    /// `None` once it was given up.
    body: Option<LoggedBody>,
    /// Since when the client has not asked for more; `None` while it waits for the bucket.
    waiting_since: Option<Instant>,
}

impl Multiplexed {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Multiplexed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Multiplexed").finish_non_exhaustive()
    }
}

impl Stalling for Multiplexed {
    fn give_up_after(&self, limit: Duration) {
        let given_up = {
            let mut state = self.lock();
            match state.waiting_since {
                Some(since) if since.elapsed() >= limit => state.body.take(),
                _ => None,
            }
        };
        // Not under the lock: it writes the request's line in the log.
        drop(given_up);
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        match self.get_mut() {
            Self::Watched(body) => Pin::new(body).poll_frame(cx),
            Self::Multiplexed(answer) => {
                let mut state = answer.lock();
                let Some(body) = &mut state.body else {
                    return Poll::Ready(Some(Err(Error::ConnectionWriteTimeout)));
                };
                let polled = Pin::new(body).poll_frame(cx);
                state.waiting_since = polled.is_ready().then(Instant::now);
                polled
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Watched(body) => body.is_end_stream(),
            Self::Multiplexed(answer) => answer
                .lock()
                .body
                .as_ref()
                .is_some_and(LoggedBody::is_end_stream),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Watched(body) => body.size_hint(),
            Self::Multiplexed(answer) => {
                let state = answer.lock();
                state
                    .body
                    .as_ref()
                    .map_or_else(SizeHint::default, Body::size_hint)
            }
        }
    }
}
