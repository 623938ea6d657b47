//! One request, one object.

use super::*;

const OBJECT: [(&str, &str); 14] = [
    ("Content-Type", "video/iso.segment"),
    ("Content-Length", "1234"),
    ("ETag", "\"5d41402abc4b2a76b9719d911017c592\""),
    ("Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT"),
    ("Cache-Control", "public, max-age=99"),
    ("Content-Disposition", "attachment"),
    ("Content-Encoding", "gzip"),
    ("x-amz-request-id", "1"),
    ("x-amz-meta-owner", "someone"),
    ("Server", "AmazonS3"),
    ("Date", "Sun, 06 Nov 1994 08:49:38 GMT"),
    ("Set-Cookie", "a=b"),
    ("Content-Range", "bytes 0-1233/1234"),
    ("CF-Ray", "1"),
];

const SHOWN: [(&str, &str); 6] = [
    ("content-type", "video/iso.segment"),
    ("content-length", "1234"),
    ("content-encoding", "gzip"),
    ("etag", "\"5d41402abc4b2a76b9719d911017c592\""),
    ("last-modified", "Sun, 06 Nov 1994 08:49:37 GMT"),
    ("accept-ranges", "bytes"),
];

#[test]
fn an_object_is_forwarded_with_its_own_headers_alone() {
    let outcome = get(&[], vec![says(200, &OBJECT, "film")]);
    assert_eq!(outcome.status, 200);
    assert!(outcome.is_forwarded());
    assert_eq!(outcome.headers, fields(&SHOWN));
    assert_eq!(outcome.note, None);
}

#[test]
fn head_is_answered_without_a_body() {
    // RFC 9110 §9.3.2: the headers of GET, content-length among them.
    let outcome = play(Method::Head, &[], vec![says(200, &OBJECT, "")]);
    assert_eq!(outcome.seen[0].method, Method::Head);
    assert_eq!(outcome.status, 200);
    assert_eq!(outcome.body.as_deref(), Some(""));
    assert_eq!(outcome.headers, fields(&SHOWN));
}

#[test]
fn the_buckets_own_accept_ranges_is_kept_and_lists_are_joined() {
    let headers = [
        ("accept-ranges", "none"),
        ("content-encoding", "aws-chunked"),
        ("content-encoding", "gzip"),
        ("etag", "\"a\""),
        ("etag", "\"b\""),
    ];
    let outcome = get(&[], vec![says(200, &headers, "")]);
    let expected = [
        ("content-encoding", "aws-chunked, gzip"),
        ("accept-ranges", "none"),
    ];
    assert_eq!(outcome.headers, fields(&expected));
}

#[test]
fn nothing_of_the_viewer_goes_to_the_bucket() {
    let headers = [
        ("user-agent", "hls.js"),
        ("x-forwarded-for", "192.0.2.1"),
        ("cookie", "reelgate_session=secret"),
        ("authorization", "Bearer secret"),
        ("x-request-id", "1"),
        ("accept-encoding", "gzip, br"),
        ("x-amz-security-token", "1"),
        ("host", "video.example"),
        ("range", "bytes=0-1"),
        ("if-none-match", "\"a\""),
    ];
    let target = "/games/7/720p/seg_00001.m4s?t=secret&response-content-type=text/html";
    let bucket = |_: &Seen| says(206, &[("content-range", "bytes 0-1/2")], "");
    let outcome = drive(Method::Get, target, &fields(&headers), bucket);
    let [seen] = &outcome.seen[..] else {
        panic!("{outcome:?}")
    };
    let expected = [
        ("accept-encoding", "identity"),
        ("if-none-match", "\"a\""),
        ("range", "bytes=0-1"),
    ];
    assert_eq!(seen.headers, fields(&expected));
    let (path, query) = seen.path_and_query.split_once('?').unwrap();
    assert_eq!(path, "/films/games/7/720p/seg_00001.m4s");
    assert!(
        !query.contains("secret") && !query.contains("response"),
        "{query}"
    );
}

#[test]
fn what_is_no_object_is_refused_without_asking() {
    for (method, target, status, body) in [
        (Method::Get, "/", 404, "Not Found"),
        (Method::Get, "/games/7/../8/a", 404, "Not Found"),
        (Method::Get, "/games/7/a%2Fb", 404, "Not Found"),
        (Method::Get, "/s/x/games/7/a", 404, "Not Found"),
        (Method::Get, "", 404, "Not Found"),
        (Method::Head, "/favicon.ico", 404, ""),
        (Method::Other, "/games/7/a", 405, "Method Not Allowed"),
        (Method::Options, "/games/7/a", 405, "Method Not Allowed"),
    ] {
        let outcome = drive(method, target, &fields(&[]), |seen| {
            panic!("asked: {seen:?}")
        });
        assert_eq!(outcome.status, status, "{target}");
        assert_eq!(outcome.body.as_deref(), Some(body), "{target}");
        assert_eq!(
            outcome.header("allow"),
            (status == 405).then_some("GET, HEAD"),
            "{target}"
        );
    }
}

#[test]
fn neither_a_secret_nor_a_signature_can_be_printed() {
    let config = config();
    let headers = fields(&[]);
    let request = Request {
        method: Method::Get,
        target: TARGET,
        headers: &headers,
    };
    let printed = format!("{config:?} {:?}", Exchange::start(&request, &config, NOW));
    assert!(
        printed.contains("/films/games/7/720p/seg_00001.m4s"),
        "{printed}"
    );
    for hidden in ["wJalr", "AKIA", "Signature", "X-Amz"] {
        assert!(!printed.contains(hidden), "{hidden} in {printed}");
    }
}

#[test]
fn a_length_that_is_none_breaks_the_answer() {
    for lengths in [
        &[("content-length", "5, 5")][..],
        &[("content-length", "5"), ("content-length", "5")],
        &[("content-length", "+5")],
        &[("content-length", "-5")],
        &[("content-length", "")],
        &[("content-length", "99999999999999999999")],
    ] {
        let outcome = get(&[], vec![says(200, lengths, "12345")]);
        assert_eq!(outcome.status, 502, "{lengths:?}");
        assert_eq!(outcome.body.as_deref(), Some("Bad Gateway"));
    }
    let outcome = get(&[], vec![says(200, &[], "chunked")]);
    assert_eq!(outcome.status, 200);
    assert_eq!(outcome.header("content-length"), None);
}

#[test]
fn an_origin_serves_its_part_of_the_bucket_and_no_other() {
    let original = "/originals/uploads/Gr%C3%B6%C3%9Fe%20%281%29%2Ba%26b%3Dc%2520d~.mp4";
    for (serves, target, asked) in [
        ("games", TARGET, Some("/films/games/7/720p/seg_00001.m4s")),
        ("games", original, None),
        ("games", "/originals/games/7/a", None),
        ("originals", TARGET, None),
        (
            "originals",
            "/originals/games/7/a",
            Some("/films/games/7/a"),
        ),
        (
            "originals",
            original,
            Some("/films/uploads/Gr%C3%B6%C3%9Fe%20%281%29%2Ba%26b%3Dc%2520d~.mp4"),
        ),
    ] {
        let config = config_for(serves);
        let request = Request {
            method: Method::Get,
            target,
            headers: &fields(&[]),
        };
        match (Exchange::start(&request, &config, NOW).1, asked) {
            (Step::Send(request), Some(path)) => {
                assert_eq!(request.path_and_query.split('?').next(), Some(path));
            }
            (Step::Answer(answer), None) => assert_eq!(answer.head.status, 404),
            (step, _) => panic!("{serves} {target}: {step:?}"),
        }
    }
}
