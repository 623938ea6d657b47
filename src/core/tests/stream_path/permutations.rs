//! The same reports leave the same row, in whatever order and however often they come.

use proptest::prelude::*;
use reelgate_core::video::{Event, Failure, Outcome, Progress, Report, Row, Status, Via, apply};

use crate::rows::{NOW, after, assert_history, registered, uid};

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
        let said: Vec<&Report> = events.iter().filter_map(|event| match event {
            Event::Report { report, .. } => Some(report),
            _ => None,
        }).collect();
        let furthest = said.iter().map(|report| report.progress).max();
        prop_assert_eq!(row.status, match furthest {
            None | Some(Progress::Encoding) => Status::Encoding,
            Some(Progress::Ready) => Status::Ready,
            Some(Progress::Failed) => Status::Failed,
        });
        prop_assert_eq!(row.error.is_some(), row.status == Status::Failed);
        let most = said.iter().filter_map(|report| report.pct_complete).reduce(f64::max);
        prop_assert_eq!(row.pct_complete, most);
        let known = said.iter().any(|report| report.dash_url.is_some());
        prop_assert_eq!(row.dash_url.is_some(), known);
    }

    #[test]
    fn no_prefix_goes_back((events, _) in two_orders()) {
        let mut row = submitted();
        for event in &events {
            let next = run(&row, std::slice::from_ref(event));
            prop_assert!(next.status >= row.status);
            prop_assert!(next.pct_complete >= row.pct_complete);
            prop_assert!(row.hls_url.is_none() || next.hls_url.is_some());
            row = next;
        }
    }
}
