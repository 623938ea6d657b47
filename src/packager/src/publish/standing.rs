//! What the bucket holds of a game before anything is done.

use reelgate_core::key::GameId;

use crate::{
    Error, Options, Unchanged, Wishes,
    bucket::{Bucket, Listing},
    hls::presentation::MASTER,
    input::source::Film,
    publish::ledger::{LEDGER, Ledger},
    publish::upload::{self, sha256},
};

/// The objects of a game, and what its ledger says of them.
pub(crate) struct Standing {
    /// Its objects.
    pub(crate) there: Listing,
    ledger: Option<Ledger>,
}

impl Standing {
    /// Looks at the game: one list, and the ledger if there is one.
    ///
    /// # Errors
    /// When the bucket refuses.
    pub(crate) async fn of(bucket: &Bucket, game: GameId<'_>) -> Result<Self, Error> {
        let there = bucket.list(&upload::prefix(game)).await?;
        let key = key(game, LEDGER);
        let ledger = if there.contains_key(&key) {
            bucket.get(&key).await?.and_then(|text| Ledger::read(&text))
        } else {
            None
        };
        Ok(Self { there, ledger })
    }

    /// The objects that the ledger knows.
    pub(crate) fn former(&self) -> Listing {
        self.ledger.as_ref().map(Ledger::known).unwrap_or_default()
    }

    /// What the ledger says, if there is one.
    pub(crate) fn ledger(&self) -> Option<&Ledger> {
        self.ledger.as_ref()
    }

    /// The ledger of a game that is played as it says.
    ///
    /// # Errors
    /// [`Error::NotPublished`] when there is none, or when something else is played.
    pub(crate) async fn published(&self, bucket: &Bucket) -> Result<Ledger, Error> {
        let Some(ledger) = &self.ledger else {
            let what = "the game is not published, or has no package.json that can be read";
            return Err(Error::NotPublished(what.to_owned()));
        };
        if !Self::is_played(bucket, ledger).await? {
            let what = "master.m3u8 is not the one that package.json tells of";
            return Err(Error::NotPublished(what.to_owned()));
        }
        Ok(ledger.clone())
    }

    /// The ledger, if the film is done: it and the bucket agree, and the playlist that is played is
    /// the one that it means, for its size alone would not show another edition's.
    ///
    /// # Errors
    /// When the bucket refuses.
    pub(crate) async fn done(
        &self,
        bucket: &Bucket,
        film: &Film,
        wishes: Wishes,
    ) -> Result<Option<Ledger>, Error> {
        let Some(ledger) = &self.ledger else {
            return Ok(None);
        };
        if !ledger.covers(film, wishes, &self.there) {
            return Ok(None);
        }
        let is_played = Self::is_played(bucket, ledger).await?;
        Ok(is_played.then(|| ledger.clone()))
    }

    /// Whether the playlist that is played is the one that `ledger` means.
    async fn is_played(bucket: &Bucket, ledger: &Ledger) -> Result<bool, Error> {
        let is_master = |key: &str| key.ends_with(&format!("/{MASTER}"));
        let master = ledger.objects.iter().find(|it| is_master(&it.key));
        let Some(master) = master else {
            return Ok(false);
        };
        let played = bucket.get(&master.key).await?;
        let played = sha256(played.into_iter().collect()).await?;
        Ok(played == master.sha256)
    }

    /// Leaves a film that is done as it is, but for what an interrupted run, or one with `--keep-old`,
    /// has left beside it.
    ///
    /// # Errors
    /// When the bucket refuses.
    pub(crate) async fn leave(
        &self,
        bucket: &Bucket,
        ledger: &Ledger,
        options: &Options<'_>,
    ) -> Result<Unchanged, Error> {
        let game = options.game;
        let in_use = ledger.objects.iter().map(|object| object.key.as_str());
        let old = upload::old(game, &self.there, &self.former(), &in_use.collect());
        let removed = if options.terms.keep_old || old.is_empty() {
            0
        } else {
            let removed = bucket.delete(old.into_keys().collect()).await?;
            forget_kept(bucket, ledger, game).await?;
            removed
        };
        Ok(Unchanged {
            game: game.as_str().to_owned(),
            source: options.source.to_string(),
            master: key(game, MASTER),
            edition: ledger.edition.clone(),
            bytes: ledger.objects.iter().map(|object| object.bytes).sum(),
            removed,
        })
    }
}

/// What was kept is gone: the ledger is as if it had never been there.
async fn forget_kept(bucket: &Bucket, ledger: &Ledger, game: GameId<'_>) -> Result<(), Error> {
    if ledger.kept.is_empty() {
        return Ok(());
    }
    let mut ledger = ledger.clone();
    ledger.kept.clear();
    let text = ledger
        .to_json()
        .map_err(|error| Error::Output(error.to_string()))?;
    let content = vec![text.into()];
    bucket
        .put(&key(game, LEDGER), upload::content_type(LEDGER), content)
        .await
}

fn key(game: GameId<'_>, name: &str) -> String {
    format!("{}{name}", upload::prefix(game))
}
