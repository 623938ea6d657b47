//! The catalog, page by page.

use alloc::vec::Vec;

use super::{Catalog, ROW, Trouble};
use crate::video::{
    id::VideoId,
    row::{Row, Status},
    store::Store,
};

/// The most rows that one page of a filtered listing reads; the page is short then, and goes on.
const MAX_SCANNED: usize = 1000;

/// One page of a listing, in the order of ids.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// The rows.
    pub rows: Vec<Row>,
    /// Where the next page begins; `None` when there is nothing more. A page may be short, even empty,
    /// and still have a next.
    pub next_cursor: Option<VideoId>,
    /// Rows that could not be read; for the log.
    pub unreadable: Vec<Trouble>,
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
        let mut ids = match status {
            Some(status) if status.is_in_flight() => {
                let (_, index) = self.index().await?;
                index.ids().map(|(id, _)| id.clone()).collect()
            }
            _ => self.ids().await?,
        };
        ids.retain(|id| cursor.is_none_or(|cursor| id > cursor));
        ids.sort();
        let mut page = Page {
            rows: Vec::new(),
            next_cursor: None,
            unreadable: Vec::new(),
        };
        for (read, id) in ids.iter().enumerate() {
            if page.rows.len() == limit || read == MAX_SCANNED {
                page.next_cursor = read.checked_sub(1).map(|last| ids[last].clone());
                break;
            }
            match self.get(id).await {
                Ok(Some(row)) if status.is_none_or(|status| row.status == status) => {
                    page.rows.push(row);
                }
                Ok(_) => {}
                Err(trouble @ Trouble::Row(..)) => page.unreadable.push(trouble),
                Err(trouble) => return Err(trouble),
            }
        }
        Ok(page)
    }

    /// The ids of all rows.
    pub(super) async fn ids(&self) -> Result<Vec<VideoId>, Trouble> {
        let mut ids = Vec::new();
        let mut cursor = None;
        loop {
            let (keys, next) = self.store.keys(cursor).await?;
            let of_rows = keys.iter().filter_map(|key| key.strip_prefix(ROW));
            ids.extend(of_rows.filter_map(|id| VideoId::new(id).ok()));
            if next.is_none() {
                return Ok(ids);
            }
            cursor = next;
        }
    }
}
