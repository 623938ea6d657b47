//! The catalog, page by page.

use alloc::{
    collections::BTreeSet,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;

use serde::Serialize;

use super::{Catalog, ROW, Trouble};
use crate::video::{
    id::VideoId,
    join::join,
    row::{Row, Status},
    store::{Ids, Store, StoreError},
};

/// The most rows that one page of a filtered listing reads; the page is short then, and goes on.
const MAX_SCANNED: usize = 1000;

/// One page of a listing, in the store's order of ids: by the alphabet, but for ids that begin with
/// another id.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// The rows.
    pub rows: Vec<Row>,
    /// Where the next page begins; `None` when there is nothing more. A page may be short, even empty,
    /// and still have a next.
    pub next_cursor: Option<VideoId>,
    /// Rows that could not be read.
    pub unreadable: Vec<Damaged>,
}

/// A row that is there and cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Damaged {
    /// Its id.
    pub id: VideoId,
    /// Why, for the operator.
    pub reason: String,
}

impl fmt::Display for Damaged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "video {}: {}", self.id, self.reason)
    }
}

impl<S: Store> Catalog<S> {
    /// A page of at most `limit` rows, of all or of one status, after the id `cursor`.
    ///
    /// # Errors
    /// [`Trouble::Store`], [`Trouble::Index`].
    pub async fn list(
        &self,
        status: Option<Status>,
        cursor: Option<&VideoId>,
        limit: usize,
    ) -> Result<Page, Trouble> {
        let Ids { ids, more } = self.candidates(status, cursor, limit).await?;
        let mut page = Page {
            rows: Vec::new(),
            next_cursor: None,
            unreadable: Vec::new(),
        };
        let mut read = 0;
        while page.rows.len() < limit && read < ids.len() {
            let wanted = limit - page.rows.len();
            let some = &ids[read..ids.len().min(read + wanted)];
            for row in join(S::AT_ONCE, some.iter().map(|id| self.get(id))).await {
                page.take(status, row)?;
            }
            read += some.len();
        }
        if more || read < ids.len() {
            page.next_cursor = read.checked_sub(1).map(|last| ids[last].clone());
        }
        Ok(page)
    }

    /// The ids of rows that may have the status.
    async fn candidates(
        &self,
        status: Option<Status>,
        after: Option<&VideoId>,
        limit: usize,
    ) -> Result<Ids, Trouble> {
        match status {
            None => Ok(self.store.ids(after, limit).await?),
            Some(status) if status.is_in_flight() => {
                let found = self.store.entries(after, MAX_SCANNED).await?;
                let mut ids: Vec<VideoId> =
                    found.entries.into_iter().map(|entry| entry.id).collect();
                ids.dedup();
                let more = found.next.is_some();
                Ok(Ids { ids, more })
            }
            Some(_) => Ok(self.store.ids(after, MAX_SCANNED).await?),
        }
    }
}

impl Page {
    fn take(
        &mut self,
        status: Option<Status>,
        row: Result<Option<Row>, Trouble>,
    ) -> Result<(), Trouble> {
        match row {
            Ok(Some(row)) if status.is_none_or(|status| row.status == status) => {
                self.rows.push(row);
            }
            Ok(_) => {}
            Err(Trouble::Row(id, error)) => self.unreadable.push(Damaged {
                id,
                reason: error.to_string(),
            }),
            Err(trouble) => return Err(trouble),
        }
        Ok(())
    }
}

/// The ids in order, of a store that knows no order of keys: all keys are read, and no more of them
/// kept than are wanted. A key may come twice.
pub(in crate::video) async fn ids_of_keys<S: Store + ?Sized>(
    store: &S,
    after: Option<&VideoId>,
    limit: usize,
) -> Result<Ids, StoreError> {
    let mut first = BTreeSet::new();
    let mut more = false;
    let mut cursor = None;
    loop {
        let (keys, next) = store.keys(cursor).await?;
        let of_rows = keys.iter().filter_map(|key| key.strip_prefix(ROW));
        for id in of_rows.filter_map(|id| VideoId::new(id).ok()) {
            if after.is_none_or(|after| id > *after) {
                first.insert(id);
            }
            if first.len() > limit {
                first.pop_last();
                more = true;
            }
        }
        if next.is_none() {
            break;
        }
        cursor = next;
    }
    let ids = first.into_iter().collect();
    Ok(Ids { ids, more })
}
