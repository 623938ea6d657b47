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
    GetOptions, GetRange, ObjectMeta, ObjectStore as _, ObjectStoreExt as _, path::Path,
};
use tokio::task::spawn_blocking;

use super::{ANSWER, Bucket, trouble::Failed, within};
use crate::Error;

/// Longest silence in the middle of a film before the rest is asked for anew.
const STALL: Duration = Duration::from_secs(30);

/// Bytes written to the disk, and hashed, in one go.
const CHUNK: usize = 4 * 1024 * 1024;

/// An object that is a film.
#[derive(Clone, Debug)]
pub(crate) struct Remote {
    path: Path,
    /// Bytes.
    pub(crate) bytes: u64,
    /// Guards against another film under the same key while this one is fetched.
    tag: Option<String>,
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
        let ObjectMeta { size, e_tag, .. } = meta.map_err(Error::of_one_film)?;
        Ok(Remote {
            path,
            bytes: size,
            // A weak tag never matches (RFC 9110, section 13.1.1).
            tag: e_tag.filter(|tag| !tag.starts_with("W/")),
        })
    }

    /// A part of it.
    ///
    /// # Errors
    /// As [`Bucket::look`].
    pub(crate) async fn sample(&self, film: &Remote, range: Range<u64>) -> Result<Bytes, Error> {
        let limit = ANSWER + STALL;
        let read = async || within(limit, self.store.get_range(&film.path, range.clone())).await;
        let doing = format!("reading {}", film.path);
        let read = self.persist(&doing, read).await;
        read.map_err(Error::of_one_film)
    }

    /// Fetches all of it into the file `target`, going on where a connection broke off; gives its hash.
    /// `fetched` is told of every piece in bytes.
    ///
    /// # Errors
    /// As [`Bucket::look`]; that the film has become another meanwhile; that the disk is full.
    pub(crate) async fn download(
        &self,
        film: &Remote,
        target: &FilePath,
        fetched: &dyn Fn(u64),
    ) -> Result<blake3::Hash, Error> {
        let mut sink = Sink::create(target)?;
        let mut at = 0;
        let fetch = async || {
            while at < film.bytes {
                let mut body = Box::pin(self.rest_of(film, at).await?);
                while let Some(piece) = next_piece(&mut body).await? {
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
        sink.finish().await
    }

    async fn rest_of(
        &self,
        film: &Remote,
        at: u64,
    ) -> Result<impl Stream<Item = object_store::Result<Bytes>> + use<>, Failed> {
        let options = GetOptions {
            range: (at > 0).then_some(GetRange::Offset(at)),
            if_match: film.tag.clone(),
            ..Default::default()
        };
        let got = within(ANSWER, self.store.get_opts(&film.path, options)).await;
        match got {
            Ok(got) if got.meta.size == film.bytes => Ok(got.into_stream()),
            Ok(_) | Err(Failed::Store(object_store::Error::Precondition { .. })) => {
                Err(Failed::Ours(Error::Changed(film.path.to_string().into())))
            }
            Err(error) => Err(error),
        }
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
