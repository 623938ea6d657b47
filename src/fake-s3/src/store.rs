//! The objects below one folder: read by us, written by s3s-fs.

use std::{
    fs::File,
    io,
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;
use s3s::{S3Error, S3ErrorCode, S3Result, dto, s3_error};
use s3s_fs::FileSystem;
use tokio::sync::OwnedRwLockWriteGuard;

use crate::{
    attributes::{Attributes, Remembered, Version},
    content,
    locks::Locks,
    place::Place,
};

/// The buckets below one folder. Clones are the same store.
#[derive(Clone)]
pub(crate) struct Store(Arc<Inner>);

struct Inner {
    files: FileSystem,
    root: PathBuf,
    locks: Locks,
    remembered: Remembered,
}

/// An object, opened: later writes to its key do not touch it.
pub(crate) struct Opened {
    file: File,
    /// The bytes of the object.
    pub(crate) length: u64,
    /// The part that was asked for; `None` when there is no such part, or no bytes are wanted.
    pub(crate) part: Option<Range<u64>>,
    /// That part's bytes, when they are few.
    small: Option<Bytes>,
    /// What is known of it.
    pub(crate) attributes: Arc<Attributes>,
}

/// What of an object is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wanted {
    /// Only what is known of it.
    Attributes,
    /// Its bytes, or some of them.
    Bytes(Option<dto::Range>),
}

/// The conditions of a PUT.
pub(crate) struct Conditions {
    /// Only over an object with this tag.
    pub(crate) if_match: Option<dto::ETagCondition>,
    /// Only where there is no object, or none with this tag.
    pub(crate) if_none_match: Option<dto::ETagCondition>,
}

impl Store {
    /// The buckets below `root`, which must exist.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub(crate) fn new(root: PathBuf) -> Result<Self, s3s_fs::Error> {
        let files = FileSystem::new(&root)?;
        let (locks, remembered) = (Locks::new(), Remembered::default());
        Ok(Self(Arc::new(Inner {
            files,
            root,
            locks,
            remembered,
        })))
    }

    /// s3s-fs, for what it does right.
    pub(crate) fn files(&self) -> &FileSystem {
        &self.0.files
    }

    /// Where the object is kept.
    ///
    /// # Errors
    /// `KeyTooLongError` or `InvalidArgument`: this server cannot keep such a key.
    pub(crate) fn place(&self, bucket: &str, key: &str) -> S3Result<Place> {
        Ok(Place::of(&self.0.root, bucket, key)?)
    }

    /// Whether there is such a bucket; s3s-fs would make it.
    ///
    /// # Errors
    /// `NoSuchBucket`.
    pub(crate) fn check_bucket(&self, bucket: &str) -> S3Result<()> {
        let exists = self.0.root.join(bucket).is_dir();
        if exists {
            Ok(())
        } else {
            Err(s3_error!(NoSuchBucket))
        }
    }

    /// Opens the object as it stands now.
    ///
    /// # Errors
    /// `NoSuchKey`, `NoSuchBucket`, or what the disk says.
    pub(crate) async fn open(&self, bucket: &str, key: &str, wanted: Wanted) -> S3Result<Opened> {
        let _reading = self.0.locks.read(bucket, key).await;
        self.open_locked(bucket, key, wanted).await
    }

    /// Waits for the right to change the object.
    pub(crate) async fn lock(&self, bucket: &str, key: &str) -> OwnedRwLockWriteGuard<()> {
        self.0.locks.write(bucket, key).await
    }

    /// Waits for the right to change the object and weighs `conditions` then, when nobody else can
    /// fulfil or break them.
    ///
    /// # Errors
    /// `PreconditionFailed`, or what the disk says.
    pub(crate) async fn lock_if(
        self,
        bucket: String,
        key: String,
        conditions: Conditions,
    ) -> S3Result<OwnedRwLockWriteGuard<()>> {
        let lock = self.lock(&bucket, &key).await;
        if conditions.if_match.is_none() && conditions.if_none_match.is_none() {
            return Ok(lock);
        }
        let etag = match self.open_locked(&bucket, &key, Wanted::Attributes).await {
            Ok(opened) => opened.attributes.head.e_tag.clone(),
            Err(error) if *error.code() == S3ErrorCode::NoSuchKey => None,
            Err(error) => return Err(error),
        };
        if conditions.hold(etag.as_ref()) {
            Ok(lock)
        } else {
            Err(s3_error!(PreconditionFailed))
        }
    }

    async fn open_locked(&self, bucket: &str, key: &str, wanted: Wanted) -> S3Result<Opened> {
        let place = Place::of(&self.0.root, bucket, key).map_err(|_| s3_error!(NoSuchKey))?;
        // In place: a thread for it costs some 100 µs of CPU, and the file is a local one that is
        // in the page cache when it matters, where the whole read takes 10.
        let read = open_and_read(&place.content, wanted).map_err(S3Error::internal_error)?;
        let Some((file, version, part, small)) = read else {
            self.check_bucket(bucket)?;
            return Err(s3_error!(NoSuchKey));
        };
        let Inner {
            files, remembered, ..
        } = &*self.0;
        let attributes = remembered
            .get(files, (bucket, key), &place, version)
            .await?;
        Ok(Opened {
            file,
            length: version.length,
            part,
            small,
            attributes,
        })
    }
}

impl Opened {
    /// The bytes of `part`, once.
    pub(crate) fn body(self, part: Range<u64>) -> dto::StreamingBlob {
        match self.small {
            Some(bytes) => s3s::Body::from(bytes).into(),
            None => dto::StreamingBlob::wrap(content::stream(self.file, part)),
        }
    }
}

impl Conditions {
    fn hold(&self, etag: Option<&dto::ETag>) -> bool {
        let matches = |condition: &dto::ETagCondition| match (condition, etag) {
            (_, None) => false,
            (dto::ETagCondition::Any, Some(_)) => true,
            (dto::ETagCondition::ETag(wanted), Some(etag)) => wanted.value() == etag.value(),
        };
        self.if_match.as_ref().is_none_or(matches)
            && !self.if_none_match.as_ref().is_some_and(matches)
    }
}

type Read = (File, Version, Option<Range<u64>>, Option<Bytes>);

/// One trip to the disk for a small object: open, measure, read. `None` when no object is there.
fn open_and_read(path: &Path, wanted: Wanted) -> io::Result<Option<Read>> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if is_absent(&error) => return Ok(None),
        Err(error) => return Err(error),
    };
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Ok(None);
    }
    let version = Version::of(&metadata)?;
    let Wanted::Bytes(range) = wanted else {
        return Ok(Some((file, version, None, None)));
    };
    let part = part(range, version.length);
    let small = part
        .clone()
        .filter(|part| part.end - part.start <= content::CHUNK);
    let small = small
        .map(|part| content::read(&mut file, part))
        .transpose()?;
    Ok(Some((file, version, part, small)))
}

/// A key whose parent is an object has no object either.
fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

/// The bytes `range` selects of `length`; `None` when it selects nothing (RFC 9110 §14.1.2).
fn part(range: Option<dto::Range>, length: u64) -> Option<Range<u64>> {
    match range {
        Some(range) => range.check(length).ok(),
        None => Some(0..length),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_select_as_rfc_9110_says() {
        let first_last = |first, last| Some(dto::Range::Int { first, last });
        assert_eq!(part(None, 10), Some(0..10));
        assert_eq!(part(first_last(0, Some(0)), 10), Some(0..1));
        assert_eq!(part(first_last(9, None), 10), Some(9..10));
        assert_eq!(part(first_last(5, Some(99)), 10), Some(5..10));
        assert_eq!(part(first_last(10, None), 10), None);
        assert_eq!(
            part(Some(dto::Range::Suffix { length: 3 }), 10),
            Some(7..10)
        );
        assert_eq!(
            part(Some(dto::Range::Suffix { length: 99 }), 10),
            Some(0..10)
        );
        assert_eq!(part(Some(dto::Range::Suffix { length: 0 }), 10), None);
    }
}
