//! From the scratch folder into the bucket, so that a game is at no time half there.
//!
//! An edition's files have names that no other edition has, so nothing that is being watched is
//! touched while they arrive. The master playlist alone is replaced, in one PUT, when all else is in
//! the bucket. What an earlier run left is removed after that.

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use reelgate_core::key::{GameId, ObjectKey};
use tokio::sync::mpsc::UnboundedReceiver;

use super::{
    Error,
    bucket::{Bucket, Listing},
    codecs,
    edition::Edition,
    playlist::Segment,
    progress::Progress,
    remux::{INIT, PLAYLIST, segment_name},
    scratch::Scratch,
};

/// The playlist a player is given; it lies above the editions.
pub(crate) const MASTER: &str = "master.m3u8";

/// Uploads at once: enough to fill a line across a continent, and few enough to fit in memory
/// however large a segment is.
const AT_ONCE: usize = 8;

/// One run's way into the bucket.
pub(crate) struct Upload<'a> {
    /// Where to.
    pub(crate) bucket: &'a Bucket,
    /// Where from.
    pub(crate) scratch: &'a Scratch,
    /// For whom.
    pub(crate) game: GameId<'a>,
    /// What was in the bucket before the run.
    pub(crate) before: &'a Listing,
    /// Who is told.
    pub(crate) progress: &'a Progress,
}

/// An object of this run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    /// Its name in the scratch folder.
    name: String,
    /// Its key.
    key: String,
    /// Bytes.
    pub(crate) bytes: u64,
    /// Whether an earlier run had uploaded it.
    pub(crate) was_there: bool,
}

impl Upload<'_> {
    /// Uploads each segment as soon as it is announced; gives them in their order.
    ///
    /// # Errors
    /// When the bucket refuses, or the scratch folder cannot be read.
    pub(crate) async fn segments(
        &self,
        edition: &Edition,
        complete: UnboundedReceiver<u32>,
    ) -> Result<Vec<Stored>, Error> {
        let numbers = stream::unfold(complete, |mut complete| async move {
            complete.recv().await.map(|number| (number, complete))
        });
        let uploads = numbers.map(|number| self.put(edition, segment_name(number)));
        uploads.buffered(AT_ONCE).try_collect().await
    }

    /// Uploads one file of the edition, unless an earlier run has.
    ///
    /// # Errors
    /// As [`Upload::segments`].
    pub(crate) async fn put(&self, edition: &Edition, name: String) -> Result<Stored, Error> {
        let key = self.key(&format!("{}/{name}", edition.as_str()))?;
        let content = tokio::fs::read(self.scratch.path().join(&name)).await;
        let content = Bytes::from(content.map_err(|error| self.scratch.error(error))?);
        if name.ends_with(".m4s") && !codecs::is_whole(&content) {
            return Err(Error::Output(format!("{name} is cut short")));
        }
        let bytes = content.len() as u64;
        // The name stands for the content, so it is the same if it has arrived whole.
        let was_there = self.before.get(&key) == Some(&bytes);
        if !was_there {
            self.bucket.put(&key, content_type(&name), content).await?;
        }
        self.progress.uploaded(bytes);
        Ok(Stored {
            name,
            key,
            bytes,
            was_there,
        })
    }

    /// Makes sure that all of the edition is in the bucket, whoever else was cleaning up there, and
    /// uploads again what is not.
    ///
    /// # Errors
    /// When something keeps vanishing.
    pub(crate) async fn verify(&self, edition: &Edition, stored: &[Stored]) -> Result<(), Error> {
        let folder = self.key(&format!("{}/", edition.as_str()))?;
        for _ in 0..2 {
            let there = self.bucket.list(&folder).await?;
            let missing = stored
                .iter()
                .filter(|object| there.get(&object.key) != Some(&object.bytes));
            let missing: Vec<&Stored> = missing.collect();
            if missing.is_empty() {
                return Ok(());
            }
            let again = stream::iter(missing).map(|object| self.put_again(object));
            again
                .buffer_unordered(AT_ONCE)
                .try_collect::<Vec<()>>()
                .await?;
        }
        Err(Error::Vanished(folder))
    }

    async fn put_again(&self, object: &Stored) -> Result<(), Error> {
        let content = tokio::fs::read(self.scratch.path().join(&object.name)).await;
        let content = content.map_err(|error| self.scratch.error(error))?;
        self.bucket
            .put(&object.key, content_type(&object.name), content.into())
            .await
    }

    /// Makes the edition the one that is played.
    ///
    /// # Errors
    /// When the bucket refuses.
    pub(crate) async fn publish(&self, master: String) -> Result<String, Error> {
        let key = self.key(MASTER)?;
        self.bucket
            .put(&key, content_type(MASTER), master.into())
            .await?;
        Ok(key)
    }

    /// Removes what earlier runs had put there and this one does not use; gives how many objects.
    /// What a packager does not name so, a poster, a caption, the film itself, stays.
    ///
    /// # Errors
    /// When the bucket refuses.
    pub(crate) async fn sweep(&self, stored: &[Stored]) -> Result<usize, Error> {
        let prefix = self.prefix();
        let in_use = |key: &str| stored.iter().any(|object| object.key == key);
        let ours = |key: &&String| key.strip_prefix(&prefix).is_some_and(is_ours);
        let old = self
            .before
            .keys()
            .filter(ours)
            .filter(|key| !in_use(key))
            .cloned()
            .collect();
        self.bucket.delete(old).await
    }

    /// Removes what this run has uploaded of a film that turned out to be none.
    ///
    /// # Errors
    /// When the bucket refuses.
    pub(crate) async fn withdraw(&self, edition: &Edition) -> Result<usize, Error> {
        let folder = self.key(&format!("{}/", edition.as_str()))?;
        let there = self.bucket.list(&folder).await?;
        let new = there
            .into_keys()
            .filter(|key| !self.before.contains_key(key));
        self.bucket.delete(new.collect()).await
    }

    fn prefix(&self) -> String {
        prefix(self.game)
    }

    fn key(&self, file: &str) -> Result<String, Error> {
        let (file, slash) = file
            .strip_suffix('/')
            .map_or((file, ""), |folder| (folder, "/"));
        let key = ObjectKey::in_game(self.game, file);
        let key = key.map_err(|_| Error::Key(format!("{}{file}", self.prefix())))?;
        Ok(format!("{}{slash}", key.as_str()))
    }
}

/// How the keys of all objects of a game begin.
pub(crate) fn prefix(game: GameId<'_>) -> String {
    format!("games/{}/", game.as_str())
}

/// The segments' lengths and sizes side by side.
pub(crate) fn measured(durations: &[f64], stored: &[Stored]) -> Vec<Segment> {
    let pairs = durations.iter().zip(stored);
    pairs
        .map(|(&duration, object)| Segment {
            duration,
            bytes: object.bytes,
        })
        .collect()
}

/// Whether a packager names a file of a game so: a file of an edition, or one beside the master, as
/// other layouts have it.
fn is_ours(file: &str) -> bool {
    let name = match file.split_once('/') {
        Some((folder, name)) if Edition::is_name(folder) => name,
        Some(_) => return false,
        None => file,
    };
    let number = name
        .strip_prefix("seg_")
        .and_then(|name| name.strip_suffix(".m4s"));
    let is_segment = number.is_some_and(|n| n.len() >= 5 && n.bytes().all(|b| b.is_ascii_digit()));
    is_segment || name == INIT || name == PLAYLIST
}

/// The types that HLS demands (rule 10.4 of Apple's authoring specification).
fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.') {
        Some((_, "m3u8")) => "application/vnd.apple.mpegurl",
        Some((_, "m4s")) => "video/iso.segment",
        _ => "video/mp4",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_packager_writes_is_swept() {
        let ours = [
            "v0123456789/seg_00000.m4s",
            "vabcdef0123/init.mp4",
            "v0123456789/video.m3u8",
        ];
        let loose = ["seg_00017.m4s", "seg_123456.m4s", "init.mp4", "video.m3u8"];
        assert!(ours.iter().chain(&loose).all(|file| is_ours(file)));
        let theirs = [
            "master.m3u8",
            "poster.jpg",
            "captions/de.vtt",
            "original.mp4",
            "seg_1.m4s",
            "seg_0000x.m4s",
            "extras/seg_00000.m4s",
            "v0123456789/notes.txt",
            "v0123456789/x/seg_00000.m4s",
        ];
        assert_eq!(theirs.iter().find(|file| is_ours(file)), None);
    }

    #[test]
    fn types_are_those_hls_demands() {
        assert_eq!(content_type(MASTER), "application/vnd.apple.mpegurl");
        assert_eq!(content_type("seg_00000.m4s"), "video/iso.segment");
        assert_eq!(content_type(INIT), "video/mp4");
    }
}
