//! A bucket that fails, hangs, or loses answers.

use std::time::Duration;

use reelgate_core::video::routes::problem::Kind;
use reelgate_core::video::{Effect, Event, Progress, Status, StoreError, Trouble, Via};

use crate::crashes::{DEEDS, Deed, assert_repaired, perform, stations};
use crate::fake_bucket::{FakeBucket, Fault};
use crate::place::{Place, Task, alone, go_on};
use crate::rows::{NOW, id, registered};

use super::{V1, ready, taken, tell, with};

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
                            Fault::AnswerLost | Fault::Unreachable | Fault::Status(429 | 409, _)
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
