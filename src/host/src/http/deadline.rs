//! A time-out that is nearly always called off.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep};

/// A deadline that costs a timer only while somebody waits, and moves without touching the timer.
#[derive(Debug, Default)]
pub(crate) struct Deadline {
    started: Option<Instant>,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Deadline {
    /// One for a wait that begins now.
    pub(crate) fn started() -> Self {
        Self {
            started: Some(Instant::now()),
            sleep: None,
        }
    }

    /// The wait is over.
    pub(crate) fn clear(&mut self) {
        self.started = None;
    }

    /// Ready once the wait that began at the first call since [`Self::clear`] has lasted `limit`.
    pub(crate) fn poll(&mut self, limit: Duration, cx: &mut Context<'_>) -> Poll<()> {
        let end = *self.started.get_or_insert_with(Instant::now) + limit;
        let sleep = self
            .sleep
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(end)));
        while sleep.as_mut().poll(cx).is_ready() {
            if Instant::now() >= end {
                return Poll::Ready(());
            }
            sleep.as_mut().reset(end);
        }
        if sleep.deadline() > end {
            sleep.as_mut().reset(end);
            return sleep.as_mut().poll(cx);
        }
        Poll::Pending
    }
}
