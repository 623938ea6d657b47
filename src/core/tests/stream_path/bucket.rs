//! The catalog in a bucket: what it costs, and what it does in bad weather.

use std::time::Duration;

use reelgate_core::video::routes::problem::Kind;
use reelgate_core::video::{
    Effect, Event, Progress, Report, Right, Row, Status, Store, StoreError, Trouble, Via,
};

use crate::crashes::{DEEDS, Deed, assert_repaired, perform, stations};
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

mod budgets {
    use super::*;

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

    #[test]
    fn a_page_of_rows() {
        let bucket = FakeBucket::default();
        for number in 0..20 {
            alone(
                bucket
                    .catalog()
                    .register(&registered(&format!("v{number:02}"))),
            )
            .unwrap();
        }
        bucket.operations();
        let page = alone(bucket.catalog().list(None, None, 10)).unwrap();
        assert_eq!(page.rows.len(), 10);
        assert_eq!(page.next_cursor, Some(id("v09")));
        assert_eq!(bucket.operations(), 11);
    }

    #[test]
    fn rows_of_a_page_are_fetched_side_by_side() {
        let bucket = FakeBucket::default();
        for number in 0..20 {
            alone(
                bucket
                    .catalog()
                    .register(&registered(&format!("v{number:02}"))),
            )
            .unwrap();
        }
        bucket.operations();
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
}

mod weather {
    use super::*;

    const PASSING: [Fault; 8] = [
        Fault::Unreachable,
        Fault::AnswerLost,
        Fault::RequestLost,
        Fault::Late,
        Fault::Status(429, "TooManyRequests"),
        Fault::Status(503, "ServiceUnavailable"),
        Fault::Status(500, "InternalError"),
        Fault::Status(409, "OperationAborted"),
    ];

    /// What is asked when `deed` is done without a fault, and the rows after it.
    fn calm(start: &<FakeBucket as Place>::Contents, deed: Deed) -> (Vec<String>, Vec<Status>) {
        let bucket = FakeBucket::with(start.clone());
        perform_quietly(deed, &bucket).ok();
        (bucket.asked(), statuses(&bucket))
    }

    fn perform_quietly(deed: Deed, bucket: &FakeBucket) -> Result<(), Trouble> {
        alone(perform(deed, 100, &bucket.catalog()))
    }

    fn statuses(bucket: &FakeBucket) -> Vec<Status> {
        bucket.rows().iter().map(|row| row.status).collect()
    }

    /// Each request of each deed goes wrong once, in every way: what was asked for is done all the same,
    /// once, and nothing is lost. What is late and given up may still arrive.
    #[test]
    fn what_fails_once_is_done() {
        for start in stations::<FakeBucket>() {
            for deed in DEEDS {
                let (asked, expected) = calm(&start, deed);
                for (at, line) in asked.iter().enumerate() {
                    for fault in PASSING {
                        let how = format!("{deed:?}: {fault:?} at {line}");
                        let bucket = FakeBucket::with(start.clone());
                        let earlier = asked[..at].iter().filter(|other| *other == line).count();
                        bucket.fail_behind(earlier, line.clone().leak(), fault);
                        let done = perform_quietly(deed, &bucket);
                        assert_repaired::<FakeBucket>(&bucket.contents(), &how);
                        bucket.deliver();
                        assert_repaired::<FakeBucket>(&bucket.contents(), &how);
                        // A row's deletion that may have taken place is not repeated by itself.
                        let in_doubt = line.starts_with("DELETE .reelgate/videos")
                            && !matches!(
                                fault,
                                Fault::AnswerLost
                                    | Fault::Unreachable
                                    | Fault::Status(429 | 409, _)
                            );
                        match done {
                            Err(Trouble::Store(StoreError::Unavailable(_))) if in_doubt => {}
                            Err(Trouble::Taken) => assert!(matches!(deed, Deed::Register)),
                            done => assert_eq!(done, Ok(()), "{how}"),
                        }
                        if !in_doubt {
                            assert_eq!(statuses(&bucket), expected, "{how}");
                        }
                    }
                }
            }
        }
    }

    fn encode(bucket: &FakeBucket) -> Effect {
        let applied = alone(bucket.catalog().apply(&id("v1"), &Event::Encode, NOW));
        applied.unwrap().unwrap().effect
    }

    #[test]
    fn who_wrote_knows_it_although_the_answer_is_lost() {
        for fault in [Fault::AnswerLost, Fault::RequestLost, Fault::Late] {
            let bucket = with(&[]);
            bucket.fail("PUT .reelgate/videos", fault);
            assert_eq!(encode(&bucket), Effect::Changed, "{fault:?}");
            let puts = |line: &&String| *line == &format!("PUT {V1}");
            let expected = if matches!(fault, Fault::AnswerLost) {
                1
            } else {
                2
            };
            assert_eq!(bucket.asked().iter().filter(puts).count(), expected);
            let written = bucket.contents();
            bucket.deliver();
            assert_eq!(bucket.contents(), written, "{fault:?}");
            assert_eq!(bucket.rows()[0].attempt, 1);
        }
    }

    #[test]
    fn who_loses_against_an_own_earlier_try_has_won() {
        let bucket = with(&[]);
        bucket.fail("PUT .reelgate/videos", Fault::Late);
        bucket.fail("PUT .reelgate/videos", Fault::BehindTheLate);
        assert_eq!(encode(&bucket), Effect::Changed);
        let registered_late = FakeBucket::default();
        registered_late.fail("PUT .reelgate/videos", Fault::Late);
        registered_late.fail("PUT .reelgate/videos", Fault::BehindTheLate);
        let row = registered("v1");
        assert_eq!(alone(registered_late.catalog().register(&row)), Ok(()));
    }

    /// While one does not know whether it has written, another writes.
    #[test]
    fn who_was_overtaken_begins_anew() {
        for fault in [Fault::AnswerLost, Fault::RequestLost, Fault::Late] {
            let bucket = with(&[Event::Encode, taken()]);
            let said = |percent| {
                let mut report = ready();
                report.progress = Progress::Encoding;
                report.pct_complete = Some(percent);
                report
            };
            bucket.fail("PUT .reelgate/videos", fault);
            let (one, other) = (said(50.0), said(80.0));
            let catalog = bucket.catalog();
            let mut task: Task<'_> = Box::pin(async {
                let row = catalog.report(&one, Via::Webhook, NOW).await.unwrap();
                assert_eq!(row.unwrap().pct_complete, Some(80.0));
            });
            let put = format!("PUT {V1}");
            while !bucket.asked.borrow().contains(&put) {
                assert!(!go_on(&mut task));
            }
            tell(&bucket, &other);
            while !go_on(&mut task) {}
            drop(task);
            bucket.deliver();
            assert_eq!(bucket.rows()[0].pct_complete, Some(80.0), "{fault:?}");
        }
    }

    fn get_v1(bucket: &FakeBucket) -> Trouble {
        alone(bucket.catalog().get(&id("v1"))).unwrap_err()
    }

    #[test]
    fn a_bucket_that_stays_busy_or_away_is_unavailable() {
        for (fault, says) in [
            (
                Fault::Status(429, "TooManyRequests"),
                "answered 429 TooManyRequests",
            ),
            (Fault::Status(503, "SlowDown"), "answered 503 SlowDown"),
            (Fault::Status(502, "x y"), "answered 502"),
            (Fault::Unreachable, "cannot be reached; check s3_endpoint"),
            (Fault::AnswerLost, "broke the connection"),
        ] {
            let bucket = with(&[]);
            for _ in 0..9 {
                bucket.fail("GET", fault);
            }
            let trouble = get_v1(&bucket);
            let expected = StoreError::Unavailable(format!("bucket {says}"));
            assert_eq!(trouble, Trouble::Store(expected));
            assert_eq!(trouble.kind(), Kind::Unavailable);
            assert_eq!(bucket.asked().len(), 4);
            let waited = bucket.waited.get();
            let [least, most] = [3000, 4800].map(Duration::from_millis);
            assert!((least..=most).contains(&waited), "{waited:?}");
        }
    }

    #[test]
    fn a_bucket_that_hangs_is_not_waited_for_twice_as_long() {
        let bucket = with(&[]);
        for _ in 0..9 {
            bucket.fail("GET", Fault::RequestLost);
        }
        assert_eq!(get_v1(&bucket).kind(), Kind::Unavailable);
        assert_eq!(bucket.asked().len(), 2);
        assert!(bucket.waited.get() < Duration::from_secs(21));
    }

    #[test]
    fn what_the_operator_has_to_mend_is_named() {
        for (fault, says) in [
            (
                Fault::Status(404, "NoSuchBucket"),
                "store failed: there is no bucket films; check s3_bucket",
            ),
            (
                Fault::Status(403, "SignatureDoesNotMatch"),
                "store failed: bucket does not know the key pair (answered 403 SignatureDoesNotMatch); check s3_access_key_id and s3_secret_access_key",
            ),
            (
                Fault::Status(401, "Unauthorized"),
                "store failed: bucket does not know the key pair (answered 401 Unauthorized); check s3_access_key_id and s3_secret_access_key",
            ),
            (
                Fault::Status(400, "ExpiredRequest"),
                "store failed: bucket answered 400 ExpiredRequest; check this machine's clock",
            ),
        ] {
            let bucket = with(&[]);
            bucket.fail("GET", fault);
            let trouble = get_v1(&bucket);
            assert_eq!(trouble.to_string(), says);
            assert_eq!(trouble.kind(), Kind::Internal);
            assert_eq!(bucket.asked().len(), 1);
            for (line, deed) in [
                ("PUT", Deed::Register),
                ("LIST", Deed::Sweep),
                ("DELETE", Deed::Delete),
            ] {
                let bucket = match deed {
                    Deed::Register => FakeBucket::default(),
                    _ => with(&[]),
                };
                bucket.fail(line, fault);
                let trouble = alone(perform(deed, 1, &bucket.catalog())).unwrap_err();
                assert_eq!(trouble.to_string(), says, "{line}");
            }
        }
    }

    #[test]
    fn no_list_is_not_taken_for_an_empty_one() {
        for body in [
            "",
            "<html>It works!</html>",
            "<ListBucketResult><IsTruncated>false",
        ] {
            let bucket = with(&[Event::Encode]);
            bucket.fail("LIST", Fault::Says(body));
            let trouble = alone(bucket.catalog().to_sweep()).unwrap_err();
            assert!(
                matches!(trouble, Trouble::Store(StoreError::Garbled(_))),
                "{body}"
            );
        }
    }
}

mod probe {
    use super::*;

    fn probe(bucket: &FakeBucket) -> Result<(), Trouble> {
        alone(bucket.catalog().trust(NOW, [1; 16]))
    }

    #[test]
    fn a_bucket_that_ignores_conditions_is_refused() {
        let ignores = |if_match, if_none_match| FakeBucket {
            ignores_if_match: if_match,
            ignores_if_none_match: if_none_match,
            ..FakeBucket::default()
        };
        let named = |bucket| probe(&bucket).unwrap_err();
        assert_eq!(
            named(ignores(true, false)),
            Trouble::IgnoresConditions("If-Match")
        );
        let first = Trouble::IgnoresConditions("If-None-Match");
        assert_eq!(named(ignores(false, true)), first);
        assert_eq!(named(ignores(true, true)), first);
        assert_eq!(first.kind(), Kind::Internal);
        assert!(
            first
                .to_string()
                .contains("keep the catalog in one that does")
        );
        let bucket = ignores(true, false);
        probe(&bucket).unwrap_err();
        assert_eq!(bucket.objects.borrow().len(), 0);
        assert_eq!(probe(&FakeBucket::default()), Ok(()));
    }

    #[test]
    fn a_right_that_is_missing_is_named() {
        for (line, right, says) in [
            ("GET .reelgate/probe/0101", Right::Read, "GetObject"),
            ("PUT", Right::Write, "PutObject"),
            ("DELETE", Right::Delete, "DeleteObject"),
            ("LIST", Right::List, "ListBucket"),
        ] {
            let bucket = FakeBucket::default();
            bucket.forbidden.set(Some(line));
            let trouble = probe(&bucket).unwrap_err();
            assert_eq!(trouble, Trouble::Store(StoreError::Forbidden(right)));
            let text = trouble.to_string();
            assert!(
                text.contains(says) && text.contains("catalog_access_key_id"),
                "{text}"
            );
            assert!(text.contains("s3_secret_access_key"), "{text}");
            assert_eq!(trouble.kind(), Kind::Internal);
        }
    }

    #[test]
    fn objects_without_a_version_are_no_good() {
        let bucket = FakeBucket {
            no_etags: true,
            ..FakeBucket::default()
        };
        let trouble = probe(&bucket).unwrap_err();
        assert!(
            matches!(trouble, Trouble::Store(StoreError::Garbled(_))),
            "{trouble}"
        );
    }
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
