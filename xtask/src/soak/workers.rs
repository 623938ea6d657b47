//! Threads that do one thing again and again at a fixed rate, until they are stopped.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Tells threads to stop, and wakes those that pause.
#[derive(Debug, Clone, Default)]
pub(super) struct Stop(Arc<(Mutex<bool>, Condvar)>);

impl Stop {
    /// Everybody who pauses or is about to goes home.
    pub(super) fn stop(&self) {
        let (stopped, bell) = &*self.0;
        *stopped.lock().unwrap_or_else(PoisonError::into_inner) = true;
        bell.notify_all();
    }

    /// Waits for `pause`; `true` when it is over because of [`Stop::stop`].
    pub(super) fn pause(&self, pause: Duration) -> bool {
        let (stopped, bell) = &*self.0;
        let guard = stopped.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = bell.wait_timeout_while(guard, pause, |stopped| !*stopped);
        let (guard, _) = waited.unwrap_or_else(PoisonError::into_inner);
        *guard
    }
}

/// Threads that run until they are stopped, each with what it brings home.
#[derive(Debug)]
pub(super) struct Workers<T> {
    stop: Stop,
    threads: Vec<JoinHandle<T>>,
}

impl<T: Send + 'static> Workers<T> {
    /// Nobody yet.
    pub(super) fn new() -> Self {
        Self {
            stop: Stop::default(),
            threads: Vec::new(),
        }
    }

    /// One more thread, which calls `act` on its state and pauses, until it is stopped.
    pub(super) fn add(
        &mut self,
        mut state: T,
        pause: Duration,
        act: impl Fn(&mut T) + Send + 'static,
    ) {
        let stop = self.stop.clone();
        self.threads.push(thread::spawn(move || {
            while !stop.pause(pause) {
                act(&mut state);
            }
            state
        }));
    }

    /// Stops them; what they brought home.
    pub(super) fn stop(mut self) -> Vec<T> {
        self.stop.stop();
        let threads = std::mem::take(&mut self.threads);
        threads
            .into_iter()
            .map(|thread| match thread.join() {
                Ok(state) => state,
                Err(panic) => std::panic::resume_unwind(panic),
            })
            .collect()
    }
}

impl<T> Drop for Workers<T> {
    fn drop(&mut self) {
        self.stop.stop();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Workers;

    #[test]
    fn what_they_did_until_they_were_stopped_comes_home() {
        let mut workers = Workers::new();
        let (done, first) = std::sync::mpsc::channel();
        workers.add(0, Duration::from_millis(1), move |count| {
            *count += 1;
            let _ = done.send(());
        });
        first.recv_timeout(Duration::from_secs(10)).unwrap();
        let counts = workers.stop();
        assert!(counts[0] >= 1);
    }
}
