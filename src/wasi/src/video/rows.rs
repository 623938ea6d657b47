//! Rows, and what is asked about them, into words of the seam and back.

use super::catalog_types as types;
use super::errors::BadWords;
use reelgate_core::time::UnixTime;
use reelgate_core::video::routes::api::{Listing, Registration};
use reelgate_core::video::{
    Applied, Damaged, Effect, Event, Page, Refusal, Row, SourceKey, Stale, Status, StreamUid,
    VideoId,
};
use serde_json::{Map, Value};

/// A video to be registered.
#[derive(Clone, Debug)]
pub struct NewVideo {
    /// Its id.
    pub id: VideoId,
    /// The key of its original in the bucket.
    pub source_key: SourceKey,
    /// What the portal wants to keep with it.
    pub meta: Map<String, Value>,
}

/// The videos that somebody must move on.
#[derive(Clone, Debug)]
pub struct InFlight {
    /// Their rows.
    pub rows: Vec<Row>,
    /// How many rows cannot be read.
    pub unreadable: usize,
}

/// A number as it crosses the seam.
#[must_use]
pub fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// A row as it crosses the seam.
#[must_use]
pub fn words(row: &Row) -> String {
    String::from_utf8_lossy(&row.to_json()).into_owned()
}

/// The row that crossed it.
///
/// # Errors
///
/// It is none.
pub fn stored(row: &str) -> Result<Row, BadWords> {
    Ok(Row::parse(row.as_bytes())?)
}

/// Rows as they cross the seam.
#[must_use]
pub fn all_words(rows: &[Row]) -> Vec<String> {
    rows.iter().map(words).collect()
}

fn all_stored(rows: &[String]) -> Result<Vec<Row>, BadWords> {
    rows.iter().map(|row| stored(row)).collect()
}

impl TryFrom<types::Page> for Page {
    type Error = BadWords;

    fn try_from(page: types::Page) -> Result<Self, BadWords> {
        Ok(Self {
            rows: all_stored(&page.rows)?,
            next_cursor: page.next.as_deref().map(VideoId::new).transpose()?,
            unreadable: page
                .damaged
                .into_iter()
                .map(Damaged::try_from)
                .collect::<Result<_, _>>()?,
        })
    }
}

impl From<Page> for types::Page {
    fn from(page: Page) -> Self {
        Self {
            rows: all_words(&page.rows),
            damaged: page
                .unreadable
                .into_iter()
                .map(types::Damaged::from)
                .collect(),
            next: page.next_cursor.map(|id| id.to_string()),
        }
    }
}

impl From<Damaged> for types::Damaged {
    fn from(row: Damaged) -> Self {
        Self {
            id: row.id.to_string(),
            reason: row.reason,
        }
    }
}

impl TryFrom<types::Damaged> for Damaged {
    type Error = BadWords;

    fn try_from(row: types::Damaged) -> Result<Self, BadWords> {
        Ok(Self {
            id: VideoId::new(&row.id)?,
            reason: row.reason,
        })
    }
}

impl TryFrom<types::InFlightRows> for InFlight {
    type Error = BadWords;

    fn try_from(found: types::InFlightRows) -> Result<Self, BadWords> {
        Ok(Self {
            rows: all_stored(&found.rows)?,
            unreadable: found.unreadable as usize,
        })
    }
}

impl From<&Registration> for types::Registration {
    fn from(video: &Registration) -> Self {
        Self {
            id: video.id.to_string(),
            source_key: video.source_key.to_string(),
            meta: Value::Object(video.meta.clone()).to_string(),
        }
    }
}

impl TryFrom<types::Registration> for NewVideo {
    type Error = BadWords;

    fn try_from(video: types::Registration) -> Result<Self, BadWords> {
        let meta = serde_json::from_str(&video.meta);
        Ok(Self {
            id: VideoId::new(&video.id)?,
            source_key: SourceKey::new(&video.source_key)?,
            meta: meta.map_err(|_| BadWords("the metadata is no JSON object".into()))?,
        })
    }
}

impl From<&Listing> for types::Filter {
    fn from(listing: &Listing) -> Self {
        Self {
            status: listing.status.map(|status| status.to_string()),
            after: listing.cursor.as_ref().map(VideoId::to_string),
            limit: count(listing.limit),
        }
    }
}

impl TryFrom<types::Filter> for Listing {
    type Error = BadWords;

    fn try_from(filter: types::Filter) -> Result<Self, BadWords> {
        let status = filter.status.map(|name| {
            Status::from_name(&name).ok_or_else(|| BadWords(format!("no status is called {name}")))
        });
        Ok(Self {
            status: status.transpose()?,
            cursor: filter.after.as_deref().map(VideoId::new).transpose()?,
            limit: filter.limit as usize,
        })
    }
}

impl From<Applied> for types::Outcome {
    fn from(applied: Applied) -> Self {
        Self {
            effect: match applied.effect {
                Effect::Changed => types::Effect::Changed,
                Effect::Same => types::Effect::Same,
                Effect::Stale(stale) => types::Effect::Stale(match stale {
                    Stale::Copy => types::Stale::Copy,
                    Stale::Attempt => types::Stale::Attempt,
                    Stale::Decided => types::Stale::Decided,
                }),
                Effect::Refused(Refusal::Status(_)) => types::Effect::Refused,
                Effect::Refused(Refusal::NotDue(until)) => types::Effect::NotDue(until.0),
            },
            row: words(&applied.row),
        }
    }
}

impl TryFrom<types::Outcome> for Applied {
    type Error = BadWords;

    fn try_from(outcome: types::Outcome) -> Result<Self, BadWords> {
        let row = stored(&outcome.row)?;
        let effect = match outcome.effect {
            types::Effect::Changed => Effect::Changed,
            types::Effect::Same => Effect::Same,
            types::Effect::Stale(stale) => Effect::Stale(match stale {
                types::Stale::Copy => Stale::Copy,
                types::Stale::Attempt => Stale::Attempt,
                types::Stale::Decided => Stale::Decided,
            }),
            types::Effect::Refused => Effect::Refused(Refusal::Status(row.status)),
            types::Effect::NotDue(until) => Effect::Refused(Refusal::NotDue(UnixTime(until))),
        };
        Ok(Self { row, effect })
    }
}

impl From<&Event> for types::Event {
    fn from(event: &Event) -> Self {
        match event {
            Event::Encode => Self::Encode,
            Event::Submit => Self::Submit,
            Event::Retry => Self::Retry,
            Event::Submitted { attempt, uid } => Self::Submitted(types::Submitted {
                attempt: *attempt,
                uid: uid.to_string(),
            }),
            Event::SubmitRefused { attempt, failure } => {
                Self::SubmitRefused(types::SubmitRefused {
                    attempt: *attempt,
                    failure: failure.into(),
                })
            }
            Event::SubmitBusy { attempt, retry_at } => Self::SubmitBusy(types::SubmitBusy {
                attempt: *attempt,
                retry_at: retry_at.0,
            }),
            Event::SubmitLost { attempt } => Self::SubmitLost(*attempt),
            Event::Tried => Self::Tried,
            Event::Report { report, via } => Self::Reported((report.into(), (*via).into())),
        }
    }
}

impl TryFrom<types::Event> for Event {
    type Error = BadWords;

    fn try_from(event: types::Event) -> Result<Self, BadWords> {
        Ok(match event {
            types::Event::Encode => Self::Encode,
            types::Event::Submit => Self::Submit,
            types::Event::Retry => Self::Retry,
            types::Event::Submitted(submitted) => Self::Submitted {
                attempt: submitted.attempt,
                uid: StreamUid::new(&submitted.uid)?,
            },
            types::Event::SubmitRefused(refused) => Self::SubmitRefused {
                attempt: refused.attempt,
                failure: refused.failure.into(),
            },
            types::Event::SubmitBusy(busy) => Self::SubmitBusy {
                attempt: busy.attempt,
                retry_at: UnixTime(busy.retry_at),
            },
            types::Event::SubmitLost(attempt) => Self::SubmitLost { attempt },
            types::Event::Tried => Self::Tried,
            types::Event::Reported((report, via)) => Self::Report {
                report: report.try_into()?,
                via: via.into(),
            },
        })
    }
}
