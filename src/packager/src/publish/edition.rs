//! The name under which one packaging of one film lies in the bucket.

use std::{
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use tokio::task::{JoinSet, spawn_blocking};

use crate::{Error, ffmpeg::recipe::Recipe, plan::Plan};

/// Bytes hashed in one go, so that an interrupted command ends at once.
const CHUNK: u64 = 8 * 1024 * 1024;

/// Letters of the hash that are used: 40 bits tell the editions of one game apart, and the longest
/// game id still makes a key that every server takes.
const LETTERS: usize = 10;

/// Says that another version of reelgate would lay out the same film in the same way. Raise it when
/// an edition gets other bytes for the same film, plan and ffmpeg.
const LAYOUT: &str = "reelgate 2";

/// The hash of a film, in the making: reading starts at once, beside whatever else is to be done, and
/// ends when this value is dropped.
pub(crate) struct Fingerprint(JoinSet<Result<blake3::Hash, Error>>);

impl Fingerprint {
    /// Starts to read the film at `source` from end to end.
    pub(crate) fn start(source: &Path) -> Self {
        let mut task = JoinSet::new();
        task.spawn(fingerprint(source.to_owned()));
        Self(task)
    }

    /// The hash of a film that has been read already.
    pub(crate) fn known(hash: blake3::Hash) -> Self {
        let mut task = JoinSet::new();
        task.spawn(std::future::ready(Ok(hash)));
        Self(task)
    }

    /// Waits for the end of the film.
    ///
    /// # Errors
    /// When the film cannot be read.
    pub(crate) async fn finish(mut self) -> Result<blake3::Hash, Error> {
        let hashed = self.0.join_next().await;
        // It is started with one task and asked once.
        hashed
            .and_then(Result::ok)
            .unwrap_or(Err(Error::Interrupted))
    }
}

/// The folder of one edition, `v` and ten letters: the same for the same film, cut and encoded by
/// the same ffmpeg in the same way, and another for anything else.
///
/// Players are told that segments never change, and keep them for a year. So a name must not be used
/// again for other bytes, and a packaging that was interrupted can go on where it stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Edition {
    folder: String,
    film: blake3::Hash,
}

impl Edition {
    /// The edition of the film that `film` is the hash of.
    ///
    /// # Errors
    /// When the film cannot be read.
    pub(crate) async fn of(
        film: Fingerprint,
        plan: &Plan,
        recipe: &Recipe,
        ffmpeg: &str,
    ) -> Result<Self, Error> {
        let mut hasher = blake3::Hasher::new();
        let film = film.finish().await?;
        hasher.update(film.as_bytes());
        let seconds = plan.segment_seconds.to_string();
        for part in [LAYOUT, ffmpeg, &seconds].into_iter().chain(recipe.words()) {
            hasher.update(part.as_bytes()).update(b"\0");
        }
        let folder = format!("v{}", &hasher.finalize().to_hex()[..LETTERS]);
        Ok(Self { folder, film })
    }

    /// Whether `folder` is named as an edition is.
    pub(crate) fn is_name(folder: &str) -> bool {
        let Some(hash) = folder.strip_prefix('v') else {
            return false;
        };
        let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        hash.len() == LETTERS && hash.bytes().all(is_hex)
    }

    /// The folder's name.
    pub(crate) fn as_str(&self) -> &str {
        &self.folder
    }

    /// The hash of the film.
    pub(crate) fn film(&self) -> blake3::Hash {
        self.film
    }
}

async fn fingerprint(source: PathBuf) -> Result<blake3::Hash, Error> {
    let unreadable = |error| Error::Source {
        path: source.clone(),
        source: error,
    };
    let mut hasher = blake3::Hasher::new();
    let mut film = File::open(&source).map_err(unreadable)?;
    loop {
        let step = spawn_blocking(move || hash_chunk(film, hasher)).await;
        let step = step
            .map_err(io::Error::other)
            .and_then(|step| step)
            .map_err(unreadable)?;
        let (rest, so_far, is_end) = step;
        if is_end {
            return Ok(so_far.finalize());
        }
        (film, hasher) = (rest, so_far);
    }
}

type Step = (File, blake3::Hasher, bool);

fn hash_chunk(mut film: File, mut hasher: blake3::Hasher) -> io::Result<Step> {
    let before = hasher.count();
    hasher.update_reader(film.by_ref().take(CHUNK))?;
    let is_end = hasher.count() - before < CHUNK;
    Ok((film, hasher, is_end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::film;

    fn plan(segment_seconds: f64) -> Plan {
        Plan {
            segment_seconds,
            ..film(0)
        }
    }

    #[tokio::test]
    async fn an_edition_is_named_after_the_film_and_all_that_changes_its_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (folder.path().join("one"), folder.path().join("other"));
        std::fs::write(&one, vec![7; 9 * 1024 * 1024]).unwrap();
        std::fs::write(&other, vec![8; 9 * 1024 * 1024]).unwrap();
        let edition = async |film: &Path, seconds, ffmpeg| {
            let film = Fingerprint::start(film);
            let plan = plan(seconds);
            Edition::of(film, &plan, &Recipe::new(&plan), ffmpeg)
                .await
                .unwrap()
        };
        let first = edition(&one, 6.0, "5.1").await;
        assert!(Edition::is_name(first.as_str()), "{first:?}");
        assert_eq!(edition(&one, 6.0, "5.1").await, first);
        assert_ne!(edition(&other, 6.0, "5.1").await, first);
        assert_ne!(edition(&one, 4.0, "5.1").await, first);
        assert_ne!(edition(&one, 6.0, "7.1").await, first);
    }

    #[test]
    fn other_folders_are_no_editions() {
        for name in [
            "v012345678",
            "v0123456789a",
            "v01234567G9",
            "x0123456789",
            "720p",
            "",
        ] {
            assert!(!Edition::is_name(name), "{name}");
        }
    }
}
