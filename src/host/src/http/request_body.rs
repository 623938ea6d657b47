//! The body of a request, which has to come.

use crate::http::deadline::Deadline;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use wasmtime_wasi_http::Error;

/// How long a client may take for the first bytes.
const FIRST: Duration = Duration::from_secs(20);
/// Bytes for which it gets a second more.
const RATE: u64 = 500;
/// However slowly it sends, it is over by then.
const MOST: Duration = Duration::from_secs(60);

/// A body that breaks when it comes too slowly: `mod_reqtimeout` of Apache's server has these limits.
pub(crate) struct RequestBody<B = Incoming> {
    body: B,
    received: u64,
    waiting: Deadline,
}

impl<B> RequestBody<B> {
    /// A body that begins to be waited for at once.
    pub(crate) fn new(body: B) -> Self {
        Self {
            body,
            received: 0,
            waiting: Deadline::started(),
        }
    }

    /// How long it may take in all, by what came.
    fn limit(&self) -> Duration {
        (FIRST + Duration::from_secs(self.received / RATE)).min(MOST)
    }
}

impl<B: Body<Data = Bytes, Error = hyper::Error> + Unpin> Body for RequestBody<B> {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = &mut *self;
        if let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(cx) {
            if let Some(Ok(frame)) = &frame {
                this.received += frame.data_ref().map_or(0, |data| data.len() as u64);
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(Error::Hyper)));
        }
        let limit = this.limit();
        ready!(this.waiting.poll(limit, cx));
        Poll::Ready(Some(Err(Error::ConnectionReadTimeout)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt;
    use std::collections::VecDeque;
    use tokio::time::{Instant, Sleep};

    /// So many bytes every second.
    struct Drip {
        bytes: VecDeque<usize>,
        pause: Pin<Box<Sleep>>,
    }

    fn drip(bytes: impl IntoIterator<Item = usize>) -> RequestBody<Drip> {
        RequestBody::new(Drip {
            bytes: bytes.into_iter().collect(),
            pause: Box::pin(tokio::time::sleep(Duration::from_secs(1))),
        })
    }

    impl Body for Drip {
        type Data = Bytes;
        type Error = hyper::Error;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
            ready!(self.pause.as_mut().poll(cx));
            let next = Instant::now() + Duration::from_secs(1);
            self.pause.as_mut().reset(next);
            let length = self.bytes.pop_front();
            Poll::Ready(length.map(|length| Ok(Frame::data(vec![0; length].into()))))
        }
    }

    async fn seconds(body: RequestBody<Drip>) -> (u64, bool) {
        let started = Instant::now();
        let whole = body.collect().await.is_ok();
        (started.elapsed().as_secs(), whole)
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_never_comes_is_waited_for_20_seconds() {
        let mut silent = drip([]);
        let far = Instant::now() + Duration::from_secs(86_400);
        silent.body.pause.as_mut().reset(far);
        assert_eq!(seconds(silent).await, (20, false));
    }

    #[tokio::test(start_paused = true)]
    async fn a_byte_a_second_is_no_excuse() {
        assert_eq!(seconds(drip([1; 1000])).await, (20, false));
    }

    #[tokio::test(start_paused = true)]
    async fn who_keeps_the_rate_has_a_minute() {
        assert_eq!(seconds(drip([500; 40])).await, (41, true));
        assert_eq!(seconds(drip([500; 1000])).await, (60, false));
    }
}
