//! What the catalog needs of the place where it keeps its rows.

use alloc::{string::String, vec::Vec};
use core::fmt;

use super::{
    catalog::{self, Trouble},
    id::VideoId,
    index,
    row::Row,
};

/// A store with compare-and-swap: `wasi:keyvalue`'s `store` and `atomics`, a
/// [bucket](super::bucket::BucketStore), or a map in a test.
///
/// A driver of a key-value store maps each function that has to be written to one call. The others are
/// for a store that does better than they: above all one in which the ids in flight cannot be one value.
pub trait Store {
    /// What [`Store::swap`] compares with: a `cas` handle of `wasi:keyvalue/atomics`.
    type Held;

    /// How many operations for one caller go on at once. More than one pays where each of them is a
    /// request over the network.
    const AT_ONCE: usize = 1;

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
    /// time that grows with `round`, from nothing to about as long as a few swaps take.
    fn pause(&self, round: u32) -> impl Future<Output = ()>;

    /// Writes `value` if there is no `key` yet. `false` when there is.
    fn create(&self, key: &str, value: &[u8]) -> impl Future<Output = Result<bool, StoreError>> {
        async move {
            let (held, known) = self.hold(key).await?;
            Ok(known.is_none() && self.swap(held, value).await?)
        }
    }

    /// The ids of the rows that stand behind `after` in the store's order of ids, at most `limit` of them.
    fn ids(
        &self,
        after: Option<&VideoId>,
        limit: usize,
    ) -> impl Future<Output = Result<Ids, StoreError>> {
        catalog::ids_of_keys(self, after, limit)
    }

    /// Makes known that `row`, as it was read, is about to go in flight: from now on [`Store::entries`]
    /// has an entry for it. Gives the number, above the row's own, that it has to be written with.
    fn announce(&self, row: &Row) -> impl Future<Output = Result<u64, Trouble>> {
        index::announce(self, row)
    }

    /// The entries of the rows that stand behind `after` in the store's order of ids, of at most `limit`
    /// rows.
    fn entries(
        &self,
        after: Option<&VideoId>,
        limit: usize,
    ) -> impl Future<Output = Result<Entries, Trouble>> {
        index::entries(self, after, limit)
    }

    /// Removes these entries, as they stand here. Gives how many were removed: perhaps none when others
    /// write at the same time.
    fn remove(&self, entries: &[Entry]) -> impl Future<Output = Result<usize, Trouble>> {
        index::remove(self, entries)
    }

    /// Removes the entries of rows that were in flight and, as they stand here, are no more, or that have
    /// been deleted. What it leaves, a sweep takes.
    fn settle(&self, rows: &[&Row]) -> impl Future<Output = ()> {
        index::settle(self, rows)
    }

    /// Tries whether the store keeps what this trait promises; `nonce` is 128 random bits.
    fn probe(&self, nonce: [u8; 16]) -> impl Future<Output = Result<(), Trouble>> {
        catalog::probe_key_value(self, nonce)
    }
}

/// A page of ids.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ids {
    /// In the order of the store.
    pub ids: Vec<VideoId>,
    /// Whether there are more behind the last.
    pub more: bool,
}

/// What says of a row that it is in flight, or is about to be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// The row.
    pub id: VideoId,
    /// The number of the write that the entry announces.
    pub rev: u64,
}

/// A page of entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entries {
    /// In the order of the store; those of one row beside each other.
    pub entries: Vec<Entry>,
    /// The last row of the page, when there are more behind it.
    pub next: Option<VideoId>,
}

/// Why the store did not do what was asked, for the operator. Whether a write took place is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreError {
    /// It is away or too busy, for now. Says how.
    Unavailable(String),
    /// There is no such store, or it is not open to this program at all. Says what to mend.
    Unusable(String),
    /// The bucket's key pair lacks a right.
    Forbidden(Right),
    /// It has said what cannot be. Says what, as a clause.
    Garbled(String),
}

/// What a key pair may do to the objects of the catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    /// `s3:GetObject`
    Read,
    /// `s3:PutObject`
    Write,
    /// `s3:DeleteObject`
    Delete,
    /// `s3:ListBucket`
    List,
}

impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            // S3 hides from whoever may not list that there is no such object.
            Self::Read => "read objects (GetObject, and ListBucket for what is not there)",
            Self::Write => "write objects (PutObject)",
            Self::Delete => "delete objects (DeleteObject)",
            Self::List => "list the bucket (ListBucket)",
        })
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unavailable(reason) | Self::Unusable(reason) | Self::Garbled(reason) => {
                f.write_str(reason)
            }
            Self::Forbidden(right) => write!(
                f,
                "the key pair may not {right} under {}; give that right to the pair of \
                 catalog_access_key_id and catalog_secret_access_key, or, where these are empty, of \
                 s3_access_key_id and s3_secret_access_key",
                crate::key::RESERVED
            ),
        }
    }
}

impl core::error::Error for StoreError {}
