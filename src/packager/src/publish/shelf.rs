//! What is packaged in a bucket: what a portal on a developer's machine lists.

use std::time::Duration;

use futures::{StreamExt as _, TryStreamExt as _, stream};

use crate::{BucketConfig, Error, Progress, bucket::Bucket};

/// Games that are asked about at once.
const AT_ONCE: usize = 8;

/// The games of a bucket.
pub struct Shelf(Bucket);

impl Shelf {
    /// The games of the bucket that `config` names; nothing is asked yet.
    ///
    /// # Errors
    /// When a setting makes no sense.
    pub fn new(config: &BucketConfig) -> Result<Self, Error> {
        Bucket::new(config, Duration::ZERO, Progress::quiet()).map(Self)
    }

    /// The ids of all games that have a master playlist, in their order.
    ///
    /// # Errors
    /// When the bucket does not answer.
    pub async fn games(&self) -> Result<Vec<String>, Error> {
        let folders = self.0.below("games").await?.common_prefixes;
        let games = folders.into_iter().map(async |folder| {
            let objects = self.0.below(folder.as_ref()).await?.objects;
            let can_be_played = objects
                .iter()
                .any(|it| it.location.filename() == Some("master.m3u8"));
            let game = folder.filename().unwrap_or_default().to_owned();
            Ok(can_be_played.then_some(game))
        });
        let games = stream::iter(games).buffered(AT_ONCE);
        games
            .try_filter_map(async |game| Ok(game))
            .try_collect()
            .await
    }
}
