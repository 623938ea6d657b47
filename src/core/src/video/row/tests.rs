//! Rows as they are stored and shown.

use alloc::{format, vec};

use super::*;
use crate::video::{Event, Outcome, apply};

fn row() -> Row {
    let id = VideoId::new("v1").unwrap();
    let key = SourceKey::new("a.mp4").unwrap();
    Row::register(id, key, Map::new(), UnixTime(1_760_000_000), [3; 16])
}

#[test]
fn a_row_survives_the_store() {
    let row = row();
    assert_eq!(Row::parse(&row.to_json()), Ok(row.clone()));
    let stored: Value = serde_json::from_slice(&row.to_json()).unwrap();
    // The seconds, and twenty bits of the nonce.
    let rev = (1_760_000_000_u64 << 20) + 0x03030;
    assert_eq!((&stored["v"], &stored["rev"]), (&1.into(), &rev.into()));
    assert_eq!(stored["nonce"], "03030303030303030303030303030303");
    let view: Value = serde_json::from_slice(&row.to_view()).unwrap();
    let view = view.as_object().unwrap();
    for own in ["v", "rev", "flight", "nonce", "tried_at"] {
        assert!(!view.contains_key(own), "{own}");
    }
}

#[test]
fn numbers_survive_the_store() {
    let mut row = row();
    // Some of these need an exact reader.
    for number in [0.1, 39.0, 99.999_999_999_999_99, 51.248_178_093_753_08] {
        row.pct_complete = Some(number);
        assert_eq!(Row::parse(&row.to_json()), Ok(row.clone()));
    }
}

proptest::proptest! {
    #[test]
    fn any_number_survives_the_store(number in 0.0..100.0) {
        let mut row = row();
        row.pct_complete = Some(number);
        proptest::prop_assert_eq!(Row::parse(&row.to_json()), Ok(row));
    }
}

#[test]
fn other_versions_are_told_apart() {
    let with = |name: &str, value: Value| {
        let mut stored: Value = serde_json::from_slice(&row().to_json()).unwrap();
        stored[name] = value;
        Row::parse(stored.to_string().as_bytes())
    };
    assert_eq!(with("new_in_this_version", 7.into()), Ok(row()));
    assert!(with("history", Value::Array(vec![])).is_ok());
    let newer = with("v", 2.into());
    assert_eq!(newer, Err(BadRow::Newer { version: 2 }));
    let words = format!("{}", newer.unwrap_err());
    assert_eq!(
        words,
        "row is of version 2, and this program reads up to 1; update it"
    );
    for (name, value) in [
        ("v", "1".into()),
        ("id", "..".into()),
        ("source_key", "/a".into()),
        ("status", "lost".into()),
        ("attempt", (-1).into()),
        ("created_at", "yesterday".into()),
    ] {
        assert!(
            matches!(with(name, value), Err(BadRow::Malformed(_))),
            "{name}"
        );
    }
}

#[test]
fn a_cause_of_a_later_version_is_kept() {
    let json = format!(
        "{}",
        alloc::string::String::from_utf8_lossy(&row().to_json())
    );
    let json = json.replace("\"register\"", "\"import\"");
    let row = Row::parse(json.as_bytes()).unwrap();
    assert_eq!(row.history[0].cause.as_str(), "import");
    assert_eq!(row.to_json(), json.as_bytes());
}

#[test]
fn the_history_keeps_the_last_fifty() {
    let mut row = row();
    let mut tell = |event: Event| match apply(&row, &event, UnixTime(1_760_000_000)) {
        Outcome::Changed(next) => row = *next,
        other => panic!("{other:?}"),
    };
    tell(Event::Encode);
    for attempt in 1..=40 {
        tell(Event::SubmitLost { attempt });
        tell(Event::Submit);
    }
    assert_eq!(row.history.len(), MAX_HISTORY);
    assert_eq!(
        row.history.last().map(|step| step.to),
        Some(Status::Encoding)
    );
    assert_eq!(row.attempt, 41);
}
