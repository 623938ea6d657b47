//! An answer that holds for a while, and is asked for once however many want it.

use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// The last answer, and when it came.
pub(super) struct Cached<T>(Mutex<Option<(Instant, T)>>);

impl<T> Default for Cached<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T: Clone> Cached<T> {
    /// The last answer while it holds, for as long as `holds` says, else that of `ask`. Who comes meanwhile waits for
    /// the same; when the one that asks leaves, the next one asks.
    pub(super) async fn get(
        &self,
        holds: impl Fn(&T) -> Duration,
        ask: impl Future<Output = T>,
    ) -> T {
        let mut last = self.0.lock().await;
        if let Some((when, answer)) = &*last
            && when.elapsed() < holds(answer)
        {
            return answer.clone();
        }
        let answer = ask.await;
        *last = Some((Instant::now(), answer.clone()));
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[tokio::test]
    async fn an_answer_is_asked_for_once_while_it_holds() {
        let (cached, asked) = (Cached::default(), Cell::new(0));
        let ask = async || {
            asked.set(asked.get() + 1);
            tokio::task::yield_now().await;
            asked.get()
        };
        let long = |_: &i32| Duration::from_secs(3600);
        let both = tokio::join!(cached.get(long, ask()), cached.get(long, ask()));
        assert_eq!(both, (1, 1));
        assert_eq!(cached.get(|_| Duration::ZERO, ask()).await, 2);
        // Who leaves has asked for nobody.
        let left = tokio::time::timeout(
            Duration::ZERO,
            cached.get(|_| Duration::ZERO, std::future::pending()),
        );
        assert!(left.await.is_err());
        assert_eq!(cached.get(long, ask()).await, 2);
    }
}
