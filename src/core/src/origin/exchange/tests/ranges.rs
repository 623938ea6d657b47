//! RFC 9110 §14: ranges.

use super::*;
use crate::origin::Level;

const PART: [(&str, &str); 3] = [
    ("content-range", "bytes 500-999/1234"),
    ("content-length", "500"),
    ("etag", "\"a\""),
];

fn invalid_range(size: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>InvalidRange</Code>\
         <Message>The requested range is not satisfiable</Message>\
         <RangeRequested>bytes=9000-</RangeRequested>{size}<RequestId>1</RequestId></Error>"
    )
}

#[test]
fn a_part_is_asked_for_and_forwarded() {
    let outcome = get(&[("range", "bytes=500-999")], vec![says(206, &PART, "")]);
    assert_eq!(outcome.seen[0].header("range"), Some("bytes=500-999"));
    assert_eq!(outcome.status, 206);
    assert!(outcome.is_forwarded());
    assert_eq!(outcome.header("content-range"), Some("bytes 500-999/1234"));
    assert_eq!(outcome.header("content-length"), Some("500"));
    assert_eq!(outcome.header("accept-ranges"), Some("bytes"));
}

#[test]
fn what_is_not_one_range_of_bytes_is_answered_with_all() {
    for range in [
        "bytes=0-0,-1",
        "bytes=500-600,601-999",
        "bytes=9-3",
        "bytes=a-b",
        "bytes=",
        "bytes",
        "lines=0-1",
        "bytes=0-1-2",
        "bytes= 0 - 1",
        "bytes=--1",
        "",
    ] {
        let outcome = get(&[("range", range)], vec![says(200, &[], "")]);
        assert_eq!(outcome.seen[0].header("range"), None, "{range}");
        assert_eq!(outcome.status, 200, "{range}");
    }
    let twice = [("range", "bytes=0-1"), ("range", "bytes=0-1")];
    assert_eq!(get(&twice, vec![says(200, &[], "")]).status, 200);
}

#[test]
fn head_has_no_range() {
    // §14.2: a Range header with another method than GET is ignored.
    let headers = [("range", "bytes=0-1"), ("if-range", "\"b\"")];
    let outcome = play(
        Method::Head,
        &headers,
        vec![says(200, &[("etag", "\"a\"")], "")],
    );
    assert_eq!(
        outcome.seen[0].headers,
        fields(&[("accept-encoding", "identity")])
    );
    assert_eq!(outcome.status, 200);
    let outcome = play(Method::Head, &headers, vec![says(206, &PART, "")]);
    assert_eq!(outcome.status, 502);
}

#[test]
fn a_bucket_may_answer_with_all() {
    let outcome = get(
        &[("range", "bytes=0-1")],
        vec![says(200, &[("content-length", "9")], "")],
    );
    assert_eq!(outcome.status, 200);
    assert_eq!(outcome.header("content-length"), Some("9"));
}

#[test]
fn a_part_that_was_not_asked_for_is_never_forwarded() {
    for (range, headers) in [
        (None, &PART[..]),
        (Some("bytes=500-999"), &[][..]),
        (
            Some("bytes=500-999"),
            &[("content-range", "bytes 0-499/1234")],
        ),
        (
            Some("bytes=500-999"),
            &[("content-range", "bytes 500-1000/1234")],
        ),
        (
            Some("bytes=500-999"),
            &[("content-range", "bytes 500-999/999")],
        ),
        (
            Some("bytes=500-999"),
            &[("content-range", "bytes 500-499/1234")],
        ),
        (Some("bytes=500-999"), &[("content-range", "bytes */1234")]),
        (
            Some("bytes=500-999"),
            &[("content-range", "lines 500-999/1234")],
        ),
        (Some("bytes=500-999"), &[("content-range", "garbage")]),
        (
            Some("bytes=500-999"),
            &[("content-type", "multipart/byteranges; boundary=x")],
        ),
        (
            Some("bytes=500-999"),
            &[
                ("content-range", "bytes 500-999/1234"),
                ("content-length", "499"),
            ],
        ),
        (
            Some("bytes=500-999"),
            &[
                ("content-range", "bytes 500-999/1234"),
                ("content-length", "x"),
            ],
        ),
        (
            Some("bytes=500-999"),
            &[
                ("content-range", "bytes 500-999/1234"),
                ("content-range", "bytes 500-999/1234"),
            ],
        ),
        (
            Some("bytes=500-"),
            &[("content-range", "bytes 499-1233/1234")],
        ),
        (Some("bytes=-5"), &[("content-range", "bytes 0-4/1234")]),
        (Some("bytes=-5"), &[("content-range", "bytes 5-10/*")]),
        (
            Some("bytes=500-999"),
            &[
                ("content-range", "bytes 500-999/1234"),
                ("content-type", "Multipart/Byteranges; boundary=x"),
            ],
        ),
    ] {
        let asked: Vec<_> = range.map(|range| ("range", range)).into_iter().collect();
        let outcome = get(&asked, vec![says(206, headers, "")]);
        assert_eq!(outcome.status, 502, "{range:?} {headers:?}");
        assert!(!outcome.is_forwarded());
        assert_eq!(outcome.note.unwrap().level, Level::Error);
    }
}

#[test]
fn a_part_under_the_status_of_the_whole_is_a_part_where_that_is_certain() {
    // rclone's `serve s3` answers a range so.
    for (range, sent, length) in [
        ("bytes=0-99", "bytes 0-99/1234", "100"),
        ("bytes=0-99", "bytes 0-99/*", "100"),
        ("bytes=500-", "bytes 500-1233/1234", "734"),
        ("bytes=-34", "bytes 1200-1233/1234", "34"),
        ("bytes=1200-9999", "bytes 1200-1233/1234", "34"),
        ("bytes=0-", "bytes 0-1233/1234", "1234"),
    ] {
        let headers = [("content-range", sent), ("content-length", length)];
        let outcome = get(&[("range", range)], vec![says(200, &headers, "")]);
        assert_eq!(outcome.status, 206, "{range}");
        assert!(outcome.is_forwarded());
        assert_eq!(outcome.header("content-range"), Some(sent));
        assert_eq!(outcome.header("content-length"), Some(length));
        assert_eq!(outcome.note, None);
    }
    // Its version is compared as that of every other part.
    let old = [
        ("content-range", "bytes 0-1/9"),
        ("content-length", "2"),
        ("etag", "\"b\""),
    ];
    let whole = [("content-length", "9"), ("etag", "\"b\"")];
    let asked = [("range", "bytes=0-1"), ("if-range", "\"a\"")];
    let outcome = get(&asked, vec![says(200, &old, ""), says(200, &whole, "")]);
    assert_eq!(
        (outcome.status, outcome.header("content-length")),
        (200, Some("9"))
    );
}

#[test]
fn a_whole_that_says_so_twice_is_the_whole() {
    let whole = [
        ("content-range", "bytes 0-1233/1234"),
        ("content-length", "1234"),
    ];
    for (method, range) in [
        (Method::Get, None),
        (Method::Get, Some("bytes=500-999")),
        (Method::Head, None),
    ] {
        let asked: Vec<_> = range.map(|range| ("range", range)).into_iter().collect();
        let outcome = play(method, &asked, vec![says(200, &whole, "")]);
        assert_eq!(outcome.status, 200, "{method:?} {range:?}");
        assert_eq!(outcome.header("content-range"), None);
        assert_eq!(outcome.header("content-length"), Some("1234"));
    }
}

#[test]
fn a_success_that_contradicts_itself_or_the_question_is_none() {
    let range = |range| ("content-range", range);
    let length = |length| ("content-length", length);
    let part = [range("bytes 0-99/1234"), length("100")];
    for (asked, headers) in [
        // Nobody asked for a part, so this is not the object.
        (None, &part[..]),
        // Of another part; and the last one may be none of the object at all.
        (Some("bytes=100-199"), &part),
        (
            Some("bytes=0-49"),
            &[range("bytes 0-99/1234"), length("100")],
        ),
        (Some("bytes=0-99"), &[range("bytes */1234"), length("100")]),
        // As long as the whole, or as something else.
        (
            Some("bytes=0-99"),
            &[range("bytes 0-99/1234"), length("1234")],
        ),
        (
            Some("bytes=0-99"),
            &[range("bytes 0-99/1234"), length("99")],
        ),
        (None, &[range("bytes 0-1233/1234"), length("100")]),
        // Of no length: which of the two is wrong?
        (Some("bytes=0-99"), &[range("bytes 0-99/1234")]),
        // Nonsense, and twice.
        (Some("bytes=0-99"), &[range("garbage"), length("100")]),
        (
            Some("bytes=0-99"),
            &[
                range("bytes 0-99/1234"),
                range("bytes 0-99/1234"),
                length("100"),
            ],
        ),
        (
            Some("bytes=0-99"),
            &[("content-type", "multipart/byteranges; boundary=x")],
        ),
    ] {
        let asked: Vec<_> = asked.map(|range| ("range", range)).into_iter().collect();
        let outcome = get(&asked, vec![says(200, headers, "")]);
        assert_eq!(outcome.status, 502, "{asked:?} {headers:?}");
        assert!(!outcome.is_forwarded());
        let note = outcome.note.unwrap();
        assert_eq!((note.level, note.bucket_status), (Level::Error, Some(200)));
        let line = note.to_string();
        assert!(
            line.contains("sent a part under the status of the whole"),
            "{line}"
        );
    }
    let head = play(Method::Head, &[], vec![says(200, &part, "")]);
    assert_eq!(head.status, 502);
    // The length of a part is no object's size.
    let beyond = [("range", "bytes=9000-")];
    let outcome = get(&beyond, vec![says(416, &[], ""), says(200, &part, "")]);
    assert_eq!(outcome.status, 502);
    for status in [201, 202, 203, 204, 205, 207, 226] {
        let outcome = get(&[("range", "bytes=0-99")], vec![says(status, &part, "")]);
        assert_eq!(outcome.status, 502, "{status}");
    }
}

#[test]
fn a_part_may_be_shorter_than_asked_for() {
    for (range, sent) in [
        ("bytes=500-9999", "bytes 500-1233/1234"),
        ("bytes=500-", "bytes 500-1233/1234"),
        ("bytes=500-999", "bytes 500-999/*"),
        ("bytes=-500", "bytes 734-1233/1234"),
        ("bytes=-5000", "bytes 0-1233/1234"),
        ("bytes=-500", "bytes 734-1233/*"),
    ] {
        let outcome = get(
            &[("range", range)],
            vec![says(206, &[("content-range", sent)], "")],
        );
        assert_eq!(
            (outcome.status, outcome.header("content-range")),
            (206, Some(sent)),
            "{range}"
        );
    }
}

#[test]
fn what_lies_outside_is_answered_with_the_size() {
    let beyond = [("range", "bytes=9000-")];
    let head = [("content-length", "1234")];
    for replies in [
        vec![says(416, &[("content-range", "bytes */1234")], "")],
        vec![says(
            416,
            &[],
            invalid_range("<ActualObjectSize>1234</ActualObjectSize>"),
        )],
        vec![says(416, &[], invalid_range("")), says(200, &head, "")],
        vec![
            says(416, &[("content-range", "bytes */*")], ""),
            says(200, &head, ""),
        ],
        vec![
            says(416, &[("content-range", "bytes 0-1/1234")], "no"),
            says(200, &head, ""),
        ],
    ] {
        let asks = replies.len();
        let outcome = get(&beyond, replies);
        assert_eq!(outcome.status, 416);
        assert_eq!(outcome.header("content-range"), Some("bytes */1234"));
        assert_eq!(outcome.body.as_deref(), Some("Range Not Satisfiable"));
        assert_eq!(outcome.note, None);
        if asks == 2 {
            assert_eq!(outcome.seen[1].method, Method::Head);
            assert_eq!(
                outcome.seen[1].headers,
                fields(&[("accept-encoding", "identity")])
            );
        }
    }
}

#[test]
fn the_last_no_bytes_are_never_there() {
    // §14.1.2: a suffix is satisfiable when its length is not zero.
    let none = [("range", "bytes=-0")];
    let outcome = get(&none, vec![says(200, &[("content-length", "1234")], "")]);
    assert_eq!(outcome.seen[0].method, Method::Head);
    assert_eq!(
        (outcome.status, outcome.header("content-range")),
        (416, Some("bytes */1234"))
    );
}

#[test]
fn an_empty_object_has_no_first_byte_but_an_end() {
    let empty = || says(416, &[("content-range", "bytes */0")], "");
    let outcome = get(&[("range", "bytes=0-")], vec![empty()]);
    assert_eq!(
        (outcome.status, outcome.header("content-range")),
        (416, Some("bytes */0"))
    );
    // §14.1.2: satisfiable, but no Content-Range can say so. All of nothing is the answer.
    let whole = says(200, &[("content-length", "0")], "");
    let outcome = get(&[("range", "bytes=-5")], vec![empty(), whole]);
    assert_eq!(
        (outcome.status, outcome.header("content-length")),
        (200, Some("0"))
    );
}

#[test]
fn a_refusal_that_the_size_contradicts_is_answered_with_all() {
    let range = [("range", "bytes=1000-")];
    let whole = || says(200, &[("content-length", "1234")], "");
    for refusal in [
        vec![says(416, &[("content-range", "bytes */1234")], "")],
        vec![
            says(416, &[], ""),
            says(200, &[("content-length", "1234")], ""),
        ],
        vec![says(416, &[], ""), says(200, &[], "")],
    ] {
        let mut replies = refusal;
        replies.push(whole());
        let outcome = get(&range, replies);
        assert_eq!(
            (outcome.status, outcome.header("content-length")),
            (200, Some("1234"))
        );
        assert_eq!(outcome.seen.last().unwrap().header("range"), None);
    }
}

#[test]
fn a_size_that_cannot_be_had_is_not_made_up() {
    let range = [("range", "bytes=9000-")];
    let outside = || says(416, &[], "");
    for (reply, status) in [
        (says(404, &[], ""), 404),
        (says(403, &[], ""), 502),
        (says(206, &PART, ""), 502),
        (says(304, &[], ""), 502),
        (says(416, &[], ""), 502),
        (says(200, &[("content-length", "x")], ""), 502),
        (Reply::Fails(Failure::TimedOut), 504),
    ] {
        assert_eq!(
            get(&range, vec![outside(), reply.clone()]).status,
            status,
            "{reply:?}"
        );
    }
    // Not asked for a range, the bucket has nothing to be outside of.
    assert_eq!(get(&[], vec![s3_error(416, "InvalidRange")]).status, 502);
}
