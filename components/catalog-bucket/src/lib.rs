//! Keeps the videos as objects of the bucket, under `.reelgate/`.
//!
//! May reach the bucket's endpoint and nothing else. Every rule is in `reelgate_core::video`.

use reelgate_wasi::core::video::config::CatalogBucket;
use reelgate_wasi::core::video::{self, BucketStore, StoreError, Trouble};
use reelgate_wasi::{BucketTransport, OncePerInstance, variable};

struct Catalog;

reelgate_wasi::export_catalog!(Catalog);

static CONFIG: OncePerInstance<CatalogBucket> = OncePerInstance::new();

impl reelgate_wasi::video::KeepsRows for Catalog {
    type Store = BucketStore<'static, BucketTransport>;

    fn rows() -> Result<video::Catalog<Self::Store>, Trouble> {
        let bucket = CONFIG.get(|| CatalogBucket::from_lookup(&variable));
        let bucket = bucket.ok_or_else(|| {
            StoreError::Unusable("misconfigured; the log names the variables".into())
        })?;
        Ok(video::Catalog::new(BucketStore::new(
            bucket,
            BucketTransport,
        )))
    }
}
