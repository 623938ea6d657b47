//! What one instance holds of stores: handles, and how many.

use crate::keyvalue::Store;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The stores one instance may open, and how much of them it holds.
#[derive(Debug)]
pub(crate) struct InstanceStores {
    pub(crate) stores: Arc<BTreeMap<String, Store>>,
    pub(crate) handles: usize,
}

impl InstanceStores {
    /// None is open yet.
    pub(crate) fn new(stores: &Arc<BTreeMap<String, Store>>) -> Self {
        Self {
            stores: Arc::clone(stores),
            handles: 0,
        }
    }
}

/// `wasi:keyvalue/store.bucket`
#[derive(Clone, Debug)]
#[expect(
    unreachable_pub,
    reason = "generated code names it, and that is public within this crate"
)]
pub struct Bucket(pub(crate) Store);

/// `wasi:keyvalue/atomics.cas`: a value as it was when the handle was made.
#[derive(Debug)]
#[expect(
    unreachable_pub,
    reason = "generated code names it, and that is public within this crate"
)]
pub struct Cas {
    pub(crate) store: Store,
    pub(crate) key: String,
    pub(crate) seen: Option<Vec<u8>>,
}
