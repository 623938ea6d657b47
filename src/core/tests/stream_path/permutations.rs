//! The same reports leave the same row, in whatever order and however often they come.

use proptest::prelude::*;
use reelgate_core::time::UnixTime;
use reelgate_core::video::{Event, Failure, Outcome, Progress, Report, Row, Status, Via, apply};

use crate::rows::{NOW, after, assert_history, registered, report, uid};

/// All of a row but the way it took.
fn place(row: &Row) -> Row {
    let mut place = row.clone();
    place.history.clear();
    place
}

fn run(row: &Row, events: &[Event]) -> Row {
    events.iter().fold(row.clone(), |row, event| {
        match apply(&row, event, NOW.plus(60)) {
            Outcome::Changed(next) => *next,
            Outcome::Same => row,
            other => panic!("{event:?} gave {other:?}"),
        }
    })
}

fn choice(of: &'static [&'static str]) -> impl Strategy<Value = Option<String>> {
    proptest::option::of(proptest::sample::select(of).prop_map(String::from))
}

fn failure() -> impl Strategy<Value = Failure> {
    let codes = &[
        "ERR_NON_VIDEO",
        "ERR_UNKNOWN",
        "ERR_MALFORMED_VIDEO",
        "not_found",
    ];
    let messages = &["", "a", "b"];
    let [codes, messages] = [&codes[..], &messages[..]].map(proptest::sample::select);
    (codes, messages).prop_map(|(code, message)| Failure {
        code: code.into(),
        message: message.into(),
    })
}

/// Reports about the copy `u1` of the first attempt of the video `v1`.
fn about_one_copy() -> impl Strategy<Value = Report> {
    let number = || proptest::option::of(prop_oneof![Just(0.0), Just(100.0), 0.0..100.0]);
    (
        prop_oneof![
            Just(Progress::Encoding),
            Just(Progress::Ready),
            Just(Progress::Failed)
        ],
        failure(),
        number(),
        number(),
        choice(&["https://a/1.m3u8", "https://a/2.m3u8"]),
        choice(&["https://a/1.mpd"]),
        choice(&["https://a/1.jpg", "https://a/2.jpg"]),
    )
        .prop_map(
            |(progress, failure, pct, duration, hls, dash, still)| Report {
                uid: uid("u1"),
                label: Some(submitted().label()),
                progress,
                pct_complete: pct,
                failure: (progress == Progress::Failed).then_some(failure),
                duration_seconds: duration,
                hls_url: hls,
                dash_url: dash,
                thumbnail_url: still,
            },
        )
}

fn submitted() -> Row {
    after(&registered("v1"), &[Event::Encode])
}

/// How much a report says: that Stream does not know the copy is less than that it is ready.
fn said(report: &Report) -> u8 {
    let gone = report.failure.as_ref().is_some_and(Failure::is_gone);
    match report.progress {
        Progress::Encoding => 0,
        Progress::Failed if gone => 1,
        Progress::Ready => 2,
        Progress::Failed => 3,
    }
}

/// The same of a row.
fn known(row: &Row) -> u8 {
    let gone = row.error.as_ref().is_some_and(Failure::is_gone);
    match row.status {
        Status::Failed if gone => 1,
        Status::Ready => 2,
        Status::Failed => 3,
        _ => 0,
    }
}

/// Reports in two orders, with different doubles, and what Stream answered to the submission.
fn two_orders() -> impl Strategy<Value = (Vec<Event>, Vec<Event>)> {
    proptest::collection::vec(about_one_copy(), 0..6).prop_flat_map(|reports| {
        let taken = Event::Submitted {
            attempt: 1,
            uid: uid("u1"),
        };
        let events = move |via| {
            let reported = reports.iter().cloned();
            let reported = reported.map(move |report| Event::Report { report, via });
            [taken.clone()]
                .into_iter()
                .chain(reported)
                .collect::<Vec<_>>()
        };
        let once = [events(Via::Webhook), events(Via::Poll)];
        let thrice = [&once[0][..], &once[1], &once[0]].concat();
        let [once, _] = once;
        (Just(once).prop_shuffle(), Just(thrice).prop_shuffle())
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn order_and_doubles_do_not_matter((once, thrice) in two_orders()) {
        let (one, other) = (run(&submitted(), &once), run(&submitted(), &thrice));
        prop_assert_eq!(place(&one), place(&other));
        assert_history(&one);
        assert_history(&other);
        // All of them again tell nothing new, not even to the history.
        prop_assert_eq!(&run(&one, &thrice), &one);
    }

    #[test]
    fn a_row_holds_the_most_that_was_said((events, _) in two_orders()) {
        let row = run(&submitted(), &events);
        let reports: Vec<&Report> = events.iter().filter_map(|event| match event {
            Event::Report { report, .. } => Some(report),
            _ => None,
        }).collect();
        let most_said = reports.iter().map(|report| said(report)).max().unwrap_or(0);
        prop_assert_eq!(row.status, match most_said {
            0 => Status::Encoding,
            2 => Status::Ready,
            _ => Status::Failed,
        });
        prop_assert_eq!(row.error.is_some(), row.status == Status::Failed);
        prop_assert_eq!(known(&row), most_said);
        let most = reports.iter().filter_map(|report| report.pct_complete).reduce(f64::max);
        prop_assert_eq!(row.pct_complete, most);
        let has_dash = reports.iter().any(|report| report.dash_url.is_some());
        prop_assert_eq!(row.dash_url.is_some(), has_dash);
    }

    #[test]
    fn no_prefix_goes_back((events, _) in two_orders()) {
        let mut row = submitted();
        for event in &events {
            let next = run(&row, std::slice::from_ref(event));
            prop_assert!(known(&next) >= known(&row));
            prop_assert!(next.pct_complete >= row.pct_complete);
            prop_assert!(row.hls_url.is_none() || next.hls_url.is_some());
            row = next;
        }
    }
}

fn polled(report: Report) -> Event {
    let via = Via::Poll;
    Event::Report { report, via }
}

#[test]
fn that_stream_does_not_know_a_copy_fails_no_row_that_was_ready() {
    let label = submitted().label();
    let ready = || polled(report("u1", &label, Progress::Ready));
    let gone = || polled(Report::gone(uid("u1")));
    let failed = || polled(report("u1", &label, Progress::Failed));
    let taken = Event::Submitted {
        attempt: 1,
        uid: uid("u1"),
    };
    let row = after(&submitted(), &[taken]);
    for (events, status, code) in [
        (vec![ready(), gone()], Status::Ready, None),
        (vec![gone(), ready()], Status::Ready, None),
        (vec![gone(), ready(), gone()], Status::Ready, None),
        (vec![gone()], Status::Failed, Some("not_found")),
        (
            vec![gone(), failed()],
            Status::Failed,
            Some("ERR_NON_VIDEO"),
        ),
        (
            vec![failed(), gone()],
            Status::Failed,
            Some("ERR_NON_VIDEO"),
        ),
        (
            vec![gone(), failed(), ready()],
            Status::Failed,
            Some("ERR_NON_VIDEO"),
        ),
        (
            vec![ready(), gone(), failed()],
            Status::Failed,
            Some("ERR_NON_VIDEO"),
        ),
    ] {
        let row = run(&row, &events);
        let own = row.error.as_ref().map(|error| error.code.as_str());
        assert_eq!((row.status, own), (status, code), "{events:?}");
        assert_history(&row);
    }
    // Of the copy of a former attempt it says nothing.
    let again = after(&run(&row, &[gone()]), &[Event::Retry, Event::Submit]);
    assert!(matches!(apply(&again, &ready(), NOW), Outcome::Stale(_)));
}

proptest! {
    #[test]
    fn a_history_is_in_the_order_of_time((events, _) in two_orders(), clocks in proptest::collection::vec(0..100_u64, 0..20)) {
        // Hosts whose clocks differ, each of which writes some of it.
        let mut row = submitted();
        let clocks = clocks.into_iter().cycle().chain(std::iter::repeat(0));
        for (event, seconds) in events.iter().chain(&[Event::Retry, Event::Submit]).zip(clocks) {
            let now = UnixTime(NOW.0 - 50 + seconds);
            if let Outcome::Changed(next) = apply(&row, event, now) {
                row = *next;
            }
            let last = row.history.last().map(|step| step.at);
            prop_assert!(row.history.is_sorted_by_key(|step| step.at), "{:?}", row.history);
            prop_assert!(Some(row.updated_at) >= last);
        }
    }
}
