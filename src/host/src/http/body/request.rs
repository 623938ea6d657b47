//! The body of a request, which has to come.

use crate::http::deadline::Deadline;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use wasmtime_wasi_http::Error;

/// How a body has to come.
#[derive(Clone, Copy)]
struct Pace {
    /// How long a client may take for the first bytes.
    first: Duration,
    /// Bytes for which it gets a second more.
    rate: u64,
    /// However slowly it sends, it is over by then.
    most: Duration,
}

/// The limits that `mod_reqtimeout` of Apache's server has.
const PACE: Pace = Pace {
    first: Duration::from_secs(20),
    rate: 500,
    most: Duration::from_secs(60),
};

impl Pace {
    /// How long a body may take in all, of which so many bytes came.
    fn limit(self, received: u64) -> Duration {
        (self.first + Duration::from_secs(received / self.rate)).min(self.most)
    }
}

/// A body that breaks when it comes too slowly.
pub(crate) struct RequestBody<B = Incoming> {
    body: B,
    pace: Pace,
    received: u64,
    waiting: Deadline,
}

impl<B> RequestBody<B> {
    /// A body that begins to be waited for at once.
    pub(crate) fn new(body: B) -> Self {
        Self {
            body,
            pace: PACE,
            received: 0,
            waiting: Deadline::started(),
        }
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
        let limit = this.pace.limit(this.received);
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
    use std::time::Instant;
    use tokio::time::{Interval, interval};

    /// So many bytes every 10 ms, without an end.
    struct Drip(u64, Interval);

    impl Body for Drip {
        type Data = Bytes;
        type Error = hyper::Error;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
            ready!(self.1.poll_tick(cx));
            let length = usize::try_from(self.0).unwrap();
            Poll::Ready(Some(Ok(Frame::data(vec![0; length].into()))))
        }
    }

    /// How long a drip is listened to by a host in a hurry.
    async fn listened_to(bytes: u64, most: Duration) -> Duration {
        let body = RequestBody {
            pace: Pace {
                first: Duration::from_millis(100),
                rate: 1,
                most,
            },
            ..RequestBody::new(Drip(bytes, interval(Duration::from_millis(10))))
        };
        let started = Instant::now();
        let limit = Duration::from_secs(30);
        let ended = tokio::time::timeout(limit, body.collect()).await.unwrap();
        assert!(matches!(ended, Err(Error::ConnectionReadTimeout)));
        started.elapsed()
    }

    #[tokio::test]
    async fn a_body_that_drips_is_given_up() {
        let long = Duration::from_secs(1000);
        assert!(listened_to(0, long).await >= Duration::from_millis(100));
    }

    #[tokio::test]
    async fn who_keeps_the_rate_is_given_up_in_the_end() {
        let most = Duration::from_millis(300);
        assert!(listened_to(1000, most).await >= most);
    }

    /// The documentation of Apache's `RequestReadTimeout`: `body=20,MinRate=500`.
    #[test]
    fn each_500_bytes_give_a_second_more() {
        for (received, seconds) in [(0, 20), (499, 20), (500, 21), (5_000, 30), (1 << 30, 60)] {
            assert_eq!(PACE.limit(received).as_secs(), seconds, "{received}");
        }
    }
}
