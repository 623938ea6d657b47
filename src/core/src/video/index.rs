//! Which rows are in flight: one value of the store, so that a sweep need not read all rows.

use alloc::{collections::BTreeMap, vec::Vec};

use serde::{Deserialize, Serialize};

use super::{catalog::Trouble, id::VideoId, row::json};

/// The index's key.
pub(super) const KEY: &str = "index/encoding";

/// The most rows in flight at once. Stream encodes 120 at a time, the others wait; a value of some
/// 600 KB is what every store still takes.
pub const MAX_IN_FLIGHT: usize = 10_000;

/// The ids in flight, each with the least `rev` its row has from the write on that put it in flight.
///
/// An entry may be ahead of its row: then a write is on its way, or was given up. It may only be removed
/// on account of a row whose `rev` is not less, for such a row is not the one that the entry waits for.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Index {
    v: u32,
    ids: BTreeMap<VideoId, u64>,
}

impl Index {
    pub(super) fn new(ids: BTreeMap<VideoId, u64>) -> Self {
        Self { v: 1, ids }
    }

    pub(super) fn parse(json: &[u8]) -> Result<Self, Trouble> {
        match serde_json::from_slice::<Self>(json) {
            Ok(index) if index.v == 1 => Ok(index),
            Ok(_) => Err(Trouble::Index("is of a newer version; update this program")),
            Err(_) => Err(Trouble::Index(
                "cannot be read; delete it, and it will be made again of all rows",
            )),
        }
    }

    pub(super) fn to_json(&self) -> Vec<u8> {
        json(self)
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = (&VideoId, u64)> {
        self.ids.iter().map(|(id, rev)| (id, *rev))
    }

    /// Announces that the row of `id`, now at `rev`, is about to be in flight. Gives the `rev` that it
    /// is to be written with. The entry always changes, so that whoever has read the index before and
    /// wants to remove something must read it again.
    pub(super) fn announce(&mut self, id: &VideoId, rev: u64) -> Result<u64, Trouble> {
        let known = self.ids.get(id).copied();
        if known.is_none() && self.ids.len() >= MAX_IN_FLIGHT {
            return Err(Trouble::Full);
        }
        let next = known.unwrap_or(0).max(rev).saturating_add(1);
        self.ids.insert(id.clone(), next);
        Ok(next)
    }

    /// Removes the entry of a row that has been written with `rev` and is in flight no more.
    pub(super) fn settle(&mut self, id: &VideoId, rev: u64) -> bool {
        let settled = self.ids.get(id).is_some_and(|entry| *entry <= rev);
        if settled {
            self.ids.remove(id);
        }
        settled
    }

    /// Removes the entry of a row that is not there.
    pub(super) fn forget(&mut self, id: &VideoId) -> bool {
        self.ids.remove(id).is_some()
    }
}
