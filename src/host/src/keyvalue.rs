//! Key-value stores: what a component reaches through `wasi:keyvalue`.
//!
//! `config` says which there are, `embedded` and `redis` keep them, `handles` are what an instance holds
//! of them.

mod config;
mod embedded;
mod handles;
mod redis;

pub use crate::keyvalue::config::{Address, ConfigError, Place, RuntimeConfig};
pub use crate::keyvalue::embedded::care::{CareError, Sound, backup, check, repair};
pub(crate) use crate::keyvalue::handles::InstanceStores;
#[expect(
    unreachable_pub,
    reason = "generated code names them, and that is public within this crate"
)]
pub use crate::keyvalue::handles::{Bucket, Cas};

use crate::keyvalue::embedded::Embedded;
use crate::keyvalue::redis::Redis;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How long a component waits for a store before it gets an error. More than a busy disk or a network
/// needs, and well below the time a component has for its answer.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Longer keys are refused, in bytes: an index of them must stay small.
const MAX_KEY: usize = 1024;
/// Longer values are refused, in bytes: each is held in memory a few times over.
const MAX_VALUE: usize = 8 << 20;
/// Keys of one part of a list: 50,000 of 100 bytes are a sixth of what memory a component has.
const PAGE: usize = 50_000;

/// The name of the store that every application has.
const DEFAULT: &str = "default";
/// Its file, in the host's folder.
const DEFAULT_FILE: &str = "store.redb";

/// Why a store cannot be opened, at the start.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has the file.
    #[error("the key-value store {} is open in another process", .0.display())]
    Taken(PathBuf),
    /// A file of something else.
    #[error("{} is no key-value store of this host: {cause}", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// How it shows.
        cause: String,
    },
    /// The file or its folder cannot be used.
    #[error("cannot open the key-value store {}: {cause}", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: String,
    },
    /// Not the address of a Redis.
    #[error("the key-value store `{label}` cannot be reached: {cause}")]
    Address {
        /// The store's name.
        label: String,
        /// Why.
        cause: String,
    },
    /// Nobody said where this store is.
    #[error(
        "component `{component}` uses the key-value store `{label}`, which is not in the runtime configuration"
    )]
    Unknown {
        /// Who.
        component: String,
        /// Which.
        label: String,
    },
}

/// Why a store did not do what a component asked. Whether a change happened is then not known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum StoreError {
    /// It gave no answer in time.
    #[error("the store gave no answer within {} s", TIMEOUT.as_secs())]
    TimedOut,
    /// It cannot be reached, or its disk failed.
    #[error("the store is down: {0}")]
    Down(String),
    /// It refuses this.
    #[error("{0}")]
    Refused(String),
}

impl StoreError {
    fn refused(why: impl Into<String>) -> Self {
        Self::Refused(why.into())
    }
}

/// What a compare-and-swap did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Swapped {
    /// The value is the new one.
    Done,
    /// Nothing, for this is the value now.
    Stale(Option<Vec<u8>>),
}

/// A part of the list of keys, each part in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Keys {
    pub(crate) keys: Vec<String>,
    /// Where the next part begins, where more follow; only the store knows what it means.
    pub(crate) cursor: Option<String>,
}

/// One store. Clones are the same store.
#[derive(Clone, Debug)]
pub(crate) enum Store {
    Embedded(Embedded),
    Redis(Redis),
}

/// Asks the store, whichever it is, and waits no longer than [`TIMEOUT`].
macro_rules! ask {
    ($store:expr, $ask:ident($($argument:expr),*)) => {{
        let asked = async {
            match $store {
                Store::Embedded(store) => store.$ask($($argument),*).await,
                Store::Redis(store) => store.$ask($($argument),*).await,
            }
        };
        tokio::time::timeout(TIMEOUT, asked).await.unwrap_or(Err(StoreError::TimedOut))
    }};
}

type Answer<T> = Result<T, StoreError>;

impl Store {
    pub(crate) async fn get(&self, key: &str) -> Answer<Option<Vec<u8>>> {
        check_key(key)?;
        ask!(self, get(key))
    }

    pub(crate) async fn get_many(
        &self,
        keys: Vec<String>,
    ) -> Answer<Vec<(String, Option<Vec<u8>>)>> {
        keys.iter().try_for_each(|key| check_key(key))?;
        ask!(self, get_many(keys))
    }

    pub(crate) async fn exists(&self, key: &str) -> Answer<bool> {
        check_key(key)?;
        ask!(self, exists(key))
    }

    /// The keys from `cursor` on, which another part of the list gave.
    pub(crate) async fn keys(&self, cursor: Option<String>) -> Answer<Keys> {
        ask!(self, keys(cursor))
    }

    /// Gives every key its value, all at once.
    pub(crate) async fn set(&self, pairs: Vec<(String, Vec<u8>)>) -> Answer<()> {
        for (key, value) in &pairs {
            check_key(key)?;
            check_value(value)?;
        }
        ask!(self, set(pairs))
    }

    /// Takes the keys away, all at once.
    pub(crate) async fn delete(&self, keys: Vec<String>) -> Answer<()> {
        keys.iter().try_for_each(|key| check_key(key))?;
        ask!(self, delete(keys))
    }

    /// Adds to a number, which is kept as decimal text, as Redis keeps it.
    pub(crate) async fn increment(&self, key: String, delta: i64) -> Answer<i64> {
        check_key(&key)?;
        ask!(self, increment(key, delta))
    }

    /// Writes `value` where the key's value is `expected`; `None` is no value.
    pub(crate) async fn swap(
        &self,
        key: String,
        expected: Option<Vec<u8>>,
        value: Vec<u8>,
    ) -> Answer<Swapped> {
        check_value(&value)?;
        ask!(self, swap(key, expected, value))
    }
}

fn check_key(key: &str) -> Answer<()> {
    match key.len() {
        1..=MAX_KEY => Ok(()),
        length => Err(StoreError::refused(format!(
            "a key has 1 to {MAX_KEY} bytes, this one {length}"
        ))),
    }
}

fn check_value(value: &[u8]) -> Answer<()> {
    if value.len() <= MAX_VALUE {
        return Ok(());
    }
    Err(StoreError::refused(format!(
        "a value has at most {MAX_VALUE} bytes, this one {}",
        value.len()
    )))
}

/// Every store of the host, opened when a component first asks for it at the start.
pub struct Stores {
    places: BTreeMap<String, Place>,
    open: BTreeMap<String, Store>,
    files: BTreeMap<PathBuf, Embedded>,
}

impl fmt::Debug for Stores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.places.keys()).finish()
    }
}

impl Stores {
    /// Those of `config`; `default`, where it is not among them, is a file in the folder `data`.
    #[must_use]
    pub fn new(config: RuntimeConfig, data: &Path) -> Self {
        let mut places = config.stores;
        places
            .entry(DEFAULT.to_owned())
            .or_insert_with(|| Place::File(data.join(DEFAULT_FILE)));
        Self {
            places,
            open: BTreeMap::new(),
            files: BTreeMap::new(),
        }
    }

    /// The stores with these labels, for the component `component`.
    ///
    /// # Errors
    ///
    /// A label without a place; a file that another host has, or that is none of ours.
    pub(crate) fn of(
        &mut self,
        component: &str,
        labels: &BTreeSet<String>,
    ) -> Result<Arc<BTreeMap<String, Store>>, OpenError> {
        let mut stores = BTreeMap::new();
        for label in labels {
            stores.insert(label.clone(), self.store(component, label)?);
        }
        Ok(Arc::new(stores))
    }

    fn store(&mut self, component: &str, label: &str) -> Result<Store, OpenError> {
        if let Some(store) = self.open.get(label) {
            return Ok(store.clone());
        }
        let store =
            match self.places.get(label) {
                Some(Place::File(path)) => {
                    let path = path.clone();
                    Store::Embedded(self.file(&path)?.table(label))
                }
                Some(Place::Redis(url)) => Store::Redis(Redis::new(url.expose()).map_err(
                    |cause| OpenError::Address {
                        label: label.to_owned(),
                        cause,
                    },
                )?),
                None => {
                    return Err(OpenError::Unknown {
                        component: component.to_owned(),
                        label: label.to_owned(),
                    });
                }
            };
        self.open.insert(label.to_owned(), store.clone());
        Ok(store)
    }

    /// Stores may share a file; a file is opened once.
    fn file(&mut self, path: &Path) -> Result<&Embedded, OpenError> {
        let file = match self.files.remove(path) {
            Some(file) => file,
            None => Embedded::open(path)?,
        };
        Ok(self.files.entry(path.to_owned()).or_insert(file))
    }
}
