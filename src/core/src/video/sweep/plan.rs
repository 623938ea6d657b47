//! Which rows a sweep looks after, and in what order.

use crate::{
    time::UnixTime,
    video::{
        id::{StreamUid, VideoId},
        report::Label,
        row::{Row, Status},
    },
};

/// A row with a uid. The order is that of age.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Poll {
    pub(super) since: UnixTime,
    pub(super) id: VideoId,
    pub(super) uid: StreamUid,
}

/// One row, and what is to be done about it. The order is that of age.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Work {
    pub(super) since: UnixTime,
    pub(super) id: VideoId,
    pub(super) task: Task,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Task {
    Get(StreamUid),
    Find(Label),
    Submit,
}

/// What a sweep does about a row.
pub(super) enum Plan {
    Poll(Poll),
    Work(Work),
}

/// What is to be done about a row now; `None` when nothing is.
pub(super) fn plan(row: &Row, stuck_after_seconds: u64, now: UnixTime) -> Option<Plan> {
    let stuck = now.since(row.updated_at) >= stuck_after_seconds;
    match (row.status, &row.stream_uid) {
        (Status::Queued, _) if is_due(row, now) => Some(Plan::Work(Work::submit(row))),
        (Status::Encoding, Some(uid)) if stuck => Some(Plan::Poll(Poll {
            since: row.last_touched(),
            id: row.id.clone(),
            uid: uid.clone(),
        })),
        (Status::Encoding, None) if stuck => Some(Plan::Work(Work {
            since: row.last_touched(),
            id: row.id.clone(),
            task: Task::Find(row.label()),
        })),
        _ => None,
    }
}

/// Whether a queued row may be submitted.
pub(super) fn is_due(row: &Row, now: UnixTime) -> bool {
    row.status == Status::Queued && row.retry_at.is_none_or(|time| time <= now)
}

impl Work {
    pub(super) fn submit(row: &Row) -> Self {
        Self {
            since: row.last_touched(),
            id: row.id.clone(),
            task: Task::Submit,
        }
    }
}

impl Row {
    /// When it was last changed, or tried in vain.
    fn last_touched(&self) -> UnixTime {
        self.updated_at.max(self.tried_at.unwrap_or(UnixTime(0)))
    }
}
