//! The catalog in a bucket: what it costs, and what it does in bad weather.

mod budgets;
mod probe;
mod weather;

use reelgate_core::video::routes::problem::Kind;
use reelgate_core::video::{Event, Progress, Report, Status, Store, Via};

use crate::fake_bucket::{FakeBucket, Fault};
use crate::place::{Place, Task, alone, go_on};
use crate::rows::{NOW, after, id, registered, report, uid};

const V1: &str = ".reelgate/videos/v1.json";

/// A bucket that holds `v1`, after these events.
fn with(events: &[Event]) -> FakeBucket {
    let bucket = FakeBucket::default();
    alone(bucket.catalog().register(&registered("v1"))).unwrap();
    for event in events {
        alone(bucket.catalog().apply(&id("v1"), event, NOW)).unwrap();
    }
    bucket.asked();
    bucket
}

fn taken() -> Event {
    Event::Submitted {
        attempt: 1,
        uid: uid("u1"),
    }
}

fn ready() -> Report {
    let row = after(&registered("v1"), &[Event::Encode]);
    report("u1", &row.label(), Progress::Ready)
}

fn tell(bucket: &FakeBucket, report: &Report) -> Option<Status> {
    let row = alone(bucket.catalog().report(report, Via::Webhook, NOW)).unwrap();
    row.map(|row| row.status)
}

/// What lies under the prefix and is none of ours.
const STRANGE: [&str; 9] = [
    ".reelgate/README.txt",
    ".reelgate/in-flight/",
    ".reelgate/in-flight/v0",
    ".reelgate/in-flight/v1/1",
    ".reelgate/in-flight/v1/not-a-number",
    ".reelgate/in-flight/a b & <c>/00000000000000000001",
    ".reelgate/videos/",
    ".reelgate/videos/v1.json.bak",
    ".reelgate/videos/a b & <c>.json",
];

#[test]
fn strange_objects_are_left_alone_and_harm_nothing() {
    let bucket = with(&[Event::Encode]);
    for name in STRANGE {
        bucket.lay(name, b"?");
    }
    let found = alone(bucket.catalog().to_sweep()).unwrap();
    assert_eq!((found.rows.len(), found.repaired), (1, 0));
    let page = alone(bucket.catalog().list(None, None, 50)).unwrap();
    assert_eq!((page.rows.len(), page.unreadable), (1, vec![]));
    assert_eq!(tell(&bucket, &ready()), Some(Status::Ready));
    let objects = bucket.objects.borrow();
    assert!(STRANGE.iter().all(|name| objects.contains_key(*name)));
}

#[test]
fn a_damaged_row_harms_no_other() {
    let bucket = FakeBucket::default();
    for name in ["a", "b", "c"] {
        alone(bucket.catalog().register(&registered(name))).unwrap();
        alone(bucket.catalog().apply(&id(name), &Event::Encode, NOW)).unwrap();
    }
    bucket.lay(".reelgate/videos/b.json", b"{\"v\":1}");
    let found = alone(bucket.catalog().to_sweep()).unwrap();
    let ids: Vec<&str> = found.rows.iter().map(|row| row.id.as_str()).collect();
    assert_eq!((ids, found.repaired), (vec!["a", "c"], 0));
    let page = alone(bucket.catalog().list(None, None, 50)).unwrap();
    assert_eq!(page.rows.len(), 2);
    for damaged in [&found.unreadable, &page.unreadable] {
        let [damaged] = &damaged[..] else { panic!() };
        assert_eq!(damaged.id, id("b"));
        assert!(
            damaged.reason.starts_with("row cannot be read"),
            "{damaged}"
        );
    }
    // It can be taken out, and its marker goes with the next sweep.
    assert_eq!(alone(bucket.catalog().delete(&id("b"))), Ok(true));
    assert_eq!(alone(bucket.catalog().to_sweep()).unwrap().repaired, 1);
    assert_eq!(bucket.indexed().len(), 2);
}

#[test]
fn a_marker_that_arrives_late_is_taken_out() {
    let bucket = with(&[]);
    bucket.fail("PUT .reelgate/in-flight", Fault::Late);
    alone(bucket.catalog().apply(&id("v1"), &Event::Encode, NOW)).unwrap();
    assert_eq!(tell(&bucket, &ready()), Some(Status::Ready));
    assert!(bucket.indexed().is_empty());
    bucket.deliver();
    assert_eq!(bucket.indexed().len(), 1);
    assert_eq!(alone(bucket.catalog().to_sweep()).unwrap().repaired, 1);
    assert!(bucket.indexed().is_empty());
}

/// Whoever announced it has lost against another, who announced a later write.
#[test]
fn a_marker_of_a_write_that_lost_is_taken_out() {
    let bucket = with(&[Event::Encode]);
    let markers = || -> Vec<String> {
        let objects = bucket.objects.borrow();
        let keys = objects.keys().filter(|key| key.contains("/in-flight/"));
        keys.cloned().collect()
    };
    let own = markers();
    let (begin, rev) = own[0].rsplit_once('/').unwrap();
    let rev: u64 = rev.parse().unwrap();
    bucket.lay(&format!("{begin}/{:020}", rev - 1), &[]);
    let found = alone(bucket.catalog().to_sweep()).unwrap();
    assert_eq!((found.rows.len(), found.repaired), (1, 1));
    assert_eq!(markers(), own);
}

/// Before it is known whether the row is deleted, its id has another.
#[test]
fn a_deletion_in_doubt_spares_the_next_row() {
    let bucket = with(&[]);
    bucket.fail("DELETE .reelgate/videos", Fault::AnswerLost);
    let catalog = bucket.catalog();
    let mut deletion: Task<'_> = Box::pin(async {
        let answer = catalog.delete(&id("v1")).await;
        assert_eq!(answer.unwrap_err().kind(), Kind::Unavailable);
    });
    let request = format!("DELETE {V1}");
    while !bucket.asked.borrow().contains(&request) {
        assert!(!go_on(&mut deletion));
    }
    alone(bucket.catalog().register(&registered("v1"))).unwrap();
    while !go_on(&mut deletion) {}
    drop(deletion);
    assert_eq!(bucket.rows().len(), 1);
}

/// A version that did not note by which write a row went in flight leaves its marker to a sweep.
#[test]
fn a_row_that_does_not_know_its_flight_lands() {
    let bucket = with(&[Event::Encode, taken()]);
    let json = bucket.objects.borrow()[V1].body.clone();
    let mut row: serde_json::Value = serde_json::from_slice(&json).unwrap();
    row.as_object_mut().unwrap().remove("flight").unwrap();
    bucket.lay(V1, row.to_string().as_bytes());
    let found = alone(bucket.catalog().to_sweep()).unwrap();
    assert_eq!((found.rows.len(), found.repaired), (1, 0));
    assert_eq!(tell(&bucket, &ready()), Some(Status::Ready));
    assert_eq!(alone(bucket.catalog().to_sweep()).unwrap().repaired, 1);
    assert!(bucket.indexed().is_empty());
}

#[test]
fn a_row_is_readable_by_a_person() {
    let bucket = with(&[]);
    let json = alone(bucket.store().get("video/v1")).unwrap().unwrap();
    assert_eq!(bucket.objects.borrow()[V1].body, json);
    assert!(json.starts_with(b"{\"v\":1,"));
}
