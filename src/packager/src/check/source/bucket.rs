//! Objects of a bucket.

use std::ops::Range;

use futures::{FutureExt as _, StreamExt as _, TryStreamExt as _, future::BoxFuture};
use object_store::{Attribute, GetOptions, GetRange, ObjectStore as _, path::Path};
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
    ) -> BoxFuture<'a, Result<Answer, NotChecked>> {
        async move {
            let Some(path) = key(url) else {
                return Ok(Err(Absence::NotFound));
            };
            let options = GetOptions {
                range: range.map(GetRange::Bounded),
                ..Default::default()
            };
            let doing = format!("reading {path}");
            let got = match self.0.store().get_opts(&path, options).await {
                Err(object_store::Error::NotFound { source, .. })
                    if !source.to_string().contains("NoSuchBucket") =>
                {
                    return Ok(Err(Absence::NotFound));
                }
                got => got.map_err(|error| {
                    NotChecked::new(self.0.explain(doing.clone(), &error).to_string())
                })?,
            };
            let content_type = got.attributes.get(&Attribute::ContentType);
            let content_type = content_type.map(|value| value.as_ref().to_owned());
            let chunks = got.into_stream();
            let chunks = chunks.map_err(move |error| NotChecked::new(format!("{doing}: {error}")));
            Ok(Ok(Content {
                content_type,
                chunks: chunks.boxed(),
            }))
        }
        .boxed()
    }
}

fn key(url: &Url) -> Option<Path> {
    if url.scheme() != "s3" {
        return None;
    }
    let key = percent_decode_str(url.path().trim_start_matches('/'))
        .decode_utf8()
        .ok()?;
    Path::parse(key).ok()
}
