//! Which rows are in flight, in a key-value store: one value, so that a sweep need not read all rows.

use alloc::{collections::BTreeMap, vec::Vec};
use core::ops::{Bound, RangeInclusive};

use serde::{Deserialize, Serialize};

use super::{
    catalog::{ROUNDS, Trouble, parse, row_key},
    id::VideoId,
    join::join,
    row::{Row, json},
    store::{Entries, Entry, Store},
};

/// The index's key.
pub(super) const KEY: &str = "index/encoding";

/// The most rows in flight at once. Stream encodes 120 at a time, the others wait; a value of some
/// 600 KB is what every store still takes.
pub const MAX_IN_FLIGHT: usize = 10_000;

/// The ids in flight, each with the least `rev` its row has from the write on that put it in flight.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Index {
    v: u32,
    ids: BTreeMap<VideoId, u64>,
}

impl Index {
    fn new(ids: BTreeMap<VideoId, u64>) -> Self {
        Self { v: 1, ids }
    }

    fn parse(json: &[u8]) -> Result<Self, Trouble> {
        match serde_json::from_slice::<Self>(json) {
            Ok(index) if index.v == 1 => Ok(index),
            Ok(_) => Err(Trouble::Index("is of a newer version; update this program")),
            Err(_) => Err(Trouble::Index(
                "cannot be read; delete it, and it will be made again of all rows",
            )),
        }
    }

    fn to_json(&self) -> Vec<u8> {
        json(self)
    }

    /// Announces that the row of `id`, now at `rev`, is about to be in flight. Gives the `rev` that it
    /// is to be written with. The entry always changes, so that whoever has read the index before and
    /// wants to remove something must read it again.
    fn announce(&mut self, id: &VideoId, rev: u64) -> Result<u64, Trouble> {
        let known = self.ids.get(id).copied();
        if known.is_none() && self.ids.len() >= MAX_IN_FLIGHT {
            return Err(Trouble::Full);
        }
        let next = known.unwrap_or(0).max(rev).saturating_add(1);
        self.ids.insert(id.clone(), next);
        Ok(next)
    }

    /// Removes the entry of `id` if it is one of these.
    fn remove(&mut self, id: &VideoId, entries: &RangeInclusive<u64>) -> bool {
        let is_meant = self
            .ids
            .get(id)
            .is_some_and(|entry| entries.contains(entry));
        if is_meant {
            self.ids.remove(id);
        }
        is_meant
    }

    fn after(&self, after: Option<&VideoId>, limit: usize) -> Entries {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let mut behind = self.ids.range((from, Bound::Unbounded));
        let entries: Vec<Entry> = behind
            .by_ref()
            .take(limit)
            .map(|(id, rev)| Entry {
                id: id.clone(),
                rev: *rev,
            })
            .collect();
        let last = entries.last().map(|entry| entry.id.clone());
        Entries {
            entries,
            next: last.filter(|_| behind.next().is_some()),
        }
    }
}

pub(super) async fn announce<S: Store + ?Sized>(store: &S, row: &Row) -> Result<u64, Trouble> {
    for round in 1..=ROUNDS {
        let (held, mut index) = hold(store).await?;
        let rev = index.announce(&row.id, row.rev)?;
        if store.swap(held, &index.to_json()).await? {
            return Ok(rev);
        }
        store.pause(round).await;
    }
    Err(Trouble::Contended)
}

pub(super) async fn entries<S: Store + ?Sized>(
    store: &S,
    after: Option<&VideoId>,
    limit: usize,
) -> Result<Entries, Trouble> {
    let (_, index) = hold(store).await?;
    Ok(index.after(after, limit))
}

/// Once is enough: who loses has an index that others have just changed, and the next sweep.
pub(super) async fn remove<S: Store + ?Sized>(
    store: &S,
    entries: &[Entry],
) -> Result<usize, Trouble> {
    if entries.is_empty() {
        return Ok(0);
    }
    let (held, mut index) = hold(store).await?;
    let removed = entries
        .iter()
        .filter(|entry| index.remove(&entry.id, &(entry.rev..=entry.rev)))
        .count();
    let won = removed > 0 && store.swap(held, &index.to_json()).await?;
    Ok(if won { removed } else { 0 })
}

/// What the row itself knows of its flight tells its entry from one of a later row under the same id.
pub(super) async fn settle<S: Store + ?Sized>(store: &S, rows: &[&Row]) {
    if rows.is_empty() {
        return;
    }
    for round in 1..=ROUNDS {
        let Ok((held, Some(json))) = store.hold(KEY).await else {
            return;
        };
        let Ok(mut index) = Index::parse(&json) else {
            return;
        };
        let removed = rows
            .iter()
            .filter(|row| index.remove(&row.id, &(row.flight.unwrap_or(0)..=row.rev)))
            .count();
        if removed == 0 || store.swap(held, &index.to_json()).await.unwrap_or(true) {
            return;
        }
        store.pause(round).await;
    }
}

/// Makes the index, where there is none.
pub(super) async fn ensure<S: Store + ?Sized>(store: &S) -> Result<(), Trouble> {
    hold(store).await.map(|_| ())
}

/// The index, held; made of all rows when there is none.
async fn hold<S: Store + ?Sized>(store: &S) -> Result<(S::Held, Index), Trouble> {
    for round in 1..=ROUNDS {
        let (held, value) = store.hold(KEY).await?;
        if let Some(json) = value {
            return Ok((held, Index::parse(&json)?));
        }
        let made = of_all_rows(store).await?;
        // Read again, whoever has won: a store may not compare where the key was absent.
        store.swap(held, &made.to_json()).await?;
        store.pause(round).await;
    }
    Err(Trouble::Contended)
}

async fn of_all_rows<S: Store + ?Sized>(store: &S) -> Result<Index, Trouble> {
    let all = store.ids(None, usize::MAX).await?.ids;
    let entries = join(S::AT_ONCE, all.iter().map(|id| entry_of(store, id))).await;
    let entries = entries.into_iter().filter_map(Result::transpose);
    Ok(Index::new(entries.collect::<Result<_, _>>()?))
}

async fn entry_of<S: Store + ?Sized>(
    store: &S,
    id: &VideoId,
) -> Result<Option<(VideoId, u64)>, Trouble> {
    let Some(json) = store.get(&row_key(id)).await? else {
        return Ok(None);
    };
    // What cannot be read keeps no other from being found.
    let row = parse(id, &json).ok();
    let in_flight = row.filter(|row| row.status.is_in_flight());
    Ok(in_flight.map(|row| (id.clone(), row.rev)))
}
