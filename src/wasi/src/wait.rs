//! Waiting, but not for ever.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

/// Waits.
pub async fn pause(time: Duration) {
    wasip3::clocks::monotonic_clock::wait_for(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX))
        .await;
}

/// What `work` comes to; `None` when it takes longer than `time`, and then it is dropped.
pub(crate) async fn within<T>(time: Duration, work: impl Future<Output = T>) -> Option<T> {
    let (mut work, mut end) = (pin!(work), pin!(pause(time)));
    poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(value) => Poll::Ready(Some(value)),
        Poll::Pending => end.as_mut().poll(context).map(|()| None),
    })
    .await
}
