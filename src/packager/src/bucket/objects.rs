//! A bucket's objects for those who only read.

use std::{ops::Range, time::Duration};

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, stream::BoxStream};
use object_store::Attribute;

use super::{Bucket, Config};
use crate::{Error, Progress};

/// The objects of a bucket.
pub struct Objects(Bucket);

/// An object that is being read.
pub struct Object {
    /// `Content-Type`, where the bucket says one.
    pub content_type: Option<String>,
    /// Its bytes as they come, or what broke.
    pub chunks: BoxStream<'static, Result<Bytes, String>>,
}

impl Objects {
    /// The bucket; nothing is asked yet. `patience` is how long its trouble may last.
    ///
    /// # Errors
    /// When a setting makes no sense.
    pub fn new(config: &Config, patience: Duration) -> Result<Self, Error> {
        Bucket::new(config, patience, Progress::quiet()).map(Self)
    }

    /// The object, or some bytes of it; `None` where there is none.
    ///
    /// # Errors
    /// When the bucket cannot be reached, or refuses.
    pub async fn open(
        &self,
        key: &str,
        range: Option<Range<u64>>,
    ) -> Result<Option<Object>, Error> {
        let Some(object) = self.0.open(key, range).await? else {
            return Ok(None);
        };
        let content_type = object.attributes.get(&Attribute::ContentType);
        Ok(Some(Object {
            content_type: content_type.map(|value| value.as_ref().to_owned()),
            chunks: object
                .into_stream()
                .map_err(|error| error.to_string())
                .boxed(),
        }))
    }
}
