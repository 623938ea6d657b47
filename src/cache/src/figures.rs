//! What the cache has done so far.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts since the start, and what is held now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Requests answered without a word to the bucket.
    pub hits: u64,
    /// Of these, requests that waited for or followed what was fetched for another.
    pub joined: u64,
    /// Of the hits, requests whose object was read from disk.
    pub disk_hits: u64,
    /// Requests for which an object was fetched.
    pub misses: u64,
    /// Requests that the bucket was left to answer: what is not kept, and HEAD or a condition about what is
    /// not here.
    pub passed: u64,
    /// Requests for which the bucket confirmed that an object has not changed.
    pub revalidations: u64,
    /// Bytes of bodies that came out of the cache.
    pub bytes_served: u64,
    /// Bytes in memory now: kept, on their way, and pushed out while somebody still reads them.
    pub bytes_held: u64,
    /// Bytes on disk now.
    pub bytes_on_disk: u64,
    /// Objects that were pushed out of memory.
    pub evictions: u64,
    /// Objects that were pushed off the disk.
    pub disk_evictions: u64,
    /// Fetches that broke off or were given up.
    pub broken: u64,
    /// Files that could not be read or written, or were not what was written.
    pub disk_errors: u64,
}

/// The same, being counted.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    hits: AtomicU64,
    joined: AtomicU64,
    disk_hits: AtomicU64,
    misses: AtomicU64,
    passed: AtomicU64,
    revalidations: AtomicU64,
    bytes_served: AtomicU64,
    evictions: AtomicU64,
    disk_evictions: AtomicU64,
    broken: AtomicU64,
    disk_errors: AtomicU64,
}

macro_rules! count {
    ($($name:ident $counter:ident)*) => {
        $(pub(crate) fn $name(&self) {
            self.$counter.fetch_add(1, Ordering::Relaxed);
        })*
    };
}

impl Counters {
    count! {
        hit hits
        joined joined
        disk_hit disk_hits
        miss misses
        passed passed
        revalidated revalidations
        evicted evictions
        evicted_from_disk disk_evictions
        broken broken
        disk_error disk_errors
    }

    pub(crate) fn served(&self, bytes: u64) {
        self.bytes_served.fetch_add(bytes, Ordering::Relaxed);
    }

    /// The counts; what is held others know.
    pub(crate) fn read(&self) -> Figures {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Figures {
            hits: read(&self.hits),
            joined: read(&self.joined),
            disk_hits: read(&self.disk_hits),
            misses: read(&self.misses),
            passed: read(&self.passed),
            revalidations: read(&self.revalidations),
            bytes_served: read(&self.bytes_served),
            bytes_held: 0,
            bytes_on_disk: 0,
            evictions: read(&self.evictions),
            disk_evictions: read(&self.disk_evictions),
            broken: read(&self.broken),
            disk_errors: read(&self.disk_errors),
        }
    }
}
