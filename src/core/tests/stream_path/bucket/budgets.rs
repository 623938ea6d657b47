//! What each deed asks of the bucket.

use reelgate_core::video::{Event, Row, Status, Trouble};

use crate::fake_bucket::FakeBucket;
use crate::place::{Place, Task, alone, go_on};
use crate::rows::{NOW, id, registered, uid};

use super::{ready, taken, tell, with};

/// What is asked, with the marker's number left out.
fn asked(bucket: &FakeBucket) -> Vec<String> {
    let asked = bucket.asked().into_iter();
    asked
        .map(|line| match line.split_once("in-flight/v1/") {
            Some((begin, _)) => format!("{begin}marker"),
            None => line.replace(".reelgate/", ""),
        })
        .map(|line| line.replace(".reelgate/", ""))
        .collect()
}

#[test]
fn a_registration() {
    let bucket = with(&[]);
    let taken = alone(bucket.catalog().register(&registered("v2")));
    assert_eq!(taken, Ok(()));
    assert_eq!(asked(&bucket), ["PUT videos/v2.json", "GET videos/v2.json"]);
    let key = registered("v1").source_key;
    let row = Row::register(id("v1"), key, Default::default(), NOW, [9; 16]);
    assert_eq!(alone(bucket.catalog().register(&row)), Err(Trouble::Taken));
    assert_eq!(asked(&bucket).len(), 2);
}

#[test]
fn going_in_flight() {
    let bucket = with(&[]);
    alone(bucket.catalog().apply(&id("v1"), &Event::Encode, NOW)).unwrap();
    let marker_before_row = ["GET videos/v1.json", "PUT marker", "PUT videos/v1.json"];
    assert_eq!(asked(&bucket), marker_before_row);
    alone(bucket.catalog().apply(&id("v1"), &taken(), NOW)).unwrap();
    let uid_before_row = ["GET videos/v1.json", "PUT uids/u1", "PUT videos/v1.json"];
    assert_eq!(asked(&bucket), uid_before_row);
}

#[test]
fn a_webhook_that_lands_a_row() {
    let landing = ["GET videos/v1.json", "PUT videos/v1.json", "DELETE marker"];
    let bucket = with(&[Event::Encode, taken()]);
    assert_eq!(tell(&bucket, &ready()), Some(Status::Ready));
    assert_eq!(asked(&bucket), landing);
    assert!(bucket.indexed().is_empty());
    // Sooner than the answer to the submission.
    let bucket = with(&[Event::Encode]);
    assert_eq!(tell(&bucket, &ready()), Some(Status::Ready));
    let asked_for = asked(&bucket);
    assert_eq!((asked_for.len(), &*asked_for[1]), (4, "PUT uids/u1"));
    // From a copy that somebody has renamed.
    let bucket = with(&[Event::Encode, taken()]);
    let mut nameless = ready();
    nameless.label = None;
    assert_eq!(tell(&bucket, &nameless), Some(Status::Ready));
    let expected = [&["GET uids/u1"][..], &landing].concat();
    assert_eq!(asked(&bucket), expected);
}

#[test]
fn a_label_that_does_not_fit_is_no_hindrance() {
    let bucket = with(&[Event::Encode, taken()]);
    for named in ["v2", "v3"] {
        let mut misnamed = ready();
        misnamed.label.as_mut().unwrap().id = id(named);
        alone(bucket.catalog().register(&registered("v3"))).ok();
        assert_eq!(tell(&bucket, &misnamed), Some(Status::Ready), "{named}");
    }
    let mut of_another = ready();
    of_another.uid = uid("u2");
    assert_eq!(tell(&bucket, &of_another), None);
}

#[test]
fn a_sweep_with_nothing_in_flight() {
    let bucket = with(&[]);
    let found = alone(bucket.catalog().to_sweep()).unwrap();
    assert_eq!(found.rows, []);
    assert_eq!(asked(&bucket), ["LIST in-flight/"]);
}

/// A bucket that holds `v00` to `v19`.
fn with_twenty_rows() -> FakeBucket {
    let bucket = FakeBucket::default();
    for number in 0..20 {
        let row = registered(&format!("v{number:02}"));
        alone(bucket.catalog().register(&row)).unwrap();
    }
    bucket.operations();
    bucket
}

#[test]
fn a_page_of_rows() {
    let bucket = with_twenty_rows();
    let page = alone(bucket.catalog().list(None, None, 10)).unwrap();
    assert_eq!(page.rows.len(), 10);
    assert_eq!(page.next_cursor, Some(id("v09")));
    assert_eq!(bucket.operations(), 11);
}

#[test]
fn rows_of_a_page_are_fetched_side_by_side() {
    let bucket = with_twenty_rows();
    let catalog = bucket.catalog();
    let mut listing: Task<'_> =
        Box::pin(async move { drop(catalog.list(None, None, 20).await.unwrap()) });
    // One step for the list, two for sixteen rows and the other four.
    for _ in 0..3 {
        assert!(!go_on(&mut listing));
    }
    assert!(go_on(&mut listing));
    assert_eq!(bucket.operations(), 21);
}

#[test]
fn trust_lasts_an_hour() {
    let bucket = FakeBucket::default();
    alone(bucket.catalog().trust(NOW, [1; 16])).unwrap();
    assert!(asked(&bucket).len() <= 10);
    alone(bucket.catalog().trust(NOW.plus(3599), [1; 16])).unwrap();
    assert_eq!(asked(&bucket), ["GET probe/passed"]);
    alone(bucket.catalog().trust(NOW.plus(3600), [1; 16])).unwrap();
    assert!(asked(&bucket).len() > 1);
    let left: Vec<String> = bucket.objects.borrow().keys().cloned().collect();
    assert_eq!(left, [".reelgate/probe/passed"]);
}
