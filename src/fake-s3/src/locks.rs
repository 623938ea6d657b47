//! One writer or many readers for each object.

use std::{
    hash::{BuildHasher as _, RandomState},
    sync::Arc,
};

use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};

/// Locks shared by all objects; two objects seldom have the same one. Enough for the connections
/// of a laptop, and nothing to clean up.
const LOCKS: usize = 256;

/// Keeps a reader from seeing the bytes of one version with the ETag of another: s3s-fs puts an
/// object's file in place first and writes its ETag after.
pub(crate) struct Locks {
    locks: Vec<Arc<RwLock<()>>>,
    hasher: RandomState,
}

impl Locks {
    pub(crate) fn new() -> Self {
        Self {
            locks: (0..LOCKS).map(|_| Arc::default()).collect(),
            hasher: RandomState::new(),
        }
    }

    /// Waits until nobody writes the object. Hold it while the object's files are opened.
    pub(crate) async fn read(&self, bucket: &str, key: &str) -> OwnedRwLockReadGuard<()> {
        self.of(bucket, key).read_owned().await
    }

    /// Waits until nobody reads or writes the object. Never wait for a second one meanwhile.
    pub(crate) async fn write(&self, bucket: &str, key: &str) -> OwnedRwLockWriteGuard<()> {
        self.of(bucket, key).write_owned().await
    }

    fn of(&self, bucket: &str, key: &str) -> Arc<RwLock<()>> {
        let number = self.hasher.hash_one((bucket, key)) as usize % LOCKS;
        Arc::clone(&self.locks[number])
    }
}
