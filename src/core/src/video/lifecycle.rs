//! The rules by which a row changes: a pure function of row, event and time.
//!
//! ```text
//!              encode            encode, submit            report
//!  uploading ─────────► queued ──────────────────► encoding ─────► ready
//!                         ▲ ▲   busy, lost: later    │ │             │
//!                         │ └────────────────────────┘ │ refused,    │ report
//!                         │                            │ report      ▼
//!                         └───────────────── retry ────┴────────► failed
//! ```
//!
//! One step goes against these: where a row has failed for nothing but that Stream did not know its copy, a
//! report that the copy is ready makes it `ready`.
//!
//! **One number, one submission.** Whoever moves a row to `encoding` gives it a new `attempt`, in one
//! compare-and-swap, and alone may then send the copy `{id}#{attempt}`, once. So there are never two
//! copies of one attempt, whatever is lost, doubled or late.
//!
//! **Reports only raise.** Of one uid, a row holds the join of all reports: the status furthest along
//! `encoding < unknown there < ready < failed`, the greatest percentage, the greatest of what is known in every
//! other field. That Stream does not know a uid (404) says less than that it is ready: it is asked by polls alone,
//! and may be of before the copy was there, or of a place that has not heard of it. A join is commutative, associative and idempotent. Hence the same reports leave the same
//! row in any order and any number of copies. Not covered by this is `history`, which tells the way and
//! not the place: it is always a path of legal steps from the first status to the last.
//!
//! **A report speaks about one uid.** It is ignored when the row has another uid. While a row has none,
//! it is believed when its label names this row and this attempt, and the row takes its uid.

use alloc::boxed::Box;

use super::{
    id::StreamUid,
    report::{Progress, Report},
    row::{Cause, Failure, MAX_HISTORY, Row, Status, Transition},
};
use crate::time::UnixTime;

/// How a report came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Via {
    /// Stream called.
    Webhook,
    /// Stream was asked.
    Poll,
}

/// What happens to a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// Somebody asks for the encoding. The one whose `Encode` changes the row submits it.
    Encode,
    /// The reconciler takes a queued row whose `retry_at` is past. The one whose `Submit` changes the
    /// row submits it.
    Submit,
    /// Stream has taken the copy.
    Submitted {
        /// Of the submission.
        attempt: u32,
        /// Of the copy.
        uid: StreamUid,
    },
    /// Stream will not take the copy.
    SubmitRefused {
        /// Of the submission.
        attempt: u32,
        /// Why.
        failure: Failure,
    },
    /// Stream has not taken the copy because it has too much to do.
    SubmitBusy {
        /// Of the submission.
        attempt: u32,
        /// When to try again.
        retry_at: UnixTime,
    },
    /// The submission had no answer, and long after it Stream knows no copy of its name.
    SubmitLost {
        /// Of the submission.
        attempt: u32,
    },
    /// Stream says something about a copy.
    Report {
        /// What.
        report: Report,
        /// How it came.
        via: Via,
    },
    /// The reconciler could not find out about the row. Only its place in the next sweep changes.
    Tried,
    /// Somebody asks for another attempt.
    Retry,
}

/// What an event does to a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The row is to be this from now on.
    Changed(Box<Row>),
    /// The event says what the row knew already; nothing is to be written.
    Same,
    /// The event is about something that is over; nothing is to be written.
    Stale(Stale),
    /// The row's state does not allow what was asked; nothing is to be written.
    Refused(Refusal),
}

/// Why an event is not about the row as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stale {
    /// Another uid, or none while the label names another row or attempt.
    Copy,
    /// Another attempt.
    Attempt,
    /// The attempt is decided already.
    Decided,
}

/// Why something cannot be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// The status does not allow it.
    Status(Status),
    /// It is queued until later.
    NotDue(UnixTime),
}

/// Whether a row may go from one status to another. From `failed` to `ready` it may only where Stream did not know
/// the copy, and for nothing else (see [`Failure::is_gone`]).
#[must_use]
pub fn is_legal(from: Status, to: Status) -> bool {
    use Status::{Encoding, Failed, Queued, Ready, Uploading};
    matches!(
        (from, to),
        (Uploading | Failed | Encoding, Queued)
            | (Queued, Encoding)
            | (Encoding | Failed, Ready)
            | (Encoding | Ready, Failed)
    )
}

/// Applies an event to a row. `now` stands in what is written, unless the row's last entry is of later: clocks differ,
/// and a history is in the order of time. It also decides whether a queued row is due.
#[must_use]
pub fn apply(row: &Row, event: &Event, now: UnixTime) -> Outcome {
    match event {
        Event::Encode => encode(row, now),
        Event::Submit => submit(row, now),
        Event::Retry => retry(row, now),
        Event::Tried => tried(row, now),
        Event::Report { report, via } => learn(row, report, *via, now),
        Event::Submitted { attempt, uid } => submitted(row, *attempt, uid, now),
        Event::SubmitRefused { attempt, failure } => {
            if let Some(stale) = unanswered(row, *attempt) {
                return Outcome::Stale(stale);
            }
            let mut next = row.clone();
            next.error = Some(failure.clone());
            next.step(Status::Failed, Cause::SUBMIT_FAILED, now);
            Outcome::Changed(Box::new(next))
        }
        Event::SubmitBusy { attempt, retry_at } => {
            back_to_queue(row, *attempt, *retry_at, Cause::SUBMIT_BUSY, now)
        }
        Event::SubmitLost { attempt } => back_to_queue(row, *attempt, now, Cause::SUBMIT_LOST, now),
    }
}

fn encode(row: &Row, now: UnixTime) -> Outcome {
    let mut next = row.clone();
    match row.status {
        Status::Uploading => next.step(Status::Queued, Cause::ENCODE, now),
        Status::Queued => {}
        other => return Outcome::Refused(Refusal::Status(other)),
    }
    next.begin_attempt(Cause::ENCODE, now)
}

fn submit(row: &Row, now: UnixTime) -> Outcome {
    if row.status != Status::Queued {
        return Outcome::Refused(Refusal::Status(row.status));
    }
    match row.retry_at {
        Some(later) if later > now => return Outcome::Refused(Refusal::NotDue(later)),
        _ => {}
    }
    row.clone().begin_attempt(Cause::SUBMIT, now)
}

fn retry(row: &Row, now: UnixTime) -> Outcome {
    if row.status != Status::Failed {
        return Outcome::Refused(Refusal::Status(row.status));
    }
    let mut next = row.clone();
    next.forget_copy();
    next.retry_at = Some(now);
    next.step(Status::Queued, Cause::RETRY, now);
    Outcome::Changed(Box::new(next))
}

fn tried(row: &Row, now: UnixTime) -> Outcome {
    if !row.status.is_in_flight() {
        return Outcome::Stale(Stale::Decided);
    }
    if row.tried_at >= Some(now) {
        return Outcome::Same;
    }
    let mut next = row.clone();
    next.tried_at = Some(now);
    Outcome::Changed(Box::new(next))
}

fn submitted(row: &Row, attempt: u32, uid: &StreamUid, now: UnixTime) -> Outcome {
    if row.attempt == attempt && row.stream_uid.as_ref() == Some(uid) {
        return Outcome::Same;
    }
    if let Some(stale) = unanswered(row, attempt) {
        return Outcome::Stale(stale);
    }
    let mut next = row.clone();
    next.stream_uid = Some(uid.clone());
    next.updated_at = row.not_before(now);
    Outcome::Changed(Box::new(next))
}

fn back_to_queue(
    row: &Row,
    attempt: u32,
    retry_at: UnixTime,
    cause: Cause,
    now: UnixTime,
) -> Outcome {
    if let Some(stale) = unanswered(row, attempt) {
        return Outcome::Stale(stale);
    }
    let mut next = row.clone();
    next.retry_at = Some(retry_at);
    next.step(Status::Queued, cause, now);
    Outcome::Changed(Box::new(next))
}

/// What Stream said to a submission counts while the row still waits for it.
fn unanswered(row: &Row, attempt: u32) -> Option<Stale> {
    if row.attempt != attempt {
        Some(Stale::Attempt)
    } else if row.status != Status::Encoding || row.stream_uid.is_some() {
        Some(Stale::Decided)
    } else {
        None
    }
}

fn learn(row: &Row, report: &Report, via: Via, now: UnixTime) -> Outcome {
    if !speaks_about(row, report) {
        return Outcome::Stale(Stale::Copy);
    }
    let mut next = row.clone();
    next.stream_uid = Some(report.uid.clone());
    next.pct_complete = greater(row.pct_complete, report.pct_complete);
    next.duration_seconds = greater(row.duration_seconds, report.duration_seconds);
    next.hls_url = row.hls_url.clone().max(report.hls_url.clone());
    next.dash_url = row.dash_url.clone().max(report.dash_url.clone());
    next.thumbnail_url = row.thumbnail_url.clone().max(report.thumbnail_url.clone());
    let to = Stage::of(row).max(Stage::said(report));
    next.error = match to {
        Stage::Encoding | Stage::Ready => None,
        Stage::Gone | Stage::Failed => {
            plainer(row.error.as_ref(), report.failure.as_ref()).cloned()
        }
    };
    let to = to.status();
    if to != row.status {
        let cause = match via {
            Via::Webhook => Cause::WEBHOOK,
            Via::Poll => Cause::POLL,
        };
        next.step(to, cause, now);
    }
    if next == *row {
        return Outcome::Same;
    }
    next.updated_at = row.not_before(now);
    Outcome::Changed(Box::new(next))
}

fn speaks_about(row: &Row, report: &Report) -> bool {
    match &row.stream_uid {
        Some(uid) => *uid == report.uid,
        None => {
            let label = row.label();
            let named = report.label.as_ref();
            row.status == Status::Encoding && named.is_some_and(|named| label.matches(named))
        }
    }
}

/// How much is known of a copy. Reports only raise it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Encoding,
    /// Stream did not know it, which is all that was said against it.
    Gone,
    Ready,
    Failed,
}

impl Stage {
    /// Of a row that has a uid, or is about to get one: it is `encoding`, `ready` or `failed`.
    fn of(row: &Row) -> Self {
        match row.status {
            Status::Ready => Self::Ready,
            Status::Failed => Self::failed(row.error.as_ref()),
            Status::Uploading | Status::Queued | Status::Encoding => Self::Encoding,
        }
    }

    fn said(report: &Report) -> Self {
        match report.progress {
            Progress::Encoding => Self::Encoding,
            Progress::Ready => Self::Ready,
            Progress::Failed => Self::failed(report.failure.as_ref()),
        }
    }

    fn failed(failure: Option<&Failure>) -> Self {
        if failure.is_some_and(Failure::is_gone) {
            Self::Gone
        } else {
            Self::Failed
        }
    }

    fn status(self) -> Status {
        match self {
            Self::Encoding => Status::Encoding,
            Self::Ready => Status::Ready,
            Self::Gone | Self::Failed => Status::Failed,
        }
    }
}

/// What is known wins over what is not, then the greater value.
fn greater(own: Option<f64>, reported: Option<f64>) -> Option<f64> {
    match (own, reported) {
        (Some(own), Some(reported)) => Some(own.max(reported)),
        (own, reported) => own.or(reported),
    }
}

/// Of two reasons the one that says more, then the greater text. Any total order would do in which that the copy is
/// gone comes last, for it is no reason beside another.
fn plainer<'a>(own: Option<&'a Failure>, reported: Option<&'a Failure>) -> Option<&'a Failure> {
    let order = |failure: &&'a Failure| {
        (
            !failure.is_gone(),
            failure.code != "ERR_UNKNOWN",
            failure.code.as_str(),
            failure.message.as_str(),
        )
    };
    own.into_iter().chain(reported).max_by_key(order)
}

impl Row {
    fn begin_attempt(mut self, cause: Cause, now: UnixTime) -> Outcome {
        // A number that was used before would take an old copy's reports for this one's.
        let Some(attempt) = self.attempt.checked_add(1) else {
            return Outcome::Refused(Refusal::Status(self.status));
        };
        self.forget_copy();
        self.attempt = attempt;
        self.step(Status::Encoding, cause, now);
        Outcome::Changed(Box::new(self))
    }

    /// What is known of a copy does not hold for the next one.
    fn forget_copy(&mut self) {
        self.stream_uid = None;
        self.hls_url = None;
        self.dash_url = None;
        self.thumbnail_url = None;
        self.duration_seconds = None;
        self.pct_complete = None;
        self.error = None;
        self.retry_at = None;
    }

    /// `now`, or the time of the last entry where that is later.
    fn not_before(&self, now: UnixTime) -> UnixTime {
        self.history.last().map_or(now, |last| last.at.max(now))
    }

    fn step(&mut self, to: Status, cause: Cause, now: UnixTime) {
        let from = Some(self.status);
        let at = self.not_before(now);
        self.history.push(Transition {
            at,
            from,
            to,
            cause,
        });
        let surplus = self.history.len().saturating_sub(MAX_HISTORY);
        self.history.drain(..surplus);
        self.status = to;
        self.updated_at = at;
    }
}
