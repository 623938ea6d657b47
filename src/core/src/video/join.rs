//! Several futures at once, without a runtime.

use alloc::{boxed::Box, vec::Vec};
use core::{
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll},
};

/// Runs `futures` to their ends, never more than `at_once` of them side by side (at least one), and
/// gives what they gave, in their order.
///
/// Each wake polls all that are under way: with the few that there are, that is cheaper than a waker for
/// each of them.
pub(super) async fn join<F: Future>(
    at_once: usize,
    futures: impl IntoIterator<Item = F>,
) -> Vec<F::Output> {
    let mut waiting = futures.into_iter();
    let mut running: Vec<(usize, Pin<Box<F>>)> = Vec::new();
    let mut done: Vec<Option<F::Output>> = Vec::new();
    poll_fn(|context| {
        let mut polled = 0;
        loop {
            while running.len() < at_once.max(1)
                && let Some(future) = waiting.next()
            {
                running.push((done.len(), Box::pin(future)));
                done.push(None);
            }
            if running.is_empty() {
                return Poll::Ready(());
            }
            if running.len() == polled {
                return Poll::Pending;
            }
            let mut number = 0;
            running.retain_mut(|(at, future)| {
                number += 1;
                number <= polled || step(future, &mut done[*at], context)
            });
            polled = running.len();
        }
    })
    .await;
    done.into_iter().flatten().collect()
}

/// Whether the future has to go on.
fn step<F: Future>(
    future: &mut Pin<Box<F>>,
    done: &mut Option<F::Output>,
    context: &mut Context<'_>,
) -> bool {
    match future.as_mut().poll(context) {
        Poll::Ready(output) => {
            *done = Some(output);
            false
        }
        Poll::Pending => true,
    }
}

#[cfg(test)]
mod tests {
    use core::{
        cell::Cell,
        pin::pin,
        task::{Poll, Waker},
    };

    use super::*;

    /// What 20 futures give that need one to three polls more, how many ran at once, in how many polls.
    fn joined(at_once: usize) -> (Vec<usize>, usize, usize) {
        let (running, most) = (Cell::new(0), Cell::new(0));
        let work = |number: usize| {
            let (running, most) = (&running, &most);
            async move {
                running.set(running.get() + 1);
                most.set(most.get().max(running.get()));
                let mut left = 1 + number % 3;
                poll_fn(|_| match left.checked_sub(1) {
                    Some(less) => {
                        left = less;
                        Poll::Pending
                    }
                    None => Poll::Ready(()),
                })
                .await;
                running.set(running.get() - 1);
                number
            }
        };
        let mut all = pin!(join(at_once, (0..20).map(work)));
        let mut context = Context::from_waker(Waker::noop());
        let mut polls = 0;
        loop {
            polls += 1;
            if let Poll::Ready(outputs) = all.as_mut().poll(&mut context) {
                return (outputs, most.get(), polls);
            }
        }
    }

    #[test]
    fn all_are_run_in_order_and_never_too_many() {
        let expected: Vec<usize> = (0..20).collect();
        for (at_once, most) in [(0, 1), (1, 1), (7, 7), (100, 20)] {
            let (outputs, ran, _) = joined(at_once);
            assert_eq!((outputs, ran), (expected.clone(), most), "{at_once}");
        }
        // Side by side, they take as long as the longest of them.
        assert_eq!(joined(100).2, 4);
    }
}
