//! What is in memory, by a hash of its name, and how much that may be.
//!
//! What is kept and what is pushed out is decided by `quick_cache`: new objects have a fifth of the room and
//! reach the rest by being asked for again, so one pass over an archive pushes out little else than itself
//! (docs/adr/0015).

use crate::budget::{Budget, Held};
use crate::figures::Counters;
use crate::object::Object;
use crate::piece::CHUNK;
use quick_cache::sync::Cache as Slots;
use quick_cache::{Lifecycle, OptionsBuilder, Weighter};
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

/// What an object takes beside its bytes: names, header fields, a place in the table.
const OVERHEAD: u64 = 1024;

/// Bytes of one table at least. With fewer, objects of a few megabytes would crowd each other out of theirs.
const SHARD: u64 = 64 * 1024 * 1024;

/// The largest object that is kept. A segment of six seconds of the best picture has half of it.
const LARGEST: u64 = 32 * 1024 * 1024;

/// The largest object that is fetched whole for one who wants a part of it.
const READ_AHEAD: u64 = 8 * 1024 * 1024;

/// What is known under a name.
#[derive(Clone, Debug)]
pub(crate) enum Slot {
    /// A version of an object, whole or on its way.
    Object(Arc<Object>),
    /// An object that is not kept.
    Uncached(Uncached),
}

/// Why an object is not kept, and until when that is believed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Uncached {
    /// Its size; `u64::MAX` where size is not the reason.
    pub(crate) size: u64,
    /// In milliseconds since 1970.
    pub(crate) until: u64,
    /// The other half of the hash: names are not kept for this.
    pub(crate) check: u64,
}

/// Objects in memory.
#[derive(Debug)]
pub(crate) struct Memory {
    slots: Slots<u64, Slot, Weight, BuildHasherDefault<Hashed>, Evictions>,
    budget: Budget,
    /// Bytes that readers may hold of objects that were pushed out.
    loose: u64,
    /// Bytes that may be on their way at once.
    arriving: u64,
    largest: u64,
}

impl Memory {
    /// Room for `bytes`: three quarters for what is kept or on its way, the rest for what was pushed out while
    /// somebody still reads it.
    pub(crate) fn new(bytes: u64, counters: &Arc<Counters>) -> Self {
        let kept = bytes / 4 * 3;
        let shards = (kept / SHARD).clamp(1, 16);
        let shards = 1 << shards.ilog2();
        let options = OptionsBuilder::new()
            .shards(shards)
            .estimated_items_capacity(usize::try_from(kept / CHUNK as u64).unwrap_or(0).max(1024))
            .weight_capacity(kept)
            .hot_allocation(0.8)
            .build();
        let life = Evictions(Arc::clone(counters));
        let hasher = BuildHasherDefault::default();
        let slots = match options {
            Ok(options) => Slots::with_options(options, Weight, hasher, life),
            // All that has to be set is set above.
            Err(_) => Slots::with(1024, kept, Weight, hasher, life),
        };
        Self {
            largest: (slots.shard_capacity() / 4).min(LARGEST),
            slots,
            budget: Budget::default(),
            loose: bytes - kept,
            arriving: kept / 2,
        }
    }

    /// The largest object that is fetched whole, for one who wants it whole or a part of it.
    pub(crate) fn largest(&self, part: bool) -> u64 {
        if part {
            self.largest.min(READ_AHEAD)
        } else {
            self.largest
        }
    }

    /// What there is, and that it was asked for.
    pub(crate) fn get(&self, id: u64) -> Option<Slot> {
        self.slots.get(&id)
    }

    /// What there is.
    pub(crate) fn peek(&self, id: u64) -> Option<Slot> {
        self.slots.peek(&id)
    }

    pub(crate) fn insert(&self, id: u64, slot: Slot) {
        self.slots.insert(id, slot);
    }

    /// Takes away `object`, and no other that came in its place.
    pub(crate) fn remove(&self, id: u64, object: &Arc<Object>) {
        let same = |slot: &Slot| matches!(slot, Slot::Object(other) if Arc::ptr_eq(other, object));
        self.slots.remove_if(&id, same);
    }

    /// Room for an object of `size` bytes; `None` while too much is on its way or held by slow readers.
    pub(crate) fn reserve(&self, size: u64) -> Option<Held> {
        let bytes = size + OVERHEAD;
        let loose = self.bytes_held().saturating_sub(self.slots.weight());
        let arriving = self.budget.arriving();
        if size > self.largest || loose + bytes > self.loose || arriving + bytes > self.arriving {
            return None;
        }
        Some(self.budget.hold(bytes))
    }

    /// Bytes in memory: kept, on their way, and pushed out while somebody still reads them.
    pub(crate) fn bytes_held(&self) -> u64 {
        self.budget.alive()
    }
}

#[derive(Clone, Debug)]
struct Weight;

impl Weighter<u64, Slot> for Weight {
    fn weight(&self, _id: &u64, slot: &Slot) -> u64 {
        match slot {
            Slot::Object(object) => object.weight(),
            Slot::Uncached(_) => 64,
        }
    }
}

/// Counts what is pushed out, and keeps what is on its way: others would fetch it a second time.
#[derive(Clone, Debug)]
struct Evictions(Arc<Counters>);

impl Lifecycle<u64, Slot> for Evictions {
    /// Dropped after the table's lock is free.
    type RequestState = Vec<Slot>;

    fn is_pinned(&self, _id: &u64, slot: &Slot) -> bool {
        matches!(slot, Slot::Object(object) if object.is_arriving())
    }

    fn on_evict(&self, evicted: &mut Vec<Slot>, _id: u64, slot: Slot) {
        if matches!(slot, Slot::Object(_)) {
            self.0.evicted();
            evicted.push(slot);
        }
    }
}

/// Takes a key that is a hash already.
#[derive(Clone, Debug, Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }
}
