//! Objects of a bucket.

use std::ops::Range;

use futures::{FutureExt as _, StreamExt as _, TryStreamExt as _, future::LocalBoxFuture};
use object_store::Attribute;
use percent_encoding::percent_decode_str;
use reqwest::Url;

use super::{Absence, Answer, Content, NotChecked, Source};
use crate::bucket::Bucket;

/// A bucket; the host in an address means nothing, the path is the key.
pub(in crate::check) struct InBucket(Bucket);

impl InBucket {
    pub(in crate::check) fn new(bucket: Bucket) -> Self {
        Self(bucket)
    }
}

impl Source for InBucket {
    fn open<'a>(
        &'a self,
        url: &'a Url,
        range: Option<Range<u64>>,
    ) -> LocalBoxFuture<'a, Result<Answer, NotChecked>> {
        async move {
            let Some(key) = key(url) else {
                return Ok(Err(Absence::NotFound));
            };
            let Some(object) = self.0.open(&key, range).await? else {
                return Ok(Err(Absence::NotFound));
            };
            let content_type = object.attributes.get(&Attribute::ContentType);
            let content_type = content_type.map(|value| value.as_ref().to_owned());
            let chunks = object.into_stream();
            let chunks =
                chunks.map_err(move |error| NotChecked::new(format!("reading {key}: {error}")));
            Ok(Ok(Content {
                content_type,
                chunks: chunks.boxed(),
            }))
        }
        .boxed_local()
    }
}

fn key(url: &Url) -> Option<String> {
    if url.scheme() != "s3" {
        return None;
    }
    let key = percent_decode_str(url.path().trim_start_matches('/')).decode_utf8();
    key.ok().map(|key| key.into_owned())
}
