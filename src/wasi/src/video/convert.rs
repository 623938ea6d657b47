//! Words of the seam into types of the rules, and back.

use super::types;
use reelgate_core::time::UnixTime;
use reelgate_core::video::api::{Listing, Registration};
use reelgate_core::video::problem::Kind;
use reelgate_core::video::{
    Applied, BadId, BadRow, BadSourceKey, CallFailed, Effect, Event, Failure, Label, Listed, Page,
    Progress, Refusal, Report, Row, SourceKey, Stale, Status, StreamUid, Submission, Submitted,
    Trouble, Via, VideoId,
};
use serde_json::{Map, Value};
use std::fmt;

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

/// What came across the seam and cannot be: the other side is of another version.
#[derive(Clone, Debug)]
pub struct BadWords(String);

impl fmt::Display for BadWords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<BadId> for BadWords {
    fn from(reason: BadId) -> Self {
        Self(format!("a name {reason}"))
    }
}

impl From<BadSourceKey> for BadWords {
    fn from(reason: BadSourceKey) -> Self {
        Self(format!("a key {reason}"))
    }
}

impl From<BadRow> for BadWords {
    fn from(reason: BadRow) -> Self {
        Self(reason.to_string())
    }
}

impl From<BadWords> for types::CatalogError {
    fn from(BadWords(reason): BadWords) -> Self {
        Self::Invalid(reason)
    }
}

impl From<Trouble> for types::CatalogError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Taken => Self::Taken,
            Trouble::Full => Self::Full,
            Trouble::Contended => Self::Contended,
            Trouble::Store(error) => Self::Store(error.0),
            other => Self::Damaged(other.to_string()),
        }
    }
}

/// What the client is to be told about a catalog that failed.
#[must_use]
pub fn kind(error: &types::CatalogError) -> Kind {
    match error {
        types::CatalogError::Taken => Kind::Taken,
        types::CatalogError::Full => Kind::Full,
        types::CatalogError::Contended | types::CatalogError::Store(_) => Kind::Unavailable,
        types::CatalogError::Invalid(_) | types::CatalogError::Damaged(_) => Kind::Internal,
    }
}

impl From<BadWords> for CallFailed {
    fn from(BadWords(reason): BadWords) -> Self {
        Self::Passing(reason)
    }
}

impl From<BadWords> for types::CallFailed {
    fn from(BadWords(reason): BadWords) -> Self {
        Self::Refused(reason)
    }
}

impl From<CallFailed> for types::CallFailed {
    fn from(failed: CallFailed) -> Self {
        match failed {
            CallFailed::Busy => Self::Busy,
            CallFailed::Denied(reason) => Self::Denied(reason),
            CallFailed::Refused(reason) => Self::Refused(reason),
            CallFailed::Passing(reason) => Self::Passing(reason),
        }
    }
}

impl From<types::CallFailed> for CallFailed {
    fn from(failed: types::CallFailed) -> Self {
        match failed {
            types::CallFailed::Busy => Self::Busy,
            types::CallFailed::Denied(reason) => Self::Denied(reason),
            types::CallFailed::Refused(reason) => Self::Refused(reason),
            types::CallFailed::Passing(reason) => Self::Passing(reason),
        }
    }
}

impl From<Submitted> for types::SubmittedCopy {
    fn from(submitted: Submitted) -> Self {
        match submitted {
            Submitted::Taken(uid) => Self::Taken(uid.to_string()),
            Submitted::Refused(failure) => Self::Refused((&failure).into()),
            Submitted::Busy(until) => Self::Busy(until.0),
            Submitted::Unknown(reason) => Self::Unknown(reason),
        }
    }
}

impl From<types::SubmittedCopy> for Submitted {
    fn from(submitted: types::SubmittedCopy) -> Self {
        match submitted {
            types::SubmittedCopy::Taken(uid) => match StreamUid::new(&uid) {
                Ok(uid) => Self::Taken(uid),
                Err(reason) => Self::Unknown(format!("the uid {reason}")),
            },
            types::SubmittedCopy::Refused(failure) => Self::Refused(failure.into()),
            types::SubmittedCopy::Busy(until) => Self::Busy(UnixTime(until)),
            types::SubmittedCopy::Unknown(reason) => Self::Unknown(reason),
        }
    }
}

impl From<Listed> for types::Listed {
    fn from(listed: Listed) -> Self {
        Self {
            reports: listed.reports.iter().map(types::Report::from).collect(),
            unreadable: count(listed.unreadable),
        }
    }
}

impl TryFrom<types::Listed> for Listed {
    type Error = BadWords;

    fn try_from(listed: types::Listed) -> Result<Self, BadWords> {
        let reports = listed.reports.into_iter().map(Report::try_from);
        Ok(Self {
            reports: reports.collect::<Result<_, _>>()?,
            unreadable: listed.unreadable as usize,
        })
    }
}

impl From<&Submission> for types::Order {
    fn from(submission: &Submission) -> Self {
        Self {
            label: (&submission.label).into(),
            source_key: submission.source_key.to_string(),
        }
    }
}

impl TryFrom<types::Order> for Submission {
    type Error = BadWords;

    fn try_from(order: types::Order) -> Result<Self, BadWords> {
        Ok(Self {
            label: order.label.try_into()?,
            source_key: SourceKey::new(&order.source_key)?,
        })
    }
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
            unreadable: Vec::new(),
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

impl From<Via> for types::Via {
    fn from(via: Via) -> Self {
        match via {
            Via::Webhook => Self::Webhook,
            Via::Poll => Self::Poll,
        }
    }
}

impl From<types::Via> for Via {
    fn from(via: types::Via) -> Self {
        match via {
            types::Via::Webhook => Self::Webhook,
            types::Via::Poll => Self::Poll,
        }
    }
}

impl From<&Report> for types::Report {
    fn from(report: &Report) -> Self {
        Self {
            uid: report.uid.to_string(),
            label: report.label.as_ref().map(types::Label::from),
            progress: match report.progress {
                Progress::Encoding => types::Progress::Encoding,
                Progress::Ready => types::Progress::Ready,
                Progress::Failed => types::Progress::Failed,
            },
            pct_complete: report.pct_complete,
            failure: report.failure.as_ref().map(types::Failure::from),
            duration_seconds: report.duration_seconds,
            hls_url: report.hls_url.clone(),
            dash_url: report.dash_url.clone(),
            thumbnail_url: report.thumbnail_url.clone(),
        }
    }
}

impl TryFrom<types::Report> for Report {
    type Error = BadWords;

    fn try_from(report: types::Report) -> Result<Self, BadWords> {
        Ok(Self {
            uid: StreamUid::new(&report.uid)?,
            label: report.label.map(Label::try_from).transpose()?,
            progress: match report.progress {
                types::Progress::Encoding => Progress::Encoding,
                types::Progress::Ready => Progress::Ready,
                types::Progress::Failed => Progress::Failed,
            },
            pct_complete: report.pct_complete,
            failure: report.failure.map(Failure::from),
            duration_seconds: report.duration_seconds,
            hls_url: report.hls_url,
            dash_url: report.dash_url,
            thumbnail_url: report.thumbnail_url,
        })
    }
}

impl From<&Label> for types::Label {
    fn from(label: &Label) -> Self {
        Self {
            id: label.id.to_string(),
            attempt: label.attempt,
            nonce: label.nonce.clone(),
        }
    }
}

impl TryFrom<types::Label> for Label {
    type Error = BadWords;

    fn try_from(label: types::Label) -> Result<Self, BadWords> {
        Ok(Self {
            id: VideoId::new(&label.id)?,
            attempt: label.attempt,
            nonce: label.nonce,
        })
    }
}

impl From<&Failure> for types::Failure {
    fn from(failure: &Failure) -> Self {
        Self {
            code: failure.code.clone(),
            message: failure.message.clone(),
        }
    }
}

impl From<types::Failure> for Failure {
    fn from(failure: types::Failure) -> Self {
        Self {
            code: failure.code,
            message: failure.message,
        }
    }
}
