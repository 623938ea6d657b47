//! What the catalog needs of a key-value store.

use alloc::{string::String, vec::Vec};
use core::fmt;

/// A key-value store with compare-and-swap: `wasi:keyvalue`'s `store` and `atomics`, or a map in a test.
///
/// A driver maps each function to one call. Nothing here is tried again by itself.
pub trait Store {
    /// What [`Store::swap`] compares with: a `cas` handle of `wasi:keyvalue/atomics`.
    type Held;

    /// The value of `key`.
    fn get(&self, key: &str) -> impl Future<Output = Result<Option<Vec<u8>>, StoreError>>;

    /// The value of `key`, held for a swap: `cas::new` and `current`.
    fn hold(
        &self,
        key: &str,
    ) -> impl Future<Output = Result<(Self::Held, Option<Vec<u8>>), StoreError>>;

    /// Writes `value` if the key still has the value that was held. `false` when it has another one.
    fn swap(
        &self,
        held: Self::Held,
        value: &[u8],
    ) -> impl Future<Output = Result<bool, StoreError>>;

    /// Writes `value`, whatever was there.
    fn set(&self, key: &str, value: &[u8]) -> impl Future<Output = Result<(), StoreError>>;

    /// Deletes `key`, if it is there.
    fn delete(&self, key: &str) -> impl Future<Output = Result<(), StoreError>>;

    /// A page of the keys, in any order, and where the next one begins; `None` with the last.
    fn keys(
        &self,
        cursor: Option<String>,
    ) -> impl Future<Output = Result<(Vec<String>, Option<String>), StoreError>>;

    /// Waits before a swap is tried again that has lost for the `round`th time, counted from 1: a random
    /// time that grows with `round`, from nothing to some 20 ms.
    fn pause(&self, round: u32) -> impl Future<Output = ()>;
}

/// Why the store did not do what was asked, for the operator. Whether a write took place is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreError(pub String);

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl core::error::Error for StoreError {}
