//! How long a client may keep a connection waiting.
//!
//! hyper has one time-out for reading a head and it also runs while a kept-alive connection idles.
//! Slow heads and idle connections want different limits, and a client that stops reading wants one
//! too, so the three are kept here, below hyper and below TLS.

use crate::http::deadline::Deadline;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The time-outs of one listener.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// From the first byte of a request's head, or from connecting, to its end.
    pub head: Duration,
    /// Between requests.
    pub idle: Duration,
    /// Without the client taking a single byte of what waits for it.
    pub stalled: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(10),
            idle: Duration::from_secs(75),
            stalled: Duration::from_secs(60),
        }
    }
}

/// What a connection's socket knows of its requests.
#[derive(Debug, Default)]
pub(crate) struct Activity {
    in_flight: AtomicUsize,
    requests: AtomicUsize,
    multiplexed: AtomicBool,
}

impl Activity {
    /// A request has arrived; it is in flight until the guard is dropped.
    pub(crate) fn begin(self: &Arc<Self>, version: http::Version) -> InFlight {
        self.multiplexed
            .store(version == http::Version::HTTP_2, Relaxed);
        self.requests.fetch_add(1, Relaxed);
        self.in_flight.fetch_add(1, Relaxed);
        InFlight(Arc::clone(self))
    }
}

/// A request that is being answered.
#[derive(Debug)]
pub(crate) struct InFlight(Arc<Activity>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Relaxed);
    }
}

/// A socket that gives up on a client that keeps it waiting.
#[derive(Debug)]
pub(crate) struct TimeoutStream<S> {
    socket: S,
    timeouts: Timeouts,
    activity: Arc<Activity>,
    /// The request count when a byte was last read: more bytes with the same count are its head.
    head_of: Option<usize>,
    reading: Deadline,
    writing: Deadline,
}

impl<S> TimeoutStream<S> {
    /// Watches `socket`, whose requests report to `activity`.
    pub(crate) fn new(socket: S, timeouts: Timeouts, activity: Arc<Activity>) -> Self {
        // A connection that never says a word is a head that never ends.
        let head_of = Some(0);
        Self {
            socket,
            timeouts,
            activity,
            head_of,
            reading: Deadline::default(),
            writing: Deadline::default(),
        }
    }

    fn read_limit(&self) -> Option<Duration> {
        if self.activity.in_flight.load(Relaxed) > 0 {
            return None;
        }
        let requests = self.activity.requests.load(Relaxed);
        let in_a_head = self.head_of == Some(requests) && !self.activity.multiplexed.load(Relaxed);
        Some(if in_a_head {
            self.timeouts.head
        } else {
            self.timeouts.idle
        })
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for TimeoutStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if let Poll::Ready(result) = Pin::new(&mut this.socket).poll_read(cx, buffer) {
            let requests = this.activity.requests.load(Relaxed);
            if this.head_of != Some(requests) || this.activity.multiplexed.load(Relaxed) {
                this.reading.clear();
            }
            this.head_of = Some(requests);
            return Poll::Ready(result);
        }
        let Some(limit) = this.read_limit() else {
            this.reading.clear();
            // hyper may be the only one to wake us; after the request it polls again.
            return Poll::Pending;
        };
        ready!(this.reading.poll(limit, cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncWrite + Unpin> TimeoutStream<S> {
    fn watch_write<T>(
        &mut self,
        cx: &mut Context<'_>,
        result: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if result.is_ready() {
            self.writing.clear();
            return result;
        }
        ready!(self.writing.poll(self.timeouts.stalled, cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for TimeoutStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.socket).poll_write(cx, bytes);
        self.watch_write(cx, result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.socket).poll_write_vectored(cx, slices);
        self.watch_write(cx, result)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.socket).poll_flush(cx);
        self.watch_write(cx, result)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.socket).poll_shutdown(cx);
        self.watch_write(cx, result)
    }
}
