//! The catalog: rows in a key-value store, so written that a crash at any moment loses nothing.
//!
//! | key | value |
//! | --- | --- |
//! | `video/{id}` | the row, JSON |
//! | `uid/{stream_uid}` | the id of the row that has this uid |
//! | `index/encoding` | the ids of the rows in flight, JSON |
//!
//! Every change of a row or of the index is a compare-and-swap, tried again a bounded number of times.
//! A row that goes in flight is announced in the index first, then written; then its uid is noted; when
//! it is in flight no more, its index entry is removed last. So the index holds every row in flight
//! after a crash at any moment, and perhaps some more, which [`Catalog::in_flight`] takes out.
//!
//! Removing is the delicate part: somebody may be about to put the same row in flight again. So each
//! write of a row has a number, `rev`, and an entry the number of the write that it announces. An entry
//! is removed on account of a row only when the row's number is not less. Then the announced write has
//! taken place, or can no longer: its swap compares with an older row. An entry whose write was given up
//! is freed by a write that changes nothing but the number.
//!
//! When there is no index, whoever wants it makes it of all rows. Everything else costs as much as there
//! are rows in flight, however many the catalog holds; only a listing reads all keys.

use alloc::{format, string::String, vec::Vec};
use core::fmt;

mod flight;
mod listing;

pub use listing::Page;

use super::{
    id::{StreamUid, VideoId},
    index,
    lifecycle::{self, Event, Outcome, Refusal, Stale, Via},
    problem::Kind,
    report::Report,
    row::{BadRow, Row, Status},
    store::{Store, StoreError},
};
use crate::time::UnixTime;

/// How often a swap is tried. Each loss means that another one won, so this many can meet at one row.
const ROUNDS: u32 = 256;

/// Why the catalog could not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The id has a row already.
    Taken,
    /// As many rows are in flight as the index may hold.
    Full,
    /// Others were faster, time and again.
    Contended,
    /// The store failed.
    Store(StoreError),
    /// A row cannot be read.
    Row(VideoId, BadRow),
    /// The index cannot be read, with the reason as a clause.
    Index(&'static str),
    /// The store's compare-and-swap has taken a stale write: nothing can be kept in it.
    WeakSwap,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Taken => f.write_str("id is taken"),
            Self::Full => write!(f, "{} videos are in flight", index::MAX_IN_FLIGHT),
            Self::Contended => f.write_str("too many wrote at once; try again"),
            Self::Store(error) => write!(f, "store failed: {error}"),
            Self::Row(id, error) => write!(f, "video {id}: {error}"),
            Self::Index(reason) => write!(f, "{} {reason}", index::KEY),
            Self::WeakSwap => f.write_str(
                "store took a stale write as a compare-and-swap; use another store, or another version of it",
            ),
        }
    }
}

impl core::error::Error for Trouble {}

impl Trouble {
    /// What a client is told about it.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Taken => Kind::Taken,
            Self::Full => Kind::Full,
            Self::Contended | Self::Store(_) => Kind::Unavailable,
            Self::Row(..) | Self::Index(_) | Self::WeakSwap => Kind::Internal,
        }
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// What became of an event.
#[derive(Clone, Debug, PartialEq)]
pub struct Applied {
    /// The row as it is now.
    pub row: Row,
    /// Whether the event has changed it.
    pub effect: Effect,
}

/// What an event did; [`Outcome`] without the row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The row was written.
    Changed,
    /// The row knew it already.
    Same,
    /// The event was about something that is over.
    Stale(Stale),
    /// The row's state does not allow it.
    Refused(Refusal),
}

/// Every row in flight.
#[derive(Clone, Debug, PartialEq)]
pub struct InFlight {
    /// The rows, in the order of ids.
    pub rows: Vec<Row>,
    /// Entries that were taken out of the index.
    pub repaired: usize,
    /// Rows that could not be read; for the log. They stay in the index.
    pub unreadable: Vec<Trouble>,
}

/// The rows in a store. Of a kind that may be made anew for each request.
#[derive(Clone, Debug)]
pub struct Catalog<S> {
    store: S,
}

impl<S: Store> Catalog<S> {
    /// The catalog in `store`.
    pub fn new(store: S) -> Self {
        Self { store }
    }

    /// Tries whether the store's compare-and-swap refuses a stale write, and sees to it that there is an
    /// index. To be asked once before the catalog is trusted; `nonce` is 128 random bits.
    ///
    /// # Errors
    /// [`Trouble::WeakSwap`] when it does not; [`Trouble::Store`].
    pub async fn probe(&self, nonce: [u8; 16]) -> Result<(), Trouble> {
        let key = format!("probe/{}", crate::hex::lower(&nonce));
        self.store.set(&key, b"1").await?;
        let (stale, _) = self.store.hold(&key).await?;
        self.store.set(&key, b"2").await?;
        let taken = self.store.swap(stale, b"3").await?;
        let (fresh, value) = self.store.hold(&key).await?;
        let refused = self.store.swap(fresh, b"4").await?;
        let last = self.store.get(&key).await?;
        self.store.delete(&key).await?;
        let right = !taken && value.as_deref() == Some(b"2");
        let works = refused && last.as_deref() == Some(b"4");
        if !right || !works {
            return Err(Trouble::WeakSwap);
        }
        // Many first writes of the index could meet where the store does not compare with nothing.
        self.index().await.map(|_| ())
    }

    /// Makes sure that the store has passed [`Catalog::probe`] within the hour, and probes it when it has
    /// not. So many instances that start at once cost a reading each, and not a probe each.
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

    /// Writes a new row, made by [`Row::register`].
    ///
    /// # Errors
    /// [`Trouble::Taken`] when the id has one.
    pub async fn register(&self, row: &Row) -> Result<(), Trouble> {
        let key = row_key(&row.id);
        let (held, value) = self.store.hold(&key).await?;
        if value.is_some() || !self.store.swap(held, &row.to_json()).await? {
            return Err(Trouble::Taken);
        }
        // A store may not compare where the key was absent, and then several have won: the last one
        // has, and the nonce tells which one that is.
        match self.get(&row.id).await? {
            Some(written) if written.nonce == row.nonce => Ok(()),
            _ => Err(Trouble::Taken),
        }
    }

    /// The row of `id`.
    ///
    /// # Errors
    /// [`Trouble::Store`], [`Trouble::Row`].
    pub async fn get(&self, id: &VideoId) -> Result<Option<Row>, Trouble> {
        let value = self.store.get(&row_key(id)).await?;
        value.map(|json| parse(id, &json)).transpose()
    }

    /// Applies an event to the row of `id`; `None` when there is no such row.
    ///
    /// # Errors
    /// [`Trouble`]; then the event may or may not have been applied, and may be sent again.
    pub async fn apply(
        &self,
        id: &VideoId,
        event: &Event,
        now: UnixTime,
    ) -> Result<Option<Applied>, Trouble> {
        let applied = self.write(id, event, now).await?;
        if let Some(applied) = &applied {
            self.settle(&[applied]).await;
        }
        Ok(applied)
    }

    /// Applies many events, and touches the index once for all of them. Each has an answer of its own, in
    /// the same order; one that fails does not keep the others.
    pub async fn apply_all(
        &self,
        events: &[(VideoId, Event)],
        now: UnixTime,
    ) -> Vec<Result<Option<Applied>, Trouble>> {
        let mut answers = Vec::with_capacity(events.len());
        for (id, event) in events {
            answers.push(self.write(id, event, now).await);
        }
        let applied: Vec<&Applied> = answers.iter().flatten().flatten().collect();
        self.settle(&applied).await;
        answers
    }

    /// Applies a report to the row that it is about, told by its uid or else by its label; `None` when
    /// it is about none, or about a copy that is none of the row's any more.
    ///
    /// # Errors
    /// [`Trouble`]; the report may be sent again.
    pub async fn report(
        &self,
        report: &Report,
        via: Via,
        now: UnixTime,
    ) -> Result<Option<Row>, Trouble> {
        let noted = self.store.get(&uid_key(&report.uid)).await?;
        let noted = noted.and_then(|id| VideoId::new(core::str::from_utf8(&id).ok()?).ok());
        let labelled = report.label.as_ref().map(|label| label.id.clone());
        let Some(id) = noted.or(labelled) else {
            return Ok(None);
        };
        let event = Event::Report {
            report: report.clone(),
            via,
        };
        let applied = self.apply(&id, &event, now).await?;
        Ok(applied
            .filter(|applied| !matches!(applied.effect, Effect::Stale(_)))
            .map(|applied| applied.row))
    }

    /// Deletes the row of `id` and what points to it; `false` when there was none.
    ///
    /// # Errors
    /// [`Trouble::Store`]; some of it may be left, and may be deleted again.
    pub async fn delete(&self, id: &VideoId) -> Result<bool, Trouble> {
        let Some(json) = self.store.get(&row_key(id)).await? else {
            return Ok(false);
        };
        self.store.delete(&row_key(id)).await?;
        // A row that nobody can read may be deleted all the same.
        let Ok(row) = Row::parse(&json) else {
            return Ok(true);
        };
        if let Some(uid) = &row.stream_uid {
            self.store.delete(&uid_key(uid)).await?;
        }
        if row.status.is_in_flight() {
            self.remove(&[(id.clone(), row.rev)]).await;
        }
        Ok(true)
    }

    /// The row, its uid, but not yet the end of its index entry.
    async fn write(
        &self,
        id: &VideoId,
        event: &Event,
        now: UnixTime,
    ) -> Result<Option<Applied>, Trouble> {
        for round in 1..=ROUNDS {
            let (held, value) = self.store.hold(&row_key(id)).await?;
            let Some(json) = value else {
                return Ok(None);
            };
            let row = parse(id, &json)?;
            let mut next = match lifecycle::apply(&row, event, now) {
                Outcome::Changed(next) => *next,
                Outcome::Same => return Ok(Some(Effect::Same.on(row))),
                Outcome::Stale(stale) => return Ok(Some(Effect::Stale(stale).on(row))),
                Outcome::Refused(refusal) => return Ok(Some(Effect::Refused(refusal).on(row))),
            };
            next.rev = if next.status.is_in_flight() && !row.status.is_in_flight() {
                self.announce(&row).await?
            } else {
                row.rev.saturating_add(1)
            };
            if self.store.swap(held, &next.to_json()).await? {
                self.note_uid(&row, &next).await?;
                return Ok(Some(Effect::Changed.on(next)));
            }
            self.store.pause(round).await;
        }
        Err(Trouble::Contended)
    }

    async fn note_uid(&self, before: &Row, after: &Row) -> Result<(), Trouble> {
        if before.stream_uid == after.stream_uid {
            return Ok(());
        }
        if let Some(uid) = &after.stream_uid {
            let id = after.id.as_str().as_bytes();
            self.store.set(&uid_key(uid), id).await?;
        }
        if let Some(uid) = &before.stream_uid {
            self.store.delete(&uid_key(uid)).await?;
        }
        Ok(())
    }
}

const ROW: &str = "video/";

/// When the store last passed the probe, in seconds since 1970.
const PASSED: &str = "probe/passed";

/// How long a probe is believed, in seconds: a store is exchanged for another more seldom than hourly.
const TRUSTED_SECONDS: u64 = 3600;

fn row_key(id: &VideoId) -> String {
    format!("{ROW}{id}")
}

fn uid_key(uid: &StreamUid) -> String {
    format!("uid/{uid}")
}

fn parse(id: &VideoId, json: &[u8]) -> Result<Row, Trouble> {
    let row = Row::parse(json).map_err(|error| Trouble::Row(id.clone(), error))?;
    if row.id != *id {
        let error = BadRow::Malformed(format!("it is the row of {}", row.id));
        return Err(Trouble::Row(id.clone(), error));
    }
    Ok(row)
}

impl Effect {
    fn on(self, row: Row) -> Applied {
        Applied { row, effect: self }
    }
}

impl Row {
    /// Whether its last step was from in flight to the end.
    fn has_landed(&self) -> bool {
        matches!(self.status, Status::Ready | Status::Failed)
    }
}
