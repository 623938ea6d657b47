//! The rows in flight: one empty object each, named for the row and the write that it announces.
//!
//! A marker is written without a condition and deleted by its name alone. Both may happen late or twice:
//! one that should not be there is taken out by a sweep, and one that is deleted announces a write that
//! can no longer take place.

use alloc::vec::Vec;

use super::{AT_ONCE, BucketStore, Transport, listing::MAX_KEYS, names};
use crate::video::{
    catalog::Trouble,
    id::VideoId,
    join::join,
    row::Row,
    store::{Entries, Entry, StoreError},
};

impl<T: Transport> BucketStore<'_, T> {
    /// Two who announce the same row write the same object, and only one of them will write the row.
    pub(super) async fn put_marker(&self, row: &Row) -> Result<u64, Trouble> {
        let entry = Entry {
            id: row.id.clone(),
            rev: row.rev.saturating_add(1),
        };
        self.put(&names::marker(&entry), &[]).await?;
        Ok(entry.rev)
    }

    pub(super) async fn markers(
        &self,
        after: Option<&VideoId>,
        limit: usize,
    ) -> Result<Entries, Trouble> {
        let mut found = Entries::default();
        let mut rows = 0;
        let mut from = after.map(names::behind_markers);
        loop {
            let page = self
                .page(names::IN_FLIGHT, from.as_deref(), MAX_KEYS)
                .await?;
            for entry in page
                .keys
                .iter()
                .filter_map(|key| names::entry_of_marker(key))
            {
                let last = found.entries.last().map(|last| &last.id);
                if last != Some(&entry.id) {
                    if rows == limit {
                        found.next = last.cloned();
                        return Ok(found);
                    }
                    rows += 1;
                }
                found.entries.push(entry);
            }
            if !page.more {
                return Ok(found);
            }
            from = page.keys.last().cloned();
        }
    }

    pub(super) async fn delete_markers(&self, entries: &[Entry]) -> Result<usize, Trouble> {
        let names: Vec<_> = entries.iter().map(names::marker).collect();
        let deletions = names.iter().map(|name| self.remove_object(name));
        let deleted = join(AT_ONCE, deletions).await;
        deleted
            .into_iter()
            .collect::<Result<Vec<()>, StoreError>>()?;
        Ok(entries.len())
    }

    /// A row that does not know by which write it went in flight is left to a sweep.
    pub(super) async fn settle_markers(&self, rows: &[&Row]) {
        let entry = |row: &&Row| {
            Some(Entry {
                id: row.id.clone(),
                rev: row.flight?,
            })
        };
        let entries: Vec<Entry> = rows.iter().filter_map(entry).collect();
        let _ = self.delete_markers(&entries).await;
    }
}
