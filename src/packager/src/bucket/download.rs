//! Films that lie in a bucket themselves.

use std::{
    fs::File,
    io::{self, Write as _},
    ops::Range,
    path::{Path as FilePath, PathBuf},
    time::Duration,
};

use bytes::Bytes;
use futures::{Stream, StreamExt as _};
use object_store::{
    GetOptions, GetRange, GetResult, ObjectMeta, ObjectStore as _, ObjectStoreExt as _, path::Path,
};
use tokio::task::spawn_blocking;

use super::{ANSWER, Bucket, trouble::Failed, within};
use crate::Error;

/// Longest silence in the middle of a film before the rest is asked for anew.
const STALL: Duration = Duration::from_secs(30);

/// Bytes written to the disk, and hashed, in one go.
const CHUNK: usize = 4 * 1024 * 1024;

/// How often in a row an answer may break off without a byte of its body. A connection breaks off by
/// chance, and these pauses add up to 20 s; a server that breaks off every time is broken.
const MOST_EMPTY: u32 = 8;

/// An object that is a film.
#[derive(Clone, Debug)]
pub(crate) struct Remote {
    path: Path,
    /// Bytes.
    pub(crate) bytes: u64,
    version: Version,
}

/// Guards against another film under the same key while this one is fetched.
#[derive(Clone, Debug)]
struct Version {
    tag: Option<String>,
    /// Seconds since 1970.
    modified: i64,
}

impl Version {
    fn of(meta: &ObjectMeta) -> Self {
        Self {
            tag: meta.e_tag.clone(),
            modified: meta.last_modified.timestamp(),
        }
    }

    /// What a server can compare: a weak tag never matches (RFC 9110, section 13.1.1).
    fn condition(&self) -> Option<String> {
        self.tag.clone().filter(|tag| !tag.starts_with("W/"))
    }

    /// By the tag where there is one: some servers that keep copies give each its own time.
    fn is(&self, other: &Self) -> bool {
        let strong = |tag: &str| tag.trim_start_matches("W/").to_owned();
        match (&self.tag, &other.tag) {
            (Some(tag), Some(other)) => strong(tag) == strong(other),
            _ => self.modified == other.modified,
        }
    }
}

impl Bucket {
    /// Looks at the object `key`.
    ///
    /// # Errors
    /// That there is none, or that the bucket refuses.
    pub(crate) async fn look(&self, key: &str) -> Result<Remote, Error> {
        let path = self.path(key)?;
        let look = async || within(ANSWER, self.store.head(&path)).await;
        let meta = self.persist(&format!("looking at {key}"), look).await;
        let meta = meta.map_err(Error::of_one_film)?;
        Ok(Remote {
            path,
            bytes: meta.size,
            version: Version::of(&meta),
        })
    }

    /// A part of it.
    ///
    /// # Errors
    /// As [`Bucket::look`]; that the film has become another meanwhile.
    pub(crate) async fn sample(&self, film: &Remote, range: Range<u64>) -> Result<Bytes, Error> {
        let mut empty = 0;
        let read = async || {
            let part = self.part(film, GetRange::Bounded(range.clone())).await?;
            match within(ANSWER + STALL, part.bytes()).await {
                Ok(bytes) => Ok(bytes),
                Err(failed) => Err(again(&mut empty, failed)),
            }
        };
        let doing = format!("reading {}", film.path);
        let read = self.persist(&doing, read).await;
        read.map_err(Error::of_one_film)
    }

    /// Fetches all of it into the file `target`, going on where a connection broke off; gives its hash.
    /// `fetched` is told of every piece in bytes.
    ///
    /// # Errors
    /// As [`Bucket::sample`]; that the disk is full.
    pub(crate) async fn download(
        &self,
        film: &Remote,
        target: &FilePath,
        fetched: &dyn Fn(u64),
    ) -> Result<blake3::Hash, Error> {
        let mut sink = Sink::create(target)?;
        let (mut at, mut empty) = (0, 0);
        let fetch = async || {
            while at < film.bytes {
                let mut body = self.part(film, GetRange::Offset(at)).await?.into_stream();
                loop {
                    let piece = match next_piece(&mut body).await {
                        Ok(Some(piece)) => piece,
                        Ok(None) => break,
                        Err(failed) => return Err(again(&mut empty, failed)),
                    };
                    empty = 0;
                    self.is_well();
                    fetched(piece.len() as u64);
                    at += piece.len() as u64;
                    sink.push(&piece).await.map_err(Failed::Ours)?;
                }
            }
            Ok(())
        };
        let doing = format!("downloading {}", film.path);
        let whole = self.persist(&doing, fetch).await;
        whole.map_err(Error::of_one_film)?;
        if at != film.bytes {
            return Err(Error::Changed(film.path.to_string().into()));
        }
        sink.finish().await
    }

    /// Some bytes of it, about to be read; all of them are asked for without a range.
    async fn part(&self, film: &Remote, range: GetRange) -> Result<GetResult, Failed> {
        let options = GetOptions {
            range: (range != GetRange::Offset(0)).then_some(range),
            if_match: film.version.condition(),
            ..Default::default()
        };
        let changed = || Failed::Ours(Error::Changed(film.path.to_string().into()));
        match within(ANSWER, self.store.get_opts(&film.path, options)).await {
            Ok(got) if got.meta.size != film.bytes => Err(changed()),
            // A server may not know the condition.
            Ok(got) if !film.version.is(&Version::of(&got.meta)) => Err(changed()),
            Err(failed) if failed.is_other_version() => Err(changed()),
            got => got,
        }
    }
}

/// A body broke off. `empty` counts how often that came of it alone.
fn again(empty: &mut u32, failed: Failed) -> Failed {
    if let Failed::Store(_) = failed {
        *empty += 1;
    }
    match *empty {
        MOST_EMPTY.. => Failed::Wrong("its answers break off before they are complete".to_owned()),
        _ => failed,
    }
}

async fn next_piece(
    body: &mut (impl Stream<Item = object_store::Result<Bytes>> + Unpin),
) -> Result<Option<Bytes>, Failed> {
    match tokio::time::timeout(STALL, body.next()).await {
        Ok(piece) => Ok(piece.transpose()?),
        Err(_) => Err(Failed::Silence(STALL)),
    }
}

/// Where a film is put together. What came before a connection broke is kept.
struct Sink {
    path: PathBuf,
    waiting: Vec<u8>,
    /// `None` only while they are at work.
    written: Option<Written>,
}

struct Written {
    file: File,
    hasher: blake3::Hasher,
}

impl Sink {
    fn create(target: &FilePath) -> Result<Self, Error> {
        let file = File::create_new(target).map_err(|error| Error::scratch(target, error))?;
        let hasher = blake3::Hasher::new();
        Ok(Self {
            path: target.to_owned(),
            waiting: Vec::with_capacity(CHUNK),
            written: Some(Written { file, hasher }),
        })
    }

    async fn push(&mut self, piece: &[u8]) -> Result<(), Error> {
        self.waiting.extend_from_slice(piece);
        if self.waiting.len() < CHUNK {
            return Ok(());
        }
        self.write().await
    }

    async fn write(&mut self) -> Result<(), Error> {
        let chunk = std::mem::replace(&mut self.waiting, Vec::with_capacity(CHUNK));
        let Some(written) = self.written.take() else {
            return Err(Error::Interrupted);
        };
        let written = spawn_blocking(move || written.and(&chunk)).await;
        let written = written
            .map_err(io::Error::other)
            .and_then(|written| written);
        self.written = Some(written.map_err(|error| Error::scratch(&self.path, error))?);
        Ok(())
    }

    async fn finish(mut self) -> Result<blake3::Hash, Error> {
        self.write().await?;
        let written = self.written.ok_or(Error::Interrupted)?;
        Ok(written.hasher.finalize())
    }
}

impl Written {
    fn and(mut self, chunk: &[u8]) -> io::Result<Self> {
        self.file.write_all(chunk)?;
        self.hasher.update(chunk);
        Ok(self)
    }
}
