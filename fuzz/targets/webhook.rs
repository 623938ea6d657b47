//! Webhook bodies: what is a report says nothing that a row may not hold, and says it again the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reelgate_core::time::UnixTime;
use reelgate_core::video::{
    Event, Outcome, Progress, Report, Row, SourceKey, Via, VideoId, apply, is_legal,
};

const NOW: UnixTime = UnixTime(1_700_000_000);

fuzz_target!(|body: &[u8]| {
    let Ok(report) = Report::parse(body) else {
        return;
    };
    assert_eq!(
        report.failure.is_some(),
        report.progress == Progress::Failed
    );
    assert!(
        report
            .pct_complete
            .is_none_or(|pct| (0.0..=100.0).contains(&pct))
    );
    if let Some(failure) = &report.failure {
        assert!(failure.code.len() <= 128 && failure.message.len() <= 1024);
        assert!(!failure.message.contains(char::is_control));
    }
    let event = Event::Report {
        report,
        via: Via::Webhook,
    };
    let before = encoding();
    let Outcome::Changed(row) = apply(&before, &event, NOW) else {
        return;
    };
    assert!(row.status == before.status || is_legal(before.status, row.status));
    assert_eq!(apply(&row, &event, NOW), Outcome::Same, "told twice");
    assert_eq!(
        Row::parse(&row.to_json()).as_ref(),
        Ok(&*row),
        "not stored as it is"
    );
});

/// `v1#1`, waiting for an answer.
fn encoding() -> Row {
    let id = VideoId::new("v1").expect("an id");
    let key = SourceKey::new("a.mp4").expect("a key");
    let row = Row::register(id, key, serde_json::Map::new(), NOW, [0; 16]);
    match apply(&row, &Event::Encode, NOW) {
        Outcome::Changed(row) => *row,
        other => panic!("{other:?}"),
    }
}
