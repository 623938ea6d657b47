//! RFC 9110 §13: conditional requests.

use super::*;

const OLD: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
const NEW: &str = "Mon, 07 Nov 1994 08:49:37 GMT";
const WHOLE: [(&str, &str); 3] = [
    ("etag", "\"a\""),
    ("last-modified", OLD),
    ("content-length", "10"),
];
const PART: [(&str, &str); 4] = [
    ("etag", "\"a\""),
    ("last-modified", OLD),
    ("content-length", "2"),
    ("content-range", "bytes 0-1/10"),
];

#[test]
fn conditions_are_passed_on() {
    for (name, value) in [
        ("if-match", "\"a\""),
        ("if-match", "*"),
        ("if-none-match", "\"b\""),
        ("if-none-match", "W/\"b\""),
        ("if-modified-since", "Sat, 05 Nov 1994 08:49:37 GMT"),
        ("if-unmodified-since", OLD),
    ] {
        let outcome = get(&[(name, value)], vec![says(200, &WHOLE, "")]);
        assert_eq!(outcome.seen[0].header(name), Some(value));
        assert_eq!(outcome.status, 200, "{name}: {value}");
    }
}

#[test]
fn dates_in_older_formats_are_passed_on_in_the_one_that_is_sent() {
    // §5.6.7: the three ways to write one date.
    for date in [
        OLD,
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
    ] {
        let outcome = get(
            &[("if-unmodified-since", date)],
            vec![says(200, &WHOLE, "")],
        );
        assert_eq!(
            outcome.seen[0].header("if-unmodified-since"),
            Some(OLD),
            "{date}"
        );
    }
}

#[test]
fn what_the_rfc_ignores_is_not_passed_on() {
    for headers in [
        &[("if-modified-since", "yesterday")][..],
        &[("if-modified-since", OLD), ("if-modified-since", OLD)],
        &[("if-unmodified-since", "")],
        &[("if-none-match", "a")],
        &[("if-none-match", "\"a")],
        &[("if-none-match", "\"a\" \"b\"")],
        &[("if-none-match", "")],
        &[("if-match", "w/\"a\"")],
        // §13.1.3, §13.1.4: tags push dates aside.
        &[
            ("if-match", "a"),
            ("if-unmodified-since", "Sat, 05 Nov 1994 08:49:37 GMT"),
        ],
        &[("if-none-match", "a"), ("if-modified-since", OLD)],
    ] {
        let outcome = get(headers, vec![says(200, &WHOLE, "")]);
        assert_eq!(
            outcome.seen[0].headers,
            fields(&[("accept-encoding", "identity")]),
            "{headers:?}"
        );
        assert_eq!(outcome.status, 200, "{headers:?}");
    }
}

#[test]
fn the_bucket_may_say_not_modified() {
    let headers = [
        ("etag", "\"a\""),
        ("last-modified", OLD),
        ("content-length", "10"),
        ("x-amz-id-2", "1"),
    ];
    for condition in [("if-none-match", "\"a\""), ("if-modified-since", OLD)] {
        let outcome = get(&[condition], vec![says(304, &headers, "")]);
        assert_eq!(outcome.status, 304);
        assert_eq!(
            outcome.headers,
            fields(&[("etag", "\"a\""), ("last-modified", OLD)])
        );
        assert_eq!(outcome.body.as_deref(), Some(""));
    }
}

#[test]
fn not_modified_is_said_of_the_version_that_the_viewer_has() {
    for (condition, said, status) in [
        (("if-none-match", "\"a\""), ("etag", "\"b\""), 502),
        (("if-none-match", "\"a\""), ("etag", "W/\"a\""), 304),
        (("if-none-match", "*"), ("etag", "\"b\""), 304),
        (("if-none-match", "\"a\", \"b\""), ("etag", "\"b\""), 304),
        (("if-none-match", "\"a\""), ("last-modified", NEW), 304),
        (("if-modified-since", OLD), ("last-modified", NEW), 502),
        (("if-modified-since", NEW), ("last-modified", OLD), 304),
        (("if-modified-since", OLD), ("etag", "\"b\""), 304),
    ] {
        let outcome = get(&[condition], vec![says(304, &[said], "")]);
        assert_eq!(outcome.status, status, "{condition:?} {said:?}");
        assert_eq!(outcome.note.is_some(), status == 502);
    }
}

#[test]
fn the_bucket_may_say_that_a_precondition_failed() {
    for condition in [("if-match", "\"b\""), ("if-unmodified-since", OLD)] {
        let outcome = get(&[condition], vec![s3_error(412, "PreconditionFailed")]);
        assert_eq!(outcome.status, 412);
        assert_eq!(outcome.body.as_deref(), Some("Precondition Failed"));
        assert_eq!(outcome.note, None);
    }
}

#[test]
fn an_answer_to_a_condition_that_was_not_sent_is_none() {
    assert_eq!(get(&[], vec![says(304, &WHOLE, "")]).status, 502);
    assert_eq!(
        get(&[], vec![s3_error(412, "PreconditionFailed")]).status,
        502
    );
    assert_eq!(
        get(
            &[("range", "bytes=0-1")],
            vec![s3_error(412, "PreconditionFailed")]
        )
        .status,
        502
    );
    assert_eq!(
        get(&[("if-match", "\"a\"")], vec![says(304, &WHOLE, "")]).status,
        502
    );
}

#[test]
fn a_bucket_that_does_not_listen_is_corrected() {
    for (headers, status) in [
        (&[("if-none-match", "\"a\"")][..], 304),
        (&[("if-none-match", "W/\"a\"")], 304),
        (&[("if-none-match", "\"x\", \"a\"")], 304),
        (
            &[("if-none-match", "\"x\""), ("if-none-match", "W/\"a\"")],
            304,
        ),
        (&[("if-none-match", "*")], 304),
        (&[("if-none-match", "\"b\"")], 200),
        (&[("if-none-match", "\"x\", \"y\"")], 200),
        (&[("if-modified-since", OLD)], 304),
        (&[("if-modified-since", NEW)], 304),
        (
            &[("if-modified-since", "Sat, 05 Nov 1994 08:49:37 GMT")],
            200,
        ),
        (&[("if-match", "\"b\"")], 412),
        (&[("if-match", "W/\"a\"")], 412),
        (&[("if-match", "\"x\",,\t\"a\" ,")], 200),
        (&[("if-match", "*")], 200),
        (&[("if-unmodified-since", OLD)], 200),
        (
            &[("if-unmodified-since", "Sat, 05 Nov 1994 08:49:37 GMT")],
            412,
        ),
        // §13.2.2: 412 comes before 304.
        (&[("if-match", "\"b\""), ("if-none-match", "\"a\"")], 412),
        (&[("if-match", "\"a\""), ("if-none-match", "\"a\"")], 304),
        (
            &[
                ("if-match", "\"a\""),
                ("if-unmodified-since", "Sat, 05 Nov 1994 08:49:37 GMT"),
            ],
            200,
        ),
        (
            &[("if-none-match", "\"b\""), ("if-modified-since", NEW)],
            200,
        ),
    ] {
        let whole = get(headers, vec![says(200, &WHOLE, "")]);
        assert_eq!(whole.status, status, "{headers:?}");
        let head = play(Method::Head, headers, vec![says(200, &WHOLE, "")]);
        assert_eq!(head.status, status, "HEAD {headers:?}");

        let ranged = [headers, &[("range", "bytes=0-1")]].concat();
        let part = get(&ranged, vec![says(206, &PART, "")]);
        assert_eq!(
            part.status,
            if status == 200 { 206 } else { status },
            "{ranged:?}"
        );
        let beyond = [headers, &[("range", "bytes=99-")]].concat();
        let outside = get(
            &beyond,
            vec![
                says(416, &[("content-range", "bytes */10")], ""),
                says(200, &WHOLE, ""),
            ],
        );
        assert_eq!(
            outside.status,
            if status == 200 { 416 } else { status },
            "{beyond:?}"
        );
    }
}

#[test]
fn lists_of_tags_are_compared_here_alone() {
    // Some stores refuse them with 400.
    let outcome = get(
        &[("if-none-match", "\"x\", \"y\"")],
        vec![says(200, &WHOLE, "")],
    );
    assert_eq!(outcome.seen[0].header("if-none-match"), None);
    // §13.2.2: asked of the bucket alone, the date would say 304 before the tags could say 412.
    let headers = [("if-match", "\"x\", \"y\""), ("if-modified-since", OLD)];
    let outcome = get(&headers, vec![says(200, &WHOLE, "")]);
    assert_eq!(
        outcome.seen[0].headers,
        fields(&[("accept-encoding", "identity")])
    );
    assert_eq!(outcome.status, 412);
}

#[test]
fn if_range_asks_for_the_part_of_one_version() {
    for (if_range, name, value) in [
        ("\"a\"", "if-match", "\"a\""),
        (OLD, "if-unmodified-since", OLD),
        ("Sun Nov  6 08:49:37 1994", "if-unmodified-since", OLD),
    ] {
        let outcome = get(
            &[("range", "bytes=0-1"), ("if-range", if_range)],
            vec![says(206, &PART, "")],
        );
        assert_eq!(outcome.seen[0].header(name), Some(value));
        assert_eq!(outcome.seen[0].header("if-range"), None);
        assert_eq!(outcome.status, 206);
    }
}

#[test]
fn another_version_is_sent_whole() {
    // §13.1.5: when the condition is false, Range is ignored.
    let new_part = [
        ("etag", "\"b\""),
        ("last-modified", NEW),
        ("content-length", "2"),
        ("content-range", "bytes 0-1/10"),
    ];
    let weak_part = [
        ("etag", "W/\"a\""),
        ("last-modified", NEW),
        ("content-length", "2"),
        ("content-range", "bytes 0-1/10"),
    ];
    let bare_part = [("content-range", "bytes 0-1/10")];
    for (if_range, first) in [
        ("\"a\"", s3_error(412, "PreconditionFailed")),
        ("\"a\"", says(206, &new_part, "")),
        ("\"a\"", says(206, &weak_part, "")),
        ("\"a\"", says(206, &bare_part, "")),
        (OLD, s3_error(412, "PreconditionFailed")),
        // If-Unmodified-Since lets an older version pass, "exactly" does not.
        (NEW, says(206, &PART, "")),
        (OLD, says(206, &bare_part, "")),
    ] {
        let replies = vec![first.clone(), says(200, &WHOLE, "")];
        let outcome = get(&[("range", "bytes=0-1"), ("if-range", if_range)], replies);
        assert_eq!(outcome.status, 200, "{if_range} {first:?}");
        assert_eq!(outcome.header("content-range"), None);
        assert_eq!(
            outcome.seen[1].headers,
            fields(&[("accept-encoding", "identity")])
        );
    }
}

#[test]
fn an_if_range_that_nothing_meets_asks_for_all_at_once() {
    for if_range in ["W/\"a\"", "a", "", "*", "\"a\", \"b\"", "yesterday"] {
        let outcome = get(
            &[("range", "bytes=0-1"), ("if-range", if_range)],
            vec![says(200, &WHOLE, "")],
        );
        assert_eq!(
            outcome.seen[0].headers,
            fields(&[("accept-encoding", "identity")]),
            "{if_range}"
        );
        assert_eq!(outcome.status, 200, "{if_range}");
    }
    let twice = [
        ("range", "bytes=0-1"),
        ("if-range", "\"a\""),
        ("if-range", "\"a\""),
    ];
    assert_eq!(
        get(&twice, vec![says(200, &WHOLE, "")]).seen[0].header("range"),
        None
    );
    // Without Range it means nothing.
    let alone = get(&[("if-range", "\"b\"")], vec![says(200, &WHOLE, "")]);
    assert_eq!(
        alone.seen[0].headers,
        fields(&[("accept-encoding", "identity")])
    );
}

#[test]
fn the_viewers_own_condition_keeps_its_meaning_beside_if_range() {
    let range = [("range", "bytes=0-1"), ("if-range", "\"a\"")];
    for own in [
        ("if-match", "\"b\""),
        ("if-unmodified-since", "Sat, 05 Nov 1994 08:49:37 GMT"),
    ] {
        let headers = [&range[..], &[own]].concat();
        let outcome = get(&headers, vec![s3_error(412, "PreconditionFailed")]);
        assert_eq!(outcome.seen[0].header(own.0), Some(own.1));
        assert_eq!(outcome.status, 412, "{own:?}");
    }
    // Both hold, for different versions: the viewer has `a`, and will also take `b`.
    let headers = [&range[..], &[("if-match", "\"a\", \"b\"")]].concat();
    let part_of_b = [
        ("etag", "\"b\""),
        ("content-length", "2"),
        ("content-range", "bytes 0-1/10"),
    ];
    let whole_b = [("etag", "\"b\""), ("content-length", "10")];
    let outcome = get(
        &headers,
        vec![says(206, &part_of_b, ""), says(200, &whole_b, "")],
    );
    assert_eq!(
        (outcome.status, outcome.header("etag")),
        (200, Some("\"b\""))
    );
    assert_eq!(get(&headers, vec![says(206, &PART, "")]).status, 206);
    // After our own condition failed, the viewer's are asked again.
    let headers = [&range[..], &[("if-none-match", "\"b\"")]].concat();
    let outcome = get(
        &headers,
        vec![s3_error(412, "PreconditionFailed"), says(304, &whole_b, "")],
    );
    assert_eq!(outcome.status, 304);
}

#[test]
fn a_range_outside_of_another_version_is_answered_with_all() {
    let headers = [("range", "bytes=99-"), ("if-range", "\"old\"")];
    let outside = || says(416, &[("content-range", "bytes */10")], "");
    let outcome = get(
        &headers,
        vec![outside(), says(200, &WHOLE, ""), says(200, &WHOLE, "")],
    );
    assert_eq!(outcome.status, 200);
    let headers = [("range", "bytes=99-"), ("if-range", "\"a\"")];
    let outcome = get(&headers, vec![outside(), says(200, &WHOLE, "")]);
    assert_eq!(
        (outcome.status, outcome.header("content-range")),
        (416, Some("bytes */10"))
    );
}
