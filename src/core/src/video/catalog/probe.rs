//! Whether a store can be trusted with rows.

use alloc::format;

use super::{Catalog, Trouble};
use crate::{
    time::UnixTime,
    video::{index, store::Store},
};

/// When the store last passed the probe, in seconds since 1970.
const PASSED: &str = "probe/passed";

/// How long a probe is believed, in seconds: a store is exchanged for another more seldom than hourly.
const TRUSTED_SECONDS: u64 = 3600;

impl<S: Store> Catalog<S> {
    /// Tries whether the store's compare-and-swap refuses a stale write, and all else that it has to do.
    /// To be asked once before something is written; `nonce` is 128 random bits.
    ///
    /// # Errors
    /// [`Trouble::WeakSwap`] or [`Trouble::IgnoresConditions`] when it does not; [`Trouble::Store`].
    pub async fn probe(&self, nonce: [u8; 16]) -> Result<(), Trouble> {
        self.store.probe(nonce).await
    }

    /// Makes sure that the store has passed [`Catalog::probe`] within the hour, and probes it when it has
    /// not. So many instances that start at once cost a reading each, and not a probe each.
    ///
    /// Who only reads, or sweeps, can do without: nothing gets into a store that has not passed.
    ///
    /// # Errors
    /// As for [`Catalog::probe`].
    pub async fn trust(&self, now: UnixTime, nonce: [u8; 16]) -> Result<(), Trouble> {
        let passed = self.store.get(PASSED).await?;
        let passed = passed.and_then(|at| core::str::from_utf8(&at).ok()?.parse().ok());
        if passed.is_some_and(|at: u64| now.0.abs_diff(at) < TRUSTED_SECONDS) {
            return Ok(());
        }
        self.probe(nonce).await?;
        let at = format!("{}", now.0);
        Ok(self.store.set(PASSED, at.as_bytes()).await?)
    }
}

/// A key of the probe's own.
pub(in crate::video) fn probe_key(nonce: [u8; 16]) -> alloc::string::String {
    format!("probe/{}", crate::hex::lower(&nonce))
}

/// Also sees to it that there is an index: many first writes of it could meet where the store does not
/// compare with nothing.
pub(in crate::video) async fn probe_key_value<S: Store + ?Sized>(
    store: &S,
    nonce: [u8; 16],
) -> Result<(), Trouble> {
    let key = probe_key(nonce);
    store.set(&key, b"1").await?;
    let (stale, _) = store.hold(&key).await?;
    store.set(&key, b"2").await?;
    let taken = store.swap(stale, b"3").await?;
    let (fresh, value) = store.hold(&key).await?;
    let refused = store.swap(fresh, b"4").await?;
    let last = store.get(&key).await?;
    store.delete(&key).await?;
    let right = !taken && value.as_deref() == Some(b"2");
    let works = refused && last.as_deref() == Some(b"4");
    if !right || !works {
        return Err(Trouble::WeakSwap);
    }
    index::ensure(store).await
}
