//! How long a client may keep a connection waiting.
//!
//! hyper has one time-out for reading a head and it also runs while a kept-alive connection idles. Slow
//! heads and clients that stop reading want limits of their own. They are kept here, below hyper and below
//! TLS. For how long a connection may idle is for [`Activity`].

use crate::http::connection::activity::Activity;
use crate::http::deadline::Deadline;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The time-outs of one listener.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// From the first byte of a request's head, or from connecting, to its end.
    pub head: Duration,
    /// Between requests, whatever else is sent.
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

    fn is_in_a_head(&self) -> bool {
        self.activity.is_idle()
            && !self.activity.is_multiplexed()
            && self.head_of == Some(self.activity.requests())
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
            if !this.is_in_a_head() {
                this.reading.clear();
            }
            this.head_of = Some(this.activity.requests());
            return Poll::Ready(result);
        }
        if !this.is_in_a_head() {
            this.reading.clear();
            return Poll::Pending;
        }
        ready!(this.reading.poll(this.timeouts.head, cx));
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
