//! What is known of a stored object beside its bytes.

use std::{
    collections::HashMap,
    fs::{self, Metadata},
    io,
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use headers::ETag;
use s3s::{
    S3, S3Request, S3Result,
    dto::{HeadObjectInput, HeadObjectOutput},
    s3_error,
};
use s3s_fs::FileSystem;

use crate::place::Place;

/// Objects whose attributes are kept in memory, at about a kilobyte each.
const REMEMBERED: usize = 10_000;

/// Tells one version of an object's file from the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Version {
    /// Bytes.
    pub(crate) length: u64,
    /// When the file was last written.
    pub(crate) modified: SystemTime,
}

impl Version {
    pub(crate) fn of(metadata: &Metadata) -> io::Result<Self> {
        Ok(Self {
            length: metadata.len(),
            modified: metadata.modified()?,
        })
    }
}

/// An object's ETag and the headers it was stored with.
#[derive(Debug)]
pub(crate) struct Attributes {
    /// The file they belong to.
    pub(crate) version: Version,
    /// As HTTP compares it.
    pub(crate) etag: ETag,
    /// As s3s-fs tells it.
    pub(crate) head: HeadObjectOutput,
}

/// The attributes of the objects read last, so that a small GET need not read three files.
#[derive(Default)]
pub(crate) struct Remembered(Mutex<HashMap<(String, String), Arc<Attributes>>>);

impl Remembered {
    /// The attributes of the object whose file is `version`. Hold the object's lock.
    pub(crate) async fn get(
        &self,
        files: &FileSystem,
        (bucket, key): (&str, &str),
        place: &Place,
        version: Version,
    ) -> S3Result<Arc<Attributes>> {
        let name = (bucket.to_owned(), key.to_owned());
        if let Some(known) = self.map().get(&name)
            && known.version == version
        {
            return Ok(Arc::clone(known));
        }
        forget_stale_tag(place, version);
        let head = files
            .head_object(request(head_input(bucket, key)?))
            .await?
            .output;
        let etag = head
            .e_tag
            .as_ref()
            .and_then(|etag| format!("\"{}\"", etag.value()).parse().ok());
        let etag = etag.ok_or_else(|| s3_error!(InternalError, "the object has no ETag"))?;
        let attributes = Arc::new(Attributes {
            version,
            etag,
            head,
        });
        let mut map = self.map();
        if map.len() >= REMEMBERED {
            map.clear();
        }
        map.insert(name, Arc::clone(&attributes));
        Ok(attributes)
    }

    fn map(&self) -> std::sync::MutexGuard<'_, HashMap<(String, String), Arc<Attributes>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Removes the note of an ETag that is older than the file: somebody has edited the file by hand,
/// and s3s-fs, finding no note, sums it up anew.
fn forget_stale_tag(place: &Place, version: Version) {
    let noted = fs::metadata(&place.tag).and_then(|metadata| metadata.modified());
    if noted.is_ok_and(|noted| noted < version.modified) {
        // Should it stay, the ETag is that of the content before the edit.
        let _ = fs::remove_file(&place.tag);
    }
}

fn head_input(bucket: &str, key: &str) -> S3Result<HeadObjectInput> {
    let input = HeadObjectInput::builder()
        .bucket(bucket.to_owned())
        .key(key.to_owned());
    input
        .build()
        .map_err(|error| s3_error!(error, InternalError))
}

/// A request of our own to s3s-fs, with nothing of the client's in it.
pub(crate) fn request<T>(input: T) -> S3Request<T> {
    S3Request {
        input,
        method: http::Method::GET,
        uri: http::Uri::default(),
        headers: http::HeaderMap::new(),
        extensions: http::Extensions::new(),
        credentials: None,
        region: None,
        service: None,
        trailing_headers: None,
    }
}
