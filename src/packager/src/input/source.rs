//! Where a film comes from: a file, or an object of a bucket.

use std::{
    ffi::OsStr,
    fmt,
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom},
    iter,
    ops::Range,
    path::{Path, PathBuf},
};

use tokio::task::spawn_blocking;

use crate::{
    BucketConfig, Error,
    bucket::{Bucket, Remote, name::is_bucket_name},
};

/// The part of a film that is read at its beginning, middle and end.
const SAMPLE: u64 = 1024 * 1024;

/// What a URL of an object begins with.
const S3: &str = "s3://";

/// A film, by its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// On this machine.
    File(PathBuf),
    /// In a bucket of the same server, readable by the same key pair.
    Object {
        /// The bucket's name.
        bucket: String,
        /// The object's key.
        key: String,
    },
}

/// Why a text names no film.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is no s3://BUCKET/KEY")]
pub struct BadSource;

impl Source {
    /// Reads a path, or `s3://BUCKET/KEY`.
    ///
    /// # Errors
    /// [`BadSource`] when it begins with `s3://` and has no bucket or no key.
    pub fn parse(text: &OsStr) -> Result<Self, BadSource> {
        let Some(object) = text.to_str().and_then(|text| text.strip_prefix(S3)) else {
            return Ok(Self::File(text.into()));
        };
        match object.split_once('/') {
            Some((bucket, key)) if is_bucket_name(bucket) && !key.is_empty() => Ok(Self::Object {
                bucket: bucket.to_owned(),
                key: key.to_owned(),
            }),
            _ => Err(BadSource),
        }
    }

    /// The last part of its name: what a ledger keeps.
    fn name(&self) -> String {
        let path = match self {
            Self::File(path) => path,
            Self::Object { key, .. } => Path::new(key),
        };
        let name = path.file_name().unwrap_or(path.as_os_str());
        name.to_string_lossy().into_owned()
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Object { bucket, key } => write!(f, "{S3}{bucket}/{key}"),
        }
    }
}

/// What tells one film from another, quickly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Film {
    /// Its file's name.
    pub(crate) name: String,
    /// Its size.
    pub(crate) bytes: u64,
    /// BLAKE3 of its size and samples.
    pub(crate) quick: blake3::Hash,
}

/// A film that has been looked at, and how to get at it.
pub(crate) enum Found {
    /// It is a file.
    Here,
    /// It has to be fetched.
    There(Box<Bucket>, Remote),
}

/// Looks at the film.
///
/// # Errors
/// That there is none, that it is empty, or that it cannot be read.
pub(crate) async fn look(
    source: &Source,
    config: &BucketConfig,
    games: &Bucket,
) -> Result<(Film, Found), Error> {
    match source {
        Source::File(path) => {
            let bytes = size(path).await?;
            let file = path.clone();
            let samples = spawn_blocking(move || samples_of(&file, bytes)).await;
            let samples = samples.map_err(io::Error::other).and_then(|read| read);
            let samples = samples.map_err(|source| Error::Source {
                path: path.clone(),
                source,
            })?;
            Ok((film(source, bytes, &samples), Found::Here))
        }
        Source::Object { bucket, key } => {
            let bucket = games.sibling(config, bucket)?;
            let remote = bucket.look(key).await?;
            if remote.bytes == 0 {
                return Err(Error::NotAFile {
                    path: source.to_string().into(),
                    what: "is empty",
                });
            }
            let mut samples = Vec::new();
            for range in sampled(remote.bytes) {
                samples.extend_from_slice(&bucket.sample(&remote, range).await?);
            }
            let film = film(source, remote.bytes, &samples);
            Ok((film, Found::There(Box::new(bucket), remote)))
        }
    }
}

/// The size of the file at `path` in bytes.
///
/// # Errors
/// That it is none, or that it is empty.
pub(crate) async fn size(path: &Path) -> Result<u64, Error> {
    let metadata = tokio::fs::metadata(path).await;
    let metadata = metadata.map_err(|source| Error::Source {
        path: path.to_owned(),
        source,
    })?;
    let not_a_film = |what| Error::NotAFile {
        path: path.to_owned(),
        what,
    };
    match metadata.len() {
        _ if !metadata.is_file() => Err(not_a_film("is not a file")),
        0 => Err(not_a_film("is empty")),
        bytes => Ok(bytes),
    }
}

fn film(source: &Source, bytes: u64, samples: &[u8]) -> Film {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&bytes.to_le_bytes()).update(samples);
    Film {
        name: source.name(),
        bytes,
        quick: hasher.finalize(),
    }
}

/// The parts that are read of a film of `bytes`: the first, the middle and the last MiB, or all of a
/// small one.
fn sampled(bytes: u64) -> Vec<Range<u64>> {
    if bytes <= 3 * SAMPLE {
        return iter::once(0..bytes).collect();
    }
    let middle = bytes / 2 - SAMPLE / 2;
    [0, middle, bytes - SAMPLE]
        .map(|from| from..from + SAMPLE)
        .to_vec()
}

fn samples_of(path: &Path, bytes: u64) -> io::Result<Vec<u8>> {
    let mut film = File::open(path)?;
    let mut samples = Vec::new();
    for range in sampled(bytes) {
        film.seek(SeekFrom::Start(range.start))?;
        film.by_ref()
            .take(range.end - range.start)
            .read_to_end(&mut samples)?;
    }
    Ok(samples)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Source, BadSource> {
        Source::parse(OsStr::new(text))
    }

    #[test]
    fn a_film_is_a_file_or_an_object() {
        assert_eq!(parse("a b.mp4"), Ok(Source::File("a b.mp4".into())));
        let object = Source::Object {
            bucket: "archive".to_owned(),
            key: "2021/a#b?.mov".to_owned(),
        };
        assert_eq!(parse("s3://archive/2021/a#b?.mov"), Ok(object.clone()));
        assert_eq!(object.name(), "a#b?.mov");
        assert_eq!(object.to_string(), "s3://archive/2021/a#b?.mov");
        for text in [
            "s3://",
            "s3://Archive!/key",
            "s3://archive",
            "s3://archive/",
            "s3:///key",
        ] {
            assert_eq!(parse(text), Err(BadSource), "{text}");
        }
    }

    #[test]
    fn samples_are_three_mebibytes_however_long_the_film() {
        let whole = |bytes| iter::once(0..bytes).collect::<Vec<_>>();
        assert_eq!(sampled(5), whole(5));
        assert_eq!(sampled(3 * SAMPLE), whole(3 * SAMPLE));
        let bytes = 10 * SAMPLE;
        let parts = sampled(bytes);
        assert_eq!(parts.len(), 3);
        assert_eq!(parts[1], (9 * SAMPLE / 2)..(11 * SAMPLE / 2));
        assert_eq!(parts[2].end, bytes);
    }
}
