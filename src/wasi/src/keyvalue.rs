//! The catalog's store: a key-value store of the host.

use crate::random::random;
use crate::wait::pause;
use bindings::wasi::keyvalue::{atomics, store};
use reelgate_core::video::StoreError;
use std::time::Duration;

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

/// The longest pause after a swap that was lost, in microseconds: time for some hundred others to win.
const MAX_PAUSE: u64 = 20_000;

/// How much longer it may be for each loss, in microseconds; a swap takes about as long.
const PAUSE_STEP: u64 = 200;

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
        store::open(name).map(Self).map_err(failed)
    }
}

impl reelgate_core::video::Store for Store {
    type Held = atomics::Cas;

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.get(key).map_err(failed)
    }

    async fn hold(&self, key: &str) -> Result<(atomics::Cas, Option<Vec<u8>>), StoreError> {
        let held = atomics::Cas::new(&self.0, key).map_err(failed)?;
        let value = held.current().map_err(failed)?;
        Ok((held, value))
    }

    async fn swap(&self, held: atomics::Cas, value: &[u8]) -> Result<bool, StoreError> {
        match atomics::swap(held, value) {
            Ok(()) => Ok(true),
            Err(atomics::CasError::CasFailed(_)) => Ok(false),
            Err(atomics::CasError::StoreError(error)) => Err(failed(error)),
        }
    }

    async fn set(&self, key: &str, value: &[u8]) -> Result<(), StoreError> {
        self.0.set(key, value).map_err(failed)
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.0.delete(key).map_err(failed)
    }

    async fn keys(
        &self,
        cursor: Option<String>,
    ) -> Result<(Vec<String>, Option<String>), StoreError> {
        let page = self.0.list_keys(cursor.as_deref()).map_err(failed)?;
        Ok((page.keys, page.cursor))
    }

    async fn pause(&self, round: u32) {
        let longest = MAX_PAUSE.min(PAUSE_STEP.saturating_mul(u64::from(round)));
        let [high, low, ..] = random();
        let share = u64::from(u16::from_be_bytes([high, low]));
        pause(Duration::from_micros(longest * share / u64::from(u16::MAX))).await;
    }
}

fn failed(error: store::Error) -> StoreError {
    match error {
        store::Error::NoSuchStore => {
            StoreError::Unusable("the host has no key-value store of that name".into())
        }
        store::Error::AccessDenied => {
            StoreError::Unusable("the store is not in this component's key_value_stores".into())
        }
        store::Error::Other(reason) => StoreError::Unavailable(reason),
    }
}
