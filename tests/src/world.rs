//! A bucket, and a host before it.

use crate::bucket::{Bucket, Object};
use crate::client::Client;
use crate::host::{Host, Origin, Settings};
use crate::journal::Journal;
use crate::portal::Jwt;

/// The page that the portal's player runs in.
pub const PAGE: &str = "https://portal.example";
/// The game of most journeys.
pub const GAME: &str = "2025001";

/// What most journeys need.
#[derive(Debug)]
pub struct World {
    /// The bucket.
    pub bucket: Bucket,
    /// The host.
    pub host: Host,
}

impl World {
    /// An empty bucket and a host as it is by default, with [`PAGE`] allowed.
    pub async fn start(origin: Origin) -> Self {
        Self::start_with(|settings| settings.origin(origin)).await
    }

    /// The same with other settings.
    pub async fn start_with(change: impl FnOnce(Settings) -> Settings) -> Self {
        let bucket = Bucket::start().await;
        let settings = Settings::new(bucket.address()).variable("allowed_origins", PAGE);
        let host = change(settings).start().await;
        Self { bucket, host }
    }

    /// Somebody who asks the host.
    #[must_use]
    pub fn client(&self) -> Client {
        self.host.client()
    }

    /// The host's log.
    #[must_use]
    pub fn journal(&self) -> Journal {
        self.host.journal()
    }

    /// Keeps `object` as a file of [`GAME`].
    pub fn put(&self, file: &str, object: impl Into<Object>) {
        self.bucket.put(&key(file), object);
    }

    /// Ends the host: with success, with a log that holds no secret, and a bucket that saw no viewer.
    ///
    /// # Panics
    ///
    /// One of them is not so.
    pub async fn finish(self) -> String {
        let log = self.host.finish().await;
        self.bucket.assert_saw_no_viewer();
        log
    }
}

/// The key of a file of [`GAME`].
#[must_use]
pub fn key(file: &str) -> String {
    format!("games/{GAME}/{file}")
}

/// The path of a file of [`GAME`].
#[must_use]
pub fn path(file: &str) -> String {
    format!("/games/{GAME}/{file}")
}

/// The same with a new token for the game in the query.
#[must_use]
pub fn path_with_token(file: &str) -> String {
    format!("/games/{GAME}/{file}?t={}", Jwt::for_game(GAME).mint())
}

/// A session for [`GAME`].
#[must_use]
pub fn session() -> String {
    Jwt::session().claim("gid", GAME).mint()
}
