//! An object at hand answers as the bucket would, and as RFC 9110 has it.

use proptest::prelude::*;

use super::{
    model::{Version, Wish, a_wish, date},
    *,
};
use crate::origin::{FromStored, asks_for_whole, from_stored, has_conditions};

fn stored(version: Version) -> Fields {
    fields(&[
        ("etag", &version.tag()),
        ("last-modified", &date(version.day)),
        ("content-length", &version.size.to_string()),
    ])
}

/// What `version` at hand answers.
fn answer(wish: &Wish, version: Version) -> Outcome {
    let request = Request {
        method: if wish.head { Method::Head } else { Method::Get },
        target: "/games/7/a.mp4",
        headers: &wish.headers(),
    };
    let mut headers = stored(version);
    let status = match from_stored(&request, &headers, version.size) {
        FromStored::Whole => 200,
        FromStored::Part(head, bytes) => {
            let part = texts(head.headers);
            headers.retain(|(name, _)| part.iter().all(|(other, _)| other != name));
            headers.extend(part);
            let length = (bytes.end - bytes.start).to_string();
            assert!(headers.contains(&("content-length".into(), length)));
            head.status
        }
        FromStored::Answer(answer) => {
            headers = texts(answer.head.headers);
            assert!(answer.body.is_empty() || !wish.head);
            answer.head.status
        }
    };
    Outcome {
        status,
        headers,
        body: None,
        seen: Vec::new(),
        pauses: Vec::new(),
        note: None,
    }
}

fn a_version() -> impl Strategy<Value = Version> {
    (0..3_u8, prop::bool::weighted(0.1), 0..4_u8, 0..9_u64).prop_map(|(number, weak, day, size)| {
        Version {
            number,
            weak,
            day,
            size,
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn what_is_at_hand_answers_as_the_rfc_has_it(wish in a_wish(), version in a_version()) {
        let outcome = answer(&wish, version);
        let right = wish.answer(version);
        prop_assert!(right.is(version, &outcome), "{:?} {:?}", right, outcome);
        if asks_for_whole(&wish.headers()) {
            prop_assert_eq!(outcome.status, 200);
        }
        if !has_conditions(&wish.headers()) {
            prop_assert!(matches!(outcome.status, 200 | 206 | 416));
        }
    }
}

#[test]
fn the_rfcs_ranges_are_cut_out() {
    // RFC 9110 §14.1.2, for an object of 10000 bytes.
    for (range, bytes) in [
        ("bytes=0-499", 0..500),
        ("bytes=500-999", 500..1000),
        ("bytes=-500", 9500..10_000),
        ("bytes=9500-", 9500..10_000),
        ("bytes=9999-18446744073709551615", 9999..10_000),
    ] {
        let asked = [("range", range)];
        let request = Request {
            method: Method::Get,
            target: "/games/7/a.mp4",
            headers: &asked[..],
        };
        let stored = [("etag", "\"a\"")];
        let FromStored::Part(_, part) = from_stored(&request, &stored[..], 10_000) else {
            panic!("{range}")
        };
        assert_eq!(part, bytes, "{range}");
    }
}
