//! `wasi:keyvalue` as a component sees it, with Spin's answers.

use crate::keyvalue::{Bucket, Cas, Store, StoreError, Swapped};
use crate::runtime::bindings::keyvalue::atomics::{self, CasError};
use crate::runtime::bindings::keyvalue::batch;
use crate::runtime::bindings::keyvalue::store::{self, Error, KeyResponse};
use crate::runtime::store::InstanceState;
use wasmtime::Result;
use wasmtime::component::Resource;
use wasmtime_wasi::WasiView as _;

/// Handles of stores and swaps that one instance may hold, as in Spin: a component that forgets them
/// would fill the host's memory.
const MAX_HANDLES: usize = 256;

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Self::Other(error.to_string())
    }
}

type Answer<T> = Result<std::result::Result<T, Error>>;

impl InstanceState {
    fn hold<T: Send + 'static>(&mut self, handle: T) -> Answer<Resource<T>> {
        if self.stores().handles == MAX_HANDLES {
            let most = format!("more than {MAX_HANDLES} stores and swaps are open");
            return Ok(Err(Error::Other(most)));
        }
        self.stores().handles += 1;
        Ok(Ok(self.ctx().table.push(handle)?))
    }

    fn release<T: 'static>(&mut self, handle: Resource<T>) -> Result<T> {
        let released = self.ctx().table.delete(handle)?;
        let stores = self.stores();
        stores.handles = stores.handles.saturating_sub(1);
        Ok(released)
    }

    /// What an operation came to, counted.
    fn counted<T>(&self, outcome: std::result::Result<T, StoreError>) -> Answer<T> {
        self.metrics().store.count(outcome.is_ok());
        Ok(outcome.map_err(Error::from))
    }

    fn bucket(&mut self, bucket: &Resource<Bucket>) -> Result<Store> {
        Ok(self.ctx().table.get(bucket)?.0.clone())
    }
}

impl store::Host for InstanceState {
    async fn open(&mut self, identifier: String) -> Answer<Resource<Bucket>> {
        // A store that is there and not for this component is the same as one that is not there.
        match self.stores().stores.get(&identifier).cloned() {
            Some(store) => self.hold(Bucket(store)),
            None => Ok(Err(Error::AccessDenied)),
        }
    }
}

impl store::HostBucket for InstanceState {
    async fn get(&mut self, bucket: Resource<Bucket>, key: String) -> Answer<Option<Vec<u8>>> {
        let value = self.bucket(&bucket)?.get(&key).await;
        self.counted(value)
    }

    async fn set(&mut self, bucket: Resource<Bucket>, key: String, value: Vec<u8>) -> Answer<()> {
        let store = self.bucket(&bucket)?;
        let outcome = store.set(vec![(key, value)]).await;
        self.counted(outcome)
    }

    async fn delete(&mut self, bucket: Resource<Bucket>, key: String) -> Answer<()> {
        let store = self.bucket(&bucket)?;
        let outcome = store.delete(vec![key]).await;
        self.counted(outcome)
    }

    async fn exists(&mut self, bucket: Resource<Bucket>, key: String) -> Answer<bool> {
        let store = self.bucket(&bucket)?;
        let outcome = store.exists(&key).await;
        self.counted(outcome)
    }

    async fn list_keys(
        &mut self,
        bucket: Resource<Bucket>,
        cursor: Option<String>,
    ) -> Answer<KeyResponse> {
        let keys = self.bucket(&bucket)?.keys(cursor).await;
        self.counted(keys.map(|keys| KeyResponse {
            keys: keys.keys,
            cursor: keys.cursor,
        }))
    }

    async fn drop(&mut self, bucket: Resource<Bucket>) -> Result<()> {
        self.release(bucket).map(drop)
    }
}

impl batch::Host for InstanceState {
    async fn get_many(
        &mut self,
        bucket: Resource<Bucket>,
        keys: Vec<String>,
    ) -> Answer<Vec<(String, Option<Vec<u8>>)>> {
        let store = self.bucket(&bucket)?;
        let outcome = store.get_many(keys).await;
        self.counted(outcome)
    }

    async fn set_many(
        &mut self,
        bucket: Resource<Bucket>,
        pairs: Vec<(String, Vec<u8>)>,
    ) -> Answer<()> {
        let outcome = self.bucket(&bucket)?.set(pairs).await;
        self.counted(outcome)
    }

    async fn delete_many(&mut self, bucket: Resource<Bucket>, keys: Vec<String>) -> Answer<()> {
        let store = self.bucket(&bucket)?;
        let outcome = store.delete(keys).await;
        self.counted(outcome)
    }
}

impl atomics::HostCas for InstanceState {
    async fn new(&mut self, bucket: Resource<Bucket>, key: String) -> Answer<Resource<Cas>> {
        let store = self.bucket(&bucket)?;
        let seen = store.get(&key).await;
        match self.counted(seen)? {
            Ok(seen) => self.hold(Cas { store, key, seen }),
            Err(error) => Ok(Err(error)),
        }
    }

    async fn current(&mut self, cas: Resource<Cas>) -> Answer<Option<Vec<u8>>> {
        Ok(Ok(self.ctx().table.get(&cas)?.seen.clone()))
    }

    async fn drop(&mut self, cas: Resource<Cas>) -> Result<()> {
        self.release(cas).map(drop)
    }
}

impl atomics::Host for InstanceState {
    async fn increment(
        &mut self,
        bucket: Resource<Bucket>,
        key: String,
        delta: i64,
    ) -> Answer<i64> {
        let store = self.bucket(&bucket)?;
        let outcome = store.increment(key, delta).await;
        self.counted(outcome)
    }

    async fn swap(
        &mut self,
        cas: Resource<Cas>,
        value: Vec<u8>,
    ) -> Result<std::result::Result<(), CasError>> {
        let Cas { store, key, seen } = self.release(cas)?;
        let swapped = store.swap(key.clone(), seen, value).await;
        match self.counted(swapped)? {
            Ok(Swapped::Done) => Ok(Ok(())),
            Ok(Swapped::Stale(seen)) => {
                let next = self.hold(Cas { store, key, seen })?;
                Ok(Err(
                    next.map_or_else(CasError::StoreError, CasError::CasFailed)
                ))
            }
            Err(error) => Ok(Err(CasError::StoreError(error))),
        }
    }
}
