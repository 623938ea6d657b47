//! Rows and reports to test with.

use reelgate_core::time::UnixTime;
use reelgate_core::video::{
    Event, Failure, Label, Outcome, Progress, Report, Row, SourceKey, StreamUid, VideoId, apply,
    is_legal,
};

/// The time of everything that has no other.
pub(crate) const NOW: UnixTime = UnixTime(1_760_000_000);

pub(crate) fn id(text: &str) -> VideoId {
    VideoId::new(text).unwrap()
}

pub(crate) fn uid(text: &str) -> StreamUid {
    StreamUid::new(text).unwrap()
}

/// A row that has just been registered.
pub(crate) fn registered(name: &str) -> Row {
    let key = SourceKey::new("u/v/movie.mp4").unwrap();
    Row::register(id(name), key, serde_json::Map::new(), NOW, [7; 16])
}

/// The row after these events, all of which must change it.
pub(crate) fn after(row: &Row, events: &[Event]) -> Row {
    events
        .iter()
        .fold(row.clone(), |row, event| match apply(&row, event, NOW) {
            Outcome::Changed(next) => *next,
            other => panic!("{event:?} gave {other:?} on {row:?}"),
        })
}

/// What Stream says about a copy of `label`, and nothing more than how far it is.
pub(crate) fn report(name: &str, label: &Label, progress: Progress) -> Report {
    Report {
        uid: uid(name),
        label: Some(label.clone()),
        progress,
        pct_complete: None,
        failure: (progress == Progress::Failed).then(|| Failure {
            code: "ERR_NON_VIDEO".into(),
            message: String::new(),
        }),
        duration_seconds: None,
        hls_url: None,
        dash_url: None,
        thumbnail_url: None,
    }
}

/// Asserts that a row's history is a path of legal steps that ends where the row is.
pub(crate) fn assert_history(row: &Row) {
    for (before, after) in row.history.iter().zip(&row.history[1..]) {
        assert_eq!(after.from, Some(before.to), "{row:?}");
    }
    for step in &row.history {
        let legal = step.from.is_none_or(|from| is_legal(from, step.to));
        assert!(legal, "{step:?}");
    }
    assert_eq!(row.history.last().map(|step| step.to), Some(row.status));
}
