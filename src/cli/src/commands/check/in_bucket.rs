//! A presentation in a bucket.

use std::{ops::Range, time::Duration};

use futures::{FutureExt as _, StreamExt as _, TryStreamExt as _, future::LocalBoxFuture};
use percent_encoding::percent_decode_str;
use reelgate_hls_check::{Absence, Answer, Content, NotChecked, Place, Source};
use reelgate_packager::{BucketConfig, Error, Objects};
use reqwest::Url;

/// How long a bucket in trouble is asked again.
const PATIENCE: Duration = Duration::from_secs(60);

/// The presentation whose multivariant playlist is the object `key`.
///
/// # Errors
/// When a setting of the bucket makes no sense.
pub(super) fn place(config: &BucketConfig, key: &str) -> Result<Place, NotChecked> {
    let objects = Objects::new(config, PATIENCE).map_err(not_checked)?;
    // The host in an address means nothing, the path is the key.
    let mut entry =
        Url::parse("s3://bucket/").map_err(|error| NotChecked::new(error.to_string()))?;
    entry.set_path(&format!("/{key}"));
    Ok(Place::Elsewhere {
        source: Box::new(InBucket(objects)),
        entry,
    })
}

struct InBucket(Objects);

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
            let Some(object) = self.0.open(&key, range).await.map_err(not_checked)? else {
                return Ok(Err(Absence::NotFound));
            };
            let unreadable = move |error| NotChecked::new(format!("reading {key}: {error}"));
            Ok(Ok(Content {
                content_type: object.content_type,
                chunks: object.chunks.map_err(unreadable).boxed(),
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

fn not_checked(error: Error) -> NotChecked {
    let not_checked = NotChecked::new(error.to_string());
    match error.help() {
        Some(help) => not_checked.with_help(help),
        None => not_checked,
    }
}
