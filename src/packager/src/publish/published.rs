//! A game that is published: its captions are listed, added and taken away.

use std::{path::PathBuf, time::Duration};

use reelgate_core::key::GameId;
use serde::Serialize;

use crate::{
    BucketConfig, Caption, Error, Label, Progress,
    bucket::Bucket,
    captions::{
        beside,
        rendition::{Given, Origin},
    },
    publish::film::Details,
    publish::revise::{Change, revise},
    publish::standing::Standing,
    publish::upload::Upload,
};

/// A game that is published, whose captions can be changed.
pub struct Published {
    bucket: Bucket,
    game: String,
}

/// What became of the captions of a game.
#[derive(Debug, Serialize)]
pub struct Captioned {
    /// The game's id.
    pub game: String,
    /// Whether anything was changed.
    pub changed: bool,
    /// Its captions now.
    pub captions: Vec<Caption>,
    /// Objects that were removed.
    pub removed: usize,
    /// What is amiss though the film plays.
    pub warnings: Vec<String>,
}

impl Published {
    /// The game `game` in the bucket; nothing is asked yet. `budget` is what the bucket's trouble may
    /// last.
    ///
    /// # Errors
    /// When a setting makes no sense, or the game's id is none.
    pub fn new(config: &BucketConfig, game: &str, budget: Duration) -> Result<Self, Error> {
        GameId::new(game).map_err(|_| Error::Key(game.to_owned()))?;
        Ok(Self {
            bucket: Bucket::new(config, budget, Progress::quiet())?,
            game: game.to_owned(),
        })
    }

    /// Its captions.
    ///
    /// # Errors
    /// When the bucket refuses, or the game is not published.
    pub async fn captions(&self) -> Result<Vec<Caption>, Error> {
        let standing = Standing::of(&self.bucket, self.id()?).await?;
        Ok(standing.published(&self.bucket).await?.captions)
    }

    /// Adds the captions in these files, or puts them in the place of those with the same language and
    /// kind; none of them when one makes no sense.
    ///
    /// # Errors
    /// As [`Published::captions`], [`Error::UnreadCaptions`] for a file that cannot be read, and [`Error::Captions`]
    /// with the line that makes no sense.
    pub async fn add(
        &self,
        files: Vec<(Label, PathBuf)>,
        silence: Duration,
    ) -> Result<Captioned, Error> {
        let (add, guesses) = beside::read_all(files, Origin::Added, silence).await?;
        self.change(add, Vec::new(), guesses).await
    }

    /// Removes captions.
    ///
    /// # Errors
    /// As [`Published::captions`], and [`Error::NoSuchCaptions`].
    pub async fn remove(&self, labels: Vec<Label>) -> Result<Captioned, Error> {
        let there = self.captions().await?;
        let is_there = |label: &&Label| there.iter().any(|it| it.label().is_same(label));
        if let Some(label) = labels.iter().find(|label| !is_there(label)) {
            let all: Vec<String> = there.iter().map(|it| it.label().to_string()).collect();
            let all = match all.as_slice() {
                [] => "none".to_owned(),
                all => all.join(", "),
            };
            return Err(Error::NoSuchCaptions {
                game: self.game.clone(),
                label: label.to_string(),
                available: all,
            });
        }
        self.change(Vec::new(), labels, Vec::new()).await
    }

    async fn change(
        &self,
        add: Vec<Given>,
        remove: Vec<Label>,
        mut warnings: Vec<String>,
    ) -> Result<Captioned, Error> {
        let standing = Standing::of(&self.bucket, self.id()?).await?;
        let ledger = standing.published(&self.bucket).await?;
        // What is there already is not done again.
        let is_new = |given: &Given| {
            let same = |it: &Caption| {
                it.label() == given.label && it.blake3 == given.blake3 && it.from == given.from
            };
            !ledger.captions.iter().any(same)
        };
        let change = Change {
            add: add.into_iter().filter(is_new).collect(),
            remove,
            details: Details::new(),
        };
        let former = standing.former();
        let progress = Progress::quiet();
        let upload = Upload {
            bucket: &self.bucket,
            game: self.id()?,
            before: &standing.there,
            former: &former,
            progress: &progress,
        };
        let revised = revise(&upload, &ledger, change, false).await?;
        let changed = revised.is_some();
        let (ledger, removed) = match revised {
            Some(revised) => {
                warnings.extend(revised.warnings);
                (revised.ledger, revised.removed)
            }
            None => (ledger, 0),
        };
        Ok(Captioned {
            game: self.game.clone(),
            changed,
            captions: ledger.captions,
            removed,
            warnings,
        })
    }

    fn id(&self) -> Result<GameId<'_>, Error> {
        GameId::new(&self.game).map_err(|_| Error::Key(self.game.clone()))
    }
}
