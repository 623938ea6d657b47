//! The catalog's index: rows enter it before they are in flight, and leave it after.

use alloc::{collections::BTreeMap, vec::Vec};

use super::{Applied, Catalog, Effect, InFlight, ROUNDS, Trouble, parse, row_key, uid_key};
use crate::video::{
    id::VideoId,
    index::{self, Index},
    row::Row,
    store::Store,
};

impl<S: Store> Catalog<S> {
    /// Every row in flight. What of the index is left over from a crash is taken out, and a uid that
    /// was not noted is noted.
    ///
    /// # Errors
    /// [`Trouble::Store`], [`Trouble::Index`].
    pub async fn in_flight(&self) -> Result<InFlight, Trouble> {
        let (held, mut index) = self.index().await?;
        let entries: Vec<(VideoId, u64)> =
            index.ids().map(|(id, entry)| (id.clone(), entry)).collect();
        let mut found = InFlight {
            rows: Vec::new(),
            repaired: 0,
            unreadable: Vec::new(),
        };
        for (id, entry) in entries {
            match self.get(&id).await {
                Ok(Some(row)) if row.status.is_in_flight() => {
                    self.note_missing_uid(&row).await?;
                    found.rows.push(row);
                }
                Ok(Some(row)) => {
                    if row.rev >= entry || self.overtake(&id, entry).await? {
                        found.repaired += usize::from(index.settle(&id, row.rev.max(entry)));
                    }
                }
                Ok(None) => found.repaired += usize::from(index.forget(&id)),
                Err(trouble @ Trouble::Row(..)) => found.unreadable.push(trouble),
                Err(trouble) => return Err(trouble),
            }
        }
        // Once is enough: who loses has an index that others have just changed, and the next sweep.
        if found.repaired > 0 && !self.store.swap(held, &index.to_json()).await? {
            found.repaired = 0;
        }
        Ok(found)
    }

    /// The index says, before the row does, that the row is in flight.
    pub(super) async fn announce(&self, row: &Row) -> Result<u64, Trouble> {
        for round in 1..=ROUNDS {
            let (held, mut index) = self.index().await?;
            let rev = index.announce(&row.id, row.rev)?;
            if self.store.swap(held, &index.to_json()).await? {
                return Ok(rev);
            }
            self.store.pause(round).await;
        }
        Err(Trouble::Contended)
    }

    /// The index, held; made of all rows when there is none.
    pub(super) async fn index(&self) -> Result<(S::Held, Index), Trouble> {
        for round in 1..=ROUNDS {
            let (held, value) = self.store.hold(index::KEY).await?;
            if let Some(json) = value {
                return Ok((held, Index::parse(&json)?));
            }
            let made = self.index_of_all_rows().await?;
            // Read again, whoever has won: a store may not compare where the key was absent.
            self.store.swap(held, &made.to_json()).await?;
            self.store.pause(round).await;
        }
        Err(Trouble::Contended)
    }

    async fn index_of_all_rows(&self) -> Result<Index, Trouble> {
        let mut ids = BTreeMap::new();
        for id in self.ids().await? {
            match self.get(&id).await {
                Ok(Some(row)) if row.status.is_in_flight() => {
                    ids.insert(id, row.rev);
                }
                Ok(_) | Err(Trouble::Row(..)) => {}
                Err(trouble) => return Err(trouble),
            }
        }
        Ok(Index::new(ids))
    }

    /// Frees an entry whose write never came: whoever still wants to write it must begin anew.
    async fn overtake(&self, id: &VideoId, entry: u64) -> Result<bool, Trouble> {
        let (held, value) = self.store.hold(&row_key(id)).await?;
        let Some(mut row) = value.map(|json| parse(id, &json)).transpose()? else {
            return Ok(false);
        };
        if row.status.is_in_flight() || row.rev >= entry {
            return Ok(false);
        }
        row.rev = entry;
        Ok(self.store.swap(held, &row.to_json()).await?)
    }

    /// Takes out of the index what is in flight no more. What fails here the next sweep does.
    pub(super) async fn settle(&self, applied: &[&Applied]) {
        let settled: Vec<(VideoId, u64)> = applied
            .iter()
            .filter(|applied| applied.effect == Effect::Changed)
            .filter(|applied| applied.row.has_landed())
            .map(|applied| (applied.row.id.clone(), applied.row.rev))
            .collect();
        self.remove(&settled).await;
    }

    pub(super) async fn remove(&self, settled: &[(VideoId, u64)]) {
        if settled.is_empty() {
            return;
        }
        for round in 1..=ROUNDS {
            let Ok((held, Some(json))) = self.store.hold(index::KEY).await else {
                return;
            };
            let Ok(mut index) = Index::parse(&json) else {
                return;
            };
            let removed = settled
                .iter()
                .filter(|(id, rev)| index.settle(id, *rev))
                .count();
            if removed == 0
                || self
                    .store
                    .swap(held, &index.to_json())
                    .await
                    .unwrap_or(true)
            {
                return;
            }
            self.store.pause(round).await;
        }
    }

    async fn note_missing_uid(&self, row: &Row) -> Result<(), Trouble> {
        let Some(uid) = &row.stream_uid else {
            return Ok(());
        };
        let key = uid_key(uid);
        if self.store.get(&key).await?.is_none() {
            self.store.set(&key, row.id.as_str().as_bytes()).await?;
        }
        Ok(())
    }
}
