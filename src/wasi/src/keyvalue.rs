//! Key-value stores of the host.

use bindings::wasi::keyvalue::{atomics, store};
use std::fmt;

#[allow(
    unsafe_code,
    missing_docs,
    clippy::all,
    reason = "generated: foreign calls need it"
)]
mod bindings {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "stored",
        generate_all,
    });
}

/// Why a store gave no answer, for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreError(String);

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<store::Error> for StoreError {
    fn from(error: store::Error) -> Self {
        Self(match error {
            store::Error::NoSuchStore => "the host has no such key-value store".into(),
            store::Error::AccessDenied => {
                "the key-value store is not in this component's key_value_stores".into()
            }
            store::Error::Other(reason) => format!("the key-value store failed: {reason}"),
        })
    }
}

/// An open store.
#[derive(Debug)]
pub struct Store(store::Bucket);

impl Store {
    /// Opens the store that the manifest calls `name`.
    ///
    /// # Errors
    ///
    /// There is none, it is not for this component, or it failed.
    pub fn open(name: &str) -> Result<Self, StoreError> {
        Ok(Self(store::open(name)?))
    }

    /// The value of `key`; `None` where it has none.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.0.get(key)?)
    }

    /// Takes `key` away, whoever wrote it last.
    ///
    /// # Errors
    ///
    /// The store failed; the key may be there or not.
    pub fn delete(&self, key: &str) -> Result<(), StoreError> {
        Ok(self.0.delete(key)?)
    }

    /// Every key, in no order.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub fn keys(&self) -> Result<Vec<String>, StoreError> {
        let mut part = self.0.list_keys(None)?;
        let mut keys = part.keys;
        while let Some(cursor) = part.cursor.take() {
            part = self.0.list_keys(Some(&cursor))?;
            keys.append(&mut part.keys);
        }
        Ok(keys)
    }

    /// The value of `key`, to be compared when another is written.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub fn compare(&self, key: &str) -> Result<Compared, StoreError> {
        let cas = atomics::Cas::new(&self.0, key)?;
        Ok(Compared {
            value: cas.current()?,
            cas,
        })
    }
}

/// A value that nobody must have changed when another takes its place.
#[derive(Debug)]
pub struct Compared {
    cas: atomics::Cas,
    value: Option<Vec<u8>>,
}

impl Compared {
    /// The value as it was found; `None` where there was none.
    #[must_use]
    pub fn value(&self) -> Option<&[u8]> {
        self.value.as_deref()
    }

    /// Writes `value` if nobody has written since. `false`: somebody has, and nothing was written.
    ///
    /// # Errors
    ///
    /// The store failed; `value` may be there or not.
    pub fn swap(self, value: &[u8]) -> Result<bool, StoreError> {
        match atomics::swap(self.cas, value) {
            Ok(()) => Ok(true),
            Err(atomics::CasError::CasFailed(_)) => Ok(false),
            Err(atomics::CasError::StoreError(error)) => Err(error.into()),
        }
    }
}
