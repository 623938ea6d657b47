//! Into the bucket, so that a game is at no time half there.
//!
//! An edition's files have names that no other edition has, so nothing that is being watched is
//! touched while they arrive. The master playlist alone is replaced, in one PUT, when all else is in
//! the bucket. What an earlier run left is removed after that, and the ledger says what was done.

use std::collections::BTreeSet;

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use reelgate_core::key::{GameId, ObjectKey};
use ring::digest::{Context, SHA256};
use tokio::{sync::mpsc::Receiver, task::spawn_blocking, try_join};

use crate::{
    Error,
    bucket::{Bucket, Listing},
    captions::{rendition, segments},
    hls::measure::Segment,
    hls::presentation::{FILM_MASTER, I_FRAMES, INIT, PLAYLIST, POSTER, SOUND, THUMBNAILS},
    mp4::cutter::Cut,
    plan::ladder,
    progress::Progress,
    publish::edition::Edition,
    publish::film::CHAPTERS,
    publish::ledger::{LEDGER, Ledger},
};

/// Uploads at once: enough to fill a line across a continent, and few enough to be held in memory: six
/// seconds of a camera's 4K are some 75 MB.
const AT_ONCE: usize = 6;

/// One run's way into the bucket.
#[derive(Clone, Copy)]
pub(crate) struct Upload<'a> {
    /// Where to.
    pub(crate) bucket: &'a Bucket,
    /// For whom.
    pub(crate) game: GameId<'a>,
    /// What was in the bucket before the run.
    pub(crate) before: &'a Listing,
    /// What the ledger of an earlier run knows.
    pub(crate) former: &'a Listing,
    /// Who is told.
    pub(crate) progress: &'a Progress,
}

/// An object of this run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    /// Its whole key.
    pub(crate) key: String,
    /// Bytes.
    pub(crate) bytes: u64,
    /// SHA-256 in hexadecimal digits.
    pub(crate) sha256: String,
    /// Whether an earlier run had uploaded it.
    pub(crate) was_there: bool,
}

/// A segment of this run.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct StoredSegment {
    /// Its name in its folder.
    pub(crate) name: String,
    /// What a playlist says of it.
    pub(crate) segment: Segment,
    /// The object.
    pub(crate) stored: Stored,
}

impl Upload<'_> {
    /// Uploads each segment as soon as it is cut, into a folder of the edition; gives them in their
    /// order.
    ///
    /// # Errors
    /// When the bucket refuses.
    pub(crate) async fn segments(
        &self,
        edition: &Edition,
        folder: &str,
        cuts: Receiver<Cut>,
    ) -> Result<Vec<StoredSegment>, Error> {
        let cuts = stream::unfold(cuts, |mut cuts| async move {
            cuts.recv().await.map(|cut| (cut, cuts))
        });
        let uploads = cuts.map(|cut| self.segment(edition, folder, cut));
        uploads.buffered(AT_ONCE).try_collect().await
    }

    async fn segment(
        &self,
        edition: &Edition,
        folder: &str,
        cut: Cut,
    ) -> Result<StoredSegment, Error> {
        let name = segment_name(cut.number);
        let place = match folder {
            "" => name.clone(),
            folder => format!("{folder}/{name}"),
        };
        let stored = self.put(edition, &place, cut.content).await?;
        let segment = Segment {
            duration: cut.seconds,
            bytes: stored.bytes,
        };
        Ok(StoredSegment {
            name,
            segment,
            stored,
        })
    }

    /// Uploads one file of the edition, unless an earlier run has.
    ///
    /// # Errors
    /// As [`Upload::segments`].
    pub(crate) async fn put(
        &self,
        edition: &Edition,
        name: &str,
        content: Vec<Bytes>,
    ) -> Result<Stored, Error> {
        self.put_in(edition.as_str(), name, content).await
    }

    /// Uploads one file of a folder that is named after its content, unless an earlier run has.
    ///
    /// # Errors
    /// As [`Upload::segments`].
    pub(crate) async fn put_in(
        &self,
        folder: &str,
        name: &str,
        content: Vec<Bytes>,
    ) -> Result<Stored, Error> {
        let key = self.key(&format!("{folder}/{name}"))?;
        let bytes = content.iter().map(|part| part.len() as u64).sum();
        // The name stands for the content, so it is the same if it has arrived whole.
        let was_there = self.before.get(&key) == Some(&bytes);
        let sha256 = sha256(content.clone());
        let put = async {
            if was_there {
                return Ok(());
            }
            self.bucket.put(&key, content_type(name), content).await
        };
        let (sha256, ()) = try_join!(sha256, put)?;
        Ok(Stored {
            key,
            bytes,
            sha256,
            was_there,
        })
    }

    /// Makes sure that all of it is in the bucket, whoever else was cleaning up there.
    ///
    /// # Errors
    /// [`Error::Vanished`] when it is not; another run uploads what is missing.
    pub(crate) async fn verify(&self, stored: &[Stored]) -> Result<(), Error> {
        let folder = self.prefix();
        let there = self.bucket.list(&folder).await?;
        let is_there = |object: &Stored| there.get(&object.key) == Some(&object.bytes);
        if stored.iter().all(is_there) {
            Ok(())
        } else {
            Err(Error::Vanished(folder))
        }
    }

    /// Replaces a file beside the editions; the master makes the edition the one that is played.
    ///
    /// # Errors
    /// When the bucket refuses.
    pub(crate) async fn publish(&self, name: &str, content: Bytes) -> Result<Stored, Error> {
        let key = self.key(name)?;
        let bytes = content.len() as u64;
        let put = self
            .bucket
            .put(&key, content_type(name), vec![content.clone()]);
        let (sha256, ()) = try_join!(sha256(vec![content]), put)?;
        Ok(Stored {
            key,
            bytes,
            sha256,
            was_there: false,
        })
    }

    /// Says in the bucket what was done, last of all.
    ///
    /// # Errors
    /// As [`Upload::segments`].
    pub(crate) async fn record(&self, ledger: &Ledger) -> Result<(), Error> {
        let text = ledger
            .to_json()
            .map_err(|error| Error::Output(error.to_string()))?;
        self.publish(LEDGER, text.into()).await.map(drop)
    }

    /// What earlier runs had put there and this one does not use.
    pub(crate) fn old(&self, stored: &[Stored]) -> Listing {
        let in_use = stored.iter().map(|object| object.key.as_str()).collect();
        old(self.game, self.before, self.former, &in_use)
    }

    /// Removes what is old; gives how many objects. `None` if another run has published meanwhile,
    /// which may be using some of them: nothing is removed then.
    ///
    /// # Errors
    /// When the bucket refuses.
    pub(crate) async fn sweep(
        &self,
        old: Listing,
        master: &Stored,
    ) -> Result<Option<usize>, Error> {
        let published = self.bucket.get(&master.key).await?;
        let published = sha256(published.into_iter().collect()).await?;
        if published != master.sha256 {
            return Ok(None);
        }
        if old.is_empty() {
            return Ok(Some(0));
        }
        let deleted = self.bucket.delete(old.into_keys().collect()).await;
        deleted.map(Some)
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

/// What lies in the folder of `game`, was written by a packager and is not in use. What a packager
/// does not name so, and no ledger knows, a caption, the film itself, stays. So does what has another
/// size than the ledger says: somebody has put their own poster in its place.
pub(crate) fn old(
    game: GameId<'_>,
    there: &Listing,
    former: &Listing,
    in_use: &BTreeSet<&str>,
) -> Listing {
    let prefix = prefix(game);
    let is_ours = |key: &str| key.strip_prefix(&prefix).is_some_and(is_ours);
    // A ledger is text that anybody may have written: only keys of this game are believed.
    let is_known = |key: &str, bytes| former.get(key) == Some(bytes) && key.starts_with(&prefix);
    let objects = there
        .iter()
        .filter(|(key, _)| !in_use.contains(key.as_str()));
    objects
        .filter(|(key, bytes)| is_ours(key) || is_known(key, bytes))
        .map(|(key, bytes)| (key.clone(), *bytes))
        .collect()
}

/// SHA-256 in hexadecimal digits, reckoned beside whatever else is to be done.
pub(crate) async fn sha256(content: Vec<Bytes>) -> Result<String, Error> {
    let digits = spawn_blocking(move || {
        let mut hasher = Context::new(&SHA256);
        content.iter().for_each(|part| hasher.update(part));
        reelgate_core::hex::lower(hasher.finish().as_ref())
    });
    // Nobody waits for it any more when it has been cancelled.
    digits.await.map_err(|_| Error::Interrupted)
}

/// How the keys of all objects of a game begin.
pub(crate) fn prefix(game: GameId<'_>) -> String {
    format!("games/{}/", game.as_str())
}

/// The file name of a segment.
pub(crate) fn segment_name(number: u32) -> String {
    format!("seg_{number:05}.m4s")
}

/// Whether a packager names a file of a game so: a file of an edition, or one beside the master, as
/// other layouts have it. A poster beside the master may be somebody's own.
fn is_ours(file: &str) -> bool {
    let in_edition = match file.split_once('/') {
        Some((folder, name)) if rendition::is_folder(folder) => return segments::is_file(name),
        Some((folder, name)) if Edition::is_name(folder) => name,
        Some(_) => return false,
        None => return is_of_stream(file) || matches!(file, FILM_MASTER | THUMBNAILS),
    };
    match in_edition.split_once('/') {
        Some((folder, name)) => is_stream(folder) && is_of_stream(name),
        None => is_of_stream(in_edition) || is_of_thumbnails(in_edition),
    }
}

/// The folders of an edition.
fn is_stream(folder: &str) -> bool {
    let sound = folder.strip_prefix("audio-");
    ladder::is_name(folder) || sound.is_some_and(is_number)
}

/// The files of one stream.
fn is_of_stream(name: &str) -> bool {
    let number = name
        .strip_prefix("seg_")
        .and_then(|name| name.strip_suffix(".m4s"));
    let is_segment = number.is_some_and(|number| number.len() >= 5 && is_number(number));
    is_segment || matches!(name, INIT | PLAYLIST | I_FRAMES | SOUND)
}

fn is_of_thumbnails(name: &str) -> bool {
    let number = name
        .strip_prefix("thumbs_")
        .and_then(|name| name.strip_suffix(".jpg"));
    number.is_some_and(is_number) || matches!(name, POSTER | THUMBNAILS | CHAPTERS)
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The types that HLS demands (rule 10.4 of Apple's authoring specification).
pub(crate) fn content_type(name: &str) -> &'static str {
    let is_sound = name.starts_with("audio-");
    match name.rsplit_once('.') {
        Some((_, "m3u8")) => "application/vnd.apple.mpegurl",
        Some((_, "json")) => "application/json",
        Some((_, "jpg")) => "image/jpeg",
        Some((_, "vtt")) => "text/vtt",
        Some((_, "m4s" | "mp4")) if is_sound => "audio/mp4",
        Some((_, "m4s")) => "video/iso.segment",
        _ => "video/mp4",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hls::presentation::MASTER;

    #[test]
    fn only_what_a_packager_writes_is_swept() {
        let ours = [
            "v0123456789/seg_00000.m4s",
            "vabcdef0123/init.mp4",
            "v0123456789/video.m3u8",
            "v0123456789/1080/iframes.m3u8",
            "v0123456789/audio-0/seg_00000.m4s",
            "v0123456789/poster.jpg",
            "v0123456789/thumbs_000.jpg",
            "v0123456789/chapters.vtt",
            "c0123456789/seg_00000.vtt",
            "c0123456789/captions.m3u8",
            "c0123456789/captions.vtt",
            "master.v1.m3u8",
            "thumbnails.vtt",
        ];
        let loose = ["seg_00017.m4s", "seg_123456.m4s", "init.mp4", "video.m3u8"];
        assert!(ours.iter().chain(&loose).all(|file| is_ours(file)));
        let theirs = [
            "master.m3u8",
            "poster.jpg",
            "captions/de.vtt",
            "c0123456789/de.vtt",
            "original.mp4",
            "seg_1.m4s",
            "seg_0000x.m4s",
            "extras/seg_00000.m4s",
            "v0123456789/notes.txt",
            "v0123456789/x/seg_00000.m4s",
            "v0123456789/audio-/seg_00000.m4s",
            "v0123456789/1080/notes.txt",
            "v0123456789/thumbs_x.jpg",
        ];
        assert_eq!(theirs.iter().find(|file| is_ours(file)), None);
    }

    #[test]
    fn types_are_those_hls_demands() {
        assert_eq!(content_type(MASTER), "application/vnd.apple.mpegurl");
        assert_eq!(content_type("seg_00000.m4s"), "video/iso.segment");
        assert_eq!(content_type(INIT), "video/mp4");
        assert_eq!(content_type("1080/seg_00000.m4s"), "video/iso.segment");
        assert_eq!(content_type("audio-1/init.mp4"), "audio/mp4");
        assert_eq!(content_type(POSTER), "image/jpeg");
        assert_eq!(content_type(THUMBNAILS), "text/vtt");
    }
}
