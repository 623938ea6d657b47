//! Whether a bucket heeds conditions, and whether the key pair may do what has to be done.

use super::{BucketStore, Transport, names};
use crate::video::{
    catalog::{Trouble, probe_key},
    store::{Store, StoreError},
};

impl<T: Transport> BucketStore<'_, T> {
    pub(super) async fn probe_bucket(&self, nonce: [u8; 16]) -> Result<(), Trouble> {
        let key = probe_key(nonce);
        let tried = self.try_conditions(&key).await;
        let deleted = self.delete(&key).await;
        tried?;
        Ok(deleted?)
    }

    async fn try_conditions(&self, key: &str) -> Result<(), Trouble> {
        const FIRST: Trouble = Trouble::IgnoresConditions("If-None-Match");
        const NEXT: Trouble = Trouble::IgnoresConditions("If-Match");
        expect(self.create(key, b"1").await?, FIRST)?;
        expect(!self.create(key, b"2").await?, FIRST)?;
        let (held, _) = self.hold(key).await?;
        expect(self.swap(held.clone(), b"3").await?, NEXT)?;
        expect(!self.swap(held, b"4").await?, NEXT)?;
        self.find(&names::object(key)).await
    }

    /// A list that leaves out what has just been written would lose a row in flight.
    async fn find(&self, name: &str) -> Result<(), Trouble> {
        let page = self.page(name, None, 1).await?;
        if page.keys != [name] {
            let how = "bucket's list of objects leaves out what has just been written";
            return Err(StoreError::Garbled(how.into()).into());
        }
        Ok(())
    }
}

fn expect(right: bool, otherwise: Trouble) -> Result<(), Trouble> {
    if right { Ok(()) } else { Err(otherwise) }
}
