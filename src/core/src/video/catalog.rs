//! The catalog: rows in a store, so written that a crash at any moment loses nothing.
//!
//! | key-value store | bucket | content |
//! | --- | --- | --- |
//! | `video/{id}` | `.reelgate/videos/{id}.json` | the row, JSON |
//! | `uid/{stream_uid}` | `.reelgate/uids/{stream_uid}` | the id of the row that has this uid |
//! | `index/encoding` | | the ids of the rows in flight, JSON |
//! | | `.reelgate/in-flight/{id}/{rev}` | nothing: there is one such object for each row in flight |
//! | `sweep/cursor` | `.reelgate/sweep` | the last row that a sweep of many has looked at |
//! | `probe/…` | `.reelgate/probe/…` | see [`Catalog::trust`] |
//!
//! Every change of a row is a compare-and-swap, tried again a bounded number of times. Before a row goes in
//! flight, an entry announces it: in the index, or as an object of its own, for a bucket takes one write a
//! second for a key. When it is in flight no more, its entry is removed last. So there is an entry for every
//! row in flight after a crash at any moment, and perhaps some more, which [`Catalog::in_flight`] takes out.
//! A uid is noted before the row that has it is written.
//!
//! Removing is the delicate part: somebody may be about to put the same row in flight again. So each
//! write of a row has a number, `rev`, and an entry the number of the write that it announces. An entry is
//! removed only on account of a row that is gone, or whose number is not less while it is not in flight,
//! or that is in flight by a later announcement. Then the announced write has taken place, or can no longer:
//! its swap compares with an older row. An entry whose write was given up is freed by a write that changes
//! nothing but the number. And no number comes twice, even where a row is deleted and its id registered
//! again: see [`Row::register`]. So what is removed late, by whoever was held up, is never another's entry.
//!
//! Everything but a listing costs as much as there are rows in flight, however many the catalog holds. When
//! there is no index, whoever wants it makes it of all rows.

use alloc::{format, string::String, vec::Vec};
use core::fmt;

mod flight;
mod listing;
mod probe;

pub use flight::InFlight;
pub(super) use listing::ids_of_keys;
pub use listing::{Damaged, Page};
pub(super) use probe::{probe_key, probe_key_value};

use super::{
    id::{StreamUid, VideoId},
    index,
    join::join,
    lifecycle::{self, Event, Outcome, Refusal, Stale, Via},
    report::Report,
    routes::problem::Kind,
    row::{BadRow, Row, Status},
    store::{Store, StoreError},
};
use crate::time::Clock;

/// How often a swap is tried. Each loss means that another one won, so this many can meet at one row.
pub(super) const ROUNDS: u32 = 256;

/// Why the catalog could not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The id has a row already.
    Taken,
    /// As many rows are in flight as the index may hold. A bucket has no such limit.
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
    /// The bucket has written although this header of the request forbade it, or has refused although it
    /// did not: nothing can be kept in it.
    IgnoresConditions(&'static str),
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
            Self::IgnoresConditions(header) => write!(
                f,
                "bucket does not heed {header} when it writes; keep the catalog in one that does (R2, S3, \
                 a newer version of this server), or in a key-value store"
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
            Self::Contended | Self::Store(StoreError::Unavailable(_)) => Kind::Unavailable,
            Self::Store(_)
            | Self::Row(..)
            | Self::Index(_)
            | Self::WeakSwap
            | Self::IgnoresConditions(_) => Kind::Internal,
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

    /// Writes a new row, made by [`Row::register`].
    ///
    /// # Errors
    /// [`Trouble::Taken`] when the id has one; [`Trouble::Contended`] when it is just being deleted.
    pub async fn register(&self, row: &Row) -> Result<(), Trouble> {
        self.store.create(&row_key(&row.id), &row.to_json()).await?;
        // Only the nonce tells whose row it is. A store may not compare where the key was absent, and then
        // several have won and the last one counts; a bucket may have lost its answer.
        match self.get(&row.id).await? {
            Some(written) if written.nonce == row.nonce => Ok(()),
            Some(_) => Err(Trouble::Taken),
            None => Err(Trouble::Contended),
        }
    }

    /// The row of `id`.
    ///
    /// # Errors
    /// [`Trouble::Store`], [`Trouble::Row`].
    pub async fn get(&self, id: &VideoId) -> Result<Option<Row>, Trouble> {
        match self.store.get(&row_key(id)).await {
            Ok(value) => value.map(|json| parse(id, &json)).transpose(),
            Err(StoreError::Garbled(how)) => Err(Trouble::Row(id.clone(), BadRow::Malformed(how))),
            Err(error) => Err(error.into()),
        }
    }

    /// Applies an event to the row of `id`; `None` when there is no such row.
    ///
    /// # Errors
    /// [`Trouble`]; then the event may or may not have been applied, and may be sent again.
    pub async fn apply(
        &self,
        id: &VideoId,
        event: &Event,
        clock: impl Clock,
    ) -> Result<Option<Applied>, Trouble> {
        let applied = self.write(id, event, clock).await?;
        if let Some(applied) = &applied {
            self.settle(&[applied]).await;
        }
        Ok(applied)
    }

    /// Applies many events, at most [`MAX_EVENTS`] to stay a call of bounded length, and settles all of them
    /// at once. Each has an answer of its own, in the same order; one that fails does not keep the others.
    pub async fn apply_all(
        &self,
        events: &[(VideoId, Event)],
        clock: impl Clock,
    ) -> Vec<Result<Option<Applied>, Trouble>> {
        let writes = events
            .iter()
            .map(|(id, event)| self.write(id, event, clock));
        let answers = join(S::AT_ONCE, writes).await;
        let applied: Vec<&Applied> = answers.iter().flatten().flatten().collect();
        self.settle(&applied).await;
        answers
    }

    /// Applies a report to the row that it is about, told by its label or else by its uid; `None` when
    /// it is about none, or about a copy that is none of the row's any more.
    ///
    /// # Errors
    /// [`Trouble`]; the report may be sent again.
    pub async fn report(
        &self,
        report: &Report,
        via: Via,
        clock: impl Clock,
    ) -> Result<Option<Row>, Trouble> {
        let event = Event::Report {
            report: report.clone(),
            via,
        };
        let labelled = report.label.as_ref().map(|label| &label.id);
        if let Some(id) = labelled
            && let Some(row) = self.fitting(id, &event, clock).await?
        {
            return Ok(Some(row));
        }
        let noted = self.store.get(&uid_key(&report.uid)).await?;
        let noted = noted.and_then(|id| VideoId::new(core::str::from_utf8(&id).ok()?).ok());
        match noted {
            Some(id) if Some(&id) != labelled => self.fitting(&id, &event, clock).await,
            _ => Ok(None),
        }
    }

    /// The row of `id` after a report, if it is about this row.
    async fn fitting(
        &self,
        id: &VideoId,
        event: &Event,
        clock: impl Clock,
    ) -> Result<Option<Row>, Trouble> {
        let applied = self.apply(id, event, clock).await?;
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
            self.store.settle(&[&row]).await;
        }
        Ok(true)
    }

    /// The row, its uid, but not yet the end of its entry.
    async fn write(
        &self,
        id: &VideoId,
        event: &Event,
        clock: impl Clock,
    ) -> Result<Option<Applied>, Trouble> {
        for round in 1..=ROUNDS {
            let (held, value) = self.store.hold(&row_key(id)).await?;
            let Some(json) = value else {
                return Ok(None);
            };
            let row = parse(id, &json)?;
            // Anew in each round: meanwhile others have written, and theirs was before this.
            let mut next = match lifecycle::apply(&row, event, clock.now()) {
                Outcome::Changed(next) => *next,
                Outcome::Same => return Ok(Some(Effect::Same.on(row))),
                Outcome::Stale(stale) => return Ok(Some(Effect::Stale(stale).on(row))),
                Outcome::Refused(refusal) => return Ok(Some(Effect::Refused(refusal).on(row))),
            };
            next.rev = row.rev.saturating_add(1);
            if next.status.is_in_flight() && !row.status.is_in_flight() {
                next.rev = self.store.announce(&row).await?;
                next.flight = Some(next.rev);
            }
            self.note_uid(&row, &next).await?;
            if self.store.swap(held, &next.to_json()).await? {
                self.forget_uid(&row, &next).await?;
                return Ok(Some(Effect::Changed.on(next)));
            }
            self.store.pause(round).await;
        }
        Err(Trouble::Contended)
    }

    async fn note_uid(&self, before: &Row, after: &Row) -> Result<(), Trouble> {
        if let Some(uid) = &after.stream_uid
            && before.stream_uid != after.stream_uid
        {
            let id = after.id.as_str().as_bytes();
            self.store.set(&uid_key(uid), id).await?;
        }
        Ok(())
    }

    async fn forget_uid(&self, before: &Row, after: &Row) -> Result<(), Trouble> {
        if let Some(uid) = &before.stream_uid
            && before.stream_uid != after.stream_uid
        {
            self.store.delete(&uid_key(uid)).await?;
        }
        Ok(())
    }
}

/// The most events of one [`Catalog::apply_all`].
pub const MAX_EVENTS: usize = 500;

pub(super) const ROW: &str = "video/";

pub(super) fn row_key(id: &VideoId) -> String {
    format!("{ROW}{id}")
}

fn uid_key(uid: &StreamUid) -> String {
    format!("uid/{uid}")
}

pub(super) fn parse(id: &VideoId, json: &[u8]) -> Result<Row, Trouble> {
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
