//! What is packaged in a bucket: what a portal on a developer's machine lists.

use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use reelgate_core::key::GameId;

use crate::{BucketConfig, Error, FilmDocument, Progress, bucket::Bucket, publish::film::FILM};

/// Games that are asked about at once.
const AT_ONCE: usize = 8;

/// A game that can be played.
#[derive(Clone, Debug, PartialEq)]
pub struct Packed {
    /// The game's id.
    pub game: String,
    /// Whether `poster.jpg` is there.
    pub has_poster: bool,
    /// Whether `thumbnails.vtt` is there.
    pub has_thumbnails: bool,
    /// What its `film.json` says; `None` where there is none that can be read.
    pub film: Option<FilmDocument>,
}

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

    /// All games that have a master playlist, by their ids.
    ///
    /// # Errors
    /// When the bucket does not answer.
    pub async fn games(&self) -> Result<Vec<Packed>, Error> {
        let folders = self.0.below("games").await?.common_prefixes;
        let games = folders.into_iter().map(async |folder| {
            let objects = self.0.below(folder.as_ref()).await?.objects;
            let has = |name: &str| {
                objects
                    .iter()
                    .any(|it| it.location.filename() == Some(name))
            };
            let game = folder.filename().unwrap_or_default().to_owned();
            if !has("master.m3u8") {
                return Ok(None);
            }
            let film = match has(FILM) {
                true => self.0.get_once(&format!("{folder}/{FILM}")).await?,
                false => None,
            };
            Ok(Some(Packed {
                film: film.and_then(|text| serde_json::from_slice(&text).ok()),
                game,
                has_poster: has("poster.jpg"),
                has_thumbnails: has("thumbnails.vtt"),
            }))
        });
        let games = stream::iter(games).buffered(AT_ONCE);
        games
            .try_filter_map(async |game| Ok(game))
            .try_collect()
            .await
    }

    /// A game's picture for a list; `None` when it has none.
    ///
    /// # Errors
    /// When the bucket does not answer.
    pub async fn poster(&self, game: GameId<'_>) -> Result<Option<Bytes>, Error> {
        let key = format!("games/{}/poster.jpg", game.as_str());
        self.0.get_once(&key).await
    }
}
