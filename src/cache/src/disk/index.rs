//! Which files there are, and which of them go when there are too many.

use quick_cache::sync::Cache as Table;
use quick_cache::{DefaultHashBuilder, Lifecycle, OptionsBuilder, Weighter};
use std::fmt;

/// Bytes that file systems hand out at once: what a file really takes.
const BLOCK: u64 = 4096;

/// Bytes of a usual object: how many places to prepare.
const USUAL: u64 = 1024 * 1024;

/// The name of a file, which says nothing of the film.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Name(u128);

impl Name {
    /// The name of the object at `path` in the bucket of `key`.
    pub(super) fn of(key: &[u8; 32], path: &str) -> Self {
        let hash = blake3::keyed_hash(key, path.as_bytes());
        let (half, _) = hash.as_bytes().split_at(16);
        Self(half.try_into().map_or(0, u128::from_be_bytes))
    }

    /// Reads a file's name.
    pub(super) fn parse(name: &str) -> Option<Self> {
        let name = Self(
            u128::from_str_radix(name, 16)
                .ok()
                .filter(|_| name.len() == 32)?,
        );
        Some(name)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// Files by name, with their sizes.
#[derive(Debug)]
pub(super) struct Index(Table<Name, u64, Size, DefaultHashBuilder, Collect>);

impl Index {
    /// Room for files of `bytes` in all.
    pub(super) fn new(bytes: u64) -> Self {
        let items = usize::try_from(bytes / USUAL).unwrap_or(0).max(1024);
        let options = OptionsBuilder::new()
            .shards(1)
            .estimated_items_capacity(items)
            .weight_capacity(bytes)
            .hot_allocation(0.8)
            .build();
        Self(match options {
            Ok(options) => {
                Table::with_options(options, Size, DefaultHashBuilder::default(), Collect)
            }
            // All that has to be set is set above.
            Err(_) => Table::with(items, bytes, Size, DefaultHashBuilder::default(), Collect),
        })
    }

    /// Whether there is a file, and that it was asked for.
    pub(super) fn get(&self, name: Name) -> bool {
        self.0.get(&name).is_some()
    }

    pub(super) fn contains(&self, name: Name) -> bool {
        self.0.contains_key(&name)
    }

    /// Makes room for a file of `bytes`, and gives those that have to go; the new one among them when it is too
    /// large.
    pub(super) fn insert(&self, name: Name, bytes: u64) -> Vec<Name> {
        let mut gone = Vec::new();
        self.0
            .insert_with_lifecycle(name, bytes.next_multiple_of(BLOCK), &mut gone);
        gone
    }

    pub(super) fn remove(&self, name: Name) {
        self.0.remove(&name);
    }

    pub(super) fn bytes(&self) -> u64 {
        self.0.weight()
    }
}

#[derive(Clone, Debug)]
struct Size;

impl Weighter<Name, u64> for Size {
    fn weight(&self, _name: &Name, bytes: &u64) -> u64 {
        *bytes
    }
}

#[derive(Clone, Debug)]
struct Collect;

impl Lifecycle<Name, u64> for Collect {
    type RequestState = Vec<Name>;

    fn on_evict(&self, gone: &mut Vec<Name>, name: Name, _bytes: u64) {
        gone.push(name);
    }
}
