//! A viewer who plays on while something else happens.

use crate::client::Client;
use crate::deadline::within;
use crate::world::{path, session};
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How often a viewer wants something: more often than players do.
const PACE: Duration = Duration::from_millis(20);
/// What the file is called that viewers read, over and over.
pub const SEGMENT: &str = "seen.m4s";
/// What is in it.
pub const CONTENTS: &str = "pictures";

/// Somebody who asks for [`SEGMENT`] until they are told to stop, each time over a connection of its own.
#[derive(Debug)]
pub struct Viewer {
    stop: watch::Sender<bool>,
    played: watch::Receiver<usize>,
    playing: JoinHandle<Vec<Duration>>,
}

impl Viewer {
    /// Begins to play.
    #[must_use]
    pub fn play(client: Client) -> Self {
        let (stop, stopped) = watch::channel(false);
        let (count, played) = watch::channel(0);
        let playing = tokio::spawn(async move {
            let session = session();
            let mut waits = Vec::new();
            let mut pace = tokio::time::interval(PACE);
            while !*stopped.borrow() {
                pace.tick().await;
                let started = Instant::now();
                let answer = client.get(path(SEGMENT)).cookie(&session).send().await;
                assert_eq!((answer.status, answer.text()), (200, CONTENTS));
                waits.push(started.elapsed());
                count.send_replace(waits.len());
            }
            waits
        });
        Self {
            stop,
            played,
            playing,
        }
    }

    /// Waits until the viewer has been served `times` times more.
    ///
    /// # Panics
    ///
    /// One of the requests failed.
    pub async fn plays(&mut self, times: usize) {
        let enough = *self.played.borrow() + times;
        let played = self.played.wait_for(|count| *count >= enough);
        let played = within("a viewer plays on", played).await;
        assert!(played.is_ok(), "the viewer was disturbed");
    }

    /// Stops, and gives the longest wait of 99 in a hundred requests.
    ///
    /// # Panics
    ///
    /// One of the viewer's requests failed.
    pub async fn stop(self) -> Duration {
        self.stop.send_replace(true);
        let mut waits = self.playing.await.expect("a viewer who is not disturbed");
        waits.sort_unstable();
        waits[(waits.len() * 99).div_ceil(100) - 1]
    }
}
