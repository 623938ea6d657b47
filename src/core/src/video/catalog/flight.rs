//! The catalog's rows in flight: announced before they are in flight, settled after.

use alloc::{string::ToString, vec::Vec};

use super::{Applied, Catalog, Damaged, Effect, Trouble, parse, row_key};
use crate::video::{
    id::VideoId,
    join::join,
    row::Row,
    store::{Entries, Entry, Store},
};

/// The most rows of one page.
const PAGE: usize = 500;

/// The most pages that one sweep looks at. As many rows as it may ask Stream for, fifty at a time in
/// [`BUDGET`](crate::video::sweep::BUDGET) calls.
const PAGES: usize = 4;

/// The last row that the sweep before has looked at, when there were more; empty when there were not.
const CURSOR: &str = "sweep/cursor";

/// Rows in flight.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InFlight {
    /// The rows in the order of the store, without `meta` and `history`.
    pub rows: Vec<Row>,
    /// Where the next page begins; `None` with the last.
    pub next: Option<VideoId>,
    /// Entries that were taken out, for their rows are in flight no more.
    pub repaired: usize,
    /// Rows that could not be read. Their entries stay.
    pub unreadable: Vec<Damaged>,
}

/// What becomes of an entry, now that its row has been read.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Keep,
    Remove,
    /// It is ahead of its row: a write is on its way, or was given up.
    Overtake,
}

impl<S: Store> Catalog<S> {
    /// A page of at most 500 rows in flight, after the row `after`. What a crash has left over is taken
    /// out.
    ///
    /// # Errors
    /// [`Trouble::Store`], [`Trouble::Index`].
    pub async fn in_flight(&self, after: Option<&VideoId>) -> Result<InFlight, Trouble> {
        let entries = self.store.entries(after, PAGE).await?;
        self.rows_of(entries).await
    }

    /// The rows that a sweep has to look at now: all that are in flight, and of more than 500 up to 2,000
    /// behind those that the sweep before has looked at. So every sweep gets further, and none has to hold
    /// more than it can. `next` tells where the sweep after this one begins.
    ///
    /// # Errors
    /// As for [`Catalog::in_flight`].
    pub async fn to_sweep(&self) -> Result<InFlight, Trouble> {
        let first = self.store.entries(None, PAGE).await?;
        if first.next.is_none() {
            return self.rows_of(first).await;
        }
        let mut found = self.rows_of(self.behind_the_last(first).await?).await?;
        for _ in 1..PAGES {
            let Some(next) = found.next.take() else {
                break;
            };
            found.append(self.in_flight(Some(&next)).await?);
        }
        let last = found.next.as_ref().map_or("", VideoId::as_str);
        self.store.set(CURSOR, last.as_bytes()).await?;
        Ok(found)
    }

    /// The page behind what the sweep before has looked at; `first` when there is none.
    async fn behind_the_last(&self, first: Entries) -> Result<Entries, Trouble> {
        let last = self.store.get(CURSOR).await?;
        let last = last.and_then(|id| VideoId::new(core::str::from_utf8(&id).ok()?).ok());
        let Some(last) = last else {
            return Ok(first);
        };
        let behind = self.store.entries(Some(&last), PAGE).await?;
        Ok(if behind.entries.is_empty() {
            first
        } else {
            behind
        })
    }

    async fn rows_of(&self, Entries { entries, next }: Entries) -> Result<InFlight, Trouble> {
        let of_rows: Vec<&[Entry]> = entries.chunk_by(|one, other| one.id == other.id).collect();
        let read = of_rows
            .iter()
            .map(|entries| self.without_extras(&entries[0].id));
        let mut found = InFlight {
            next,
            ..InFlight::default()
        };
        let mut over = Vec::new();
        for (entries, row) in of_rows.iter().zip(join(S::AT_ONCE, read).await) {
            let row = match row {
                Ok(row) => row,
                Err(Trouble::Row(id, error)) => {
                    let reason = error.to_string();
                    found.unreadable.push(Damaged { id, reason });
                    continue;
                }
                Err(trouble) => return Err(trouble),
            };
            for entry in *entries {
                if self.is_over(entry, row.as_ref()).await? {
                    over.push(entry.clone());
                }
            }
            found
                .rows
                .extend(row.filter(|row| row.status.is_in_flight()));
        }
        // What fails here the next sweep does.
        found.repaired = self.store.remove(&over).await.unwrap_or(0);
        Ok(found)
    }

    /// A sweep needs neither what the portal keeps with the row nor its past, and has many rows.
    async fn without_extras(&self, id: &VideoId) -> Result<Option<Row>, Trouble> {
        let row = self.get(id).await?;
        Ok(row.map(|mut row| {
            row.meta.clear();
            row.history = Vec::new();
            row
        }))
    }

    async fn is_over(&self, entry: &Entry, row: Option<&Row>) -> Result<bool, Trouble> {
        match judge(entry, row) {
            Verdict::Keep => Ok(false),
            Verdict::Remove => Ok(true),
            Verdict::Overtake => self.overtake(entry).await,
        }
    }

    /// Frees an entry whose write never came: whoever still wants to write it must begin anew.
    async fn overtake(&self, entry: &Entry) -> Result<bool, Trouble> {
        let id = &entry.id;
        let (held, value) = self.store.hold(&row_key(id)).await?;
        let Some(mut row) = value.and_then(|json| parse(id, &json).ok()) else {
            return Ok(false);
        };
        if judge(entry, Some(&row)) != Verdict::Overtake {
            return Ok(false);
        }
        row.rev = entry.rev;
        Ok(self.store.swap(held, &row.to_json()).await?)
    }

    /// Takes out what is in flight no more. What fails here the next sweep does.
    pub(super) async fn settle(&self, applied: &[&Applied]) {
        let landed: Vec<&Row> = applied
            .iter()
            .filter(|applied| applied.effect == Effect::Changed)
            .filter(|applied| applied.row.has_landed())
            .map(|applied| &applied.row)
            .collect();
        self.store.settle(&landed).await;
    }
}

fn judge(entry: &Entry, row: Option<&Row>) -> Verdict {
    match row {
        None => Verdict::Remove,
        Some(row) if row.status.is_in_flight() => match row.flight {
            Some(flight) if flight > entry.rev => Verdict::Remove,
            _ => Verdict::Keep,
        },
        Some(row) if row.rev >= entry.rev => Verdict::Remove,
        Some(_) => Verdict::Overtake,
    }
}

impl InFlight {
    fn append(&mut self, page: Self) {
        self.rows.extend(page.rows);
        self.next = page.next;
        self.repaired += page.repaired;
        self.unreadable.extend(page.unreadable);
    }
}
