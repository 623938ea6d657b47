//! What the bucket does wrong, what the viewer hears of it, and what the operator does.

use super::*;
use crate::origin::Level;

fn unreachable() -> Reply {
    Reply::Fails(Failure::Connect)
}

#[test]
fn errors_are_translated_by_their_code() {
    for (reply, status, level) in [
        (s3_error(404, "NoSuchKey"), 404, None),
        (s3_error(404, "NoSuchBucket"), 502, Some(Level::Error)),
        (s3_error(403, "AccessDenied"), 502, Some(Level::Error)),
        (
            s3_error(403, "SignatureDoesNotMatch"),
            502,
            Some(Level::Error),
        ),
        (s3_error(403, "InvalidAccessKeyId"), 502, Some(Level::Error)),
        (
            s3_error(403, "RequestTimeTooSkewed"),
            502,
            Some(Level::Error),
        ),
        (s3_error(401, "Unauthorized"), 502, Some(Level::Error)),
        (s3_error(400, "ExpiredRequest"), 502, Some(Level::Error)),
        (s3_error(301, "PermanentRedirect"), 502, Some(Level::Error)),
        (s3_error(307, "TemporaryRedirect"), 502, Some(Level::Error)),
        (s3_error(501, "NotImplemented"), 502, Some(Level::Warning)),
        // A web server that is no bucket, and one that says nothing.
        (
            says(404, &[], "<html>Not here</html>"),
            502,
            Some(Level::Error),
        ),
        (says(404, &[], ""), 404, None),
        (
            says(302, &[("location", "https://elsewhere.example/")], ""),
            502,
            Some(Level::Error),
        ),
        (says(403, &[], [0xff; 9]), 502, Some(Level::Error)),
        (says(204, &[], ""), 502, Some(Level::Error)),
        (says(201, &[], ""), 502, Some(Level::Error)),
        (says(100, &[], ""), 502, Some(Level::Error)),
        (says(0, &[], ""), 502, Some(Level::Error)),
        (says(999, &[], ""), 502, Some(Level::Warning)),
        (Reply::Fails(Failure::TimedOut), 504, Some(Level::Warning)),
        (Reply::Fails(Failure::Tls), 502, Some(Level::Error)),
        (Reply::Fails(Failure::Broken), 502, Some(Level::Error)),
    ] {
        let outcome = get(&[], vec![reply.clone()]);
        assert_eq!(outcome.status, status, "{reply:?}");
        assert_eq!(outcome.note.map(|note| note.level), level, "{reply:?}");
        let body = match status {
            404 => "Not Found",
            504 => "Gateway Timeout",
            _ => "Bad Gateway",
        };
        assert_eq!(outcome.body.as_deref(), Some(body), "{reply:?}");
    }
}

#[test]
fn head_is_translated_by_its_status() {
    for (status, expected) in [
        (404, 404),
        (403, 502),
        (400, 502),
        (401, 502),
        (301, 502),
        (416, 502),
        (504, 502),
    ] {
        let outcome = play(Method::Head, &[], vec![says(status, &[], "")]);
        assert_eq!(outcome.status, expected, "{status}");
        assert_eq!(outcome.body.as_deref(), Some(""), "{status}");
    }
}

#[test]
fn a_busy_bucket_is_asked_once_more() {
    for busy in [
        s3_error(503, "SlowDown"),
        s3_error(429, "TooManyRequests"),
        s3_error(500, "InternalError"),
        says(502, &[], "<html>Bad Gateway</html>"),
        unreachable(),
    ] {
        let outcome = get(
            &[("range", "bytes=0-1")],
            vec![busy, says(206, &[("content-range", "bytes 0-1/9")], "")],
        );
        assert_eq!(outcome.status, 206);
        assert_eq!(outcome.seen[0], outcome.seen[1]);
        assert_eq!(outcome.pauses, [Duration::from_millis(149)]);
        assert_eq!(outcome.note, None);
    }
}

#[test]
fn a_bucket_that_stays_busy_is_unavailable() {
    for (replies, code) in [
        (
            vec![s3_error(503, "SlowDown"), s3_error(503, "SlowDown")],
            Some("SlowDown"),
        ),
        (
            vec![unreachable(), s3_error(429, "TooManyRequests")],
            Some("TooManyRequests"),
        ),
        (
            vec![
                s3_error(503, "SlowDown"),
                says(503, &[("retry-after", "3600")], ""),
            ],
            None,
        ),
        (vec![s3_error(503, "SlowDown"), unreachable()], None),
        (vec![unreachable(), unreachable()], None),
    ] {
        let outcome = get(&[], replies.clone());
        assert_eq!(outcome.status, 503, "{replies:?}");
        assert_eq!(outcome.body.as_deref(), Some("Service Unavailable"));
        let seconds: u32 = outcome.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=4).contains(&seconds), "{seconds}");
        assert_eq!(
            outcome.note.unwrap().bucket_code.as_deref(),
            code,
            "{replies:?}"
        );
    }
    let head = play(
        Method::Head,
        &[],
        vec![says(503, &[], ""), says(503, &[], "")],
    );
    assert_eq!((head.status, head.body.as_deref()), (503, Some("")));
}

#[test]
fn a_bucket_that_goes_on_failing_is_a_bad_gateway() {
    for (replies, status, code) in [
        (
            vec![
                s3_error(500, "InternalError"),
                s3_error(500, "InternalError"),
            ],
            500,
            Some("InternalError"),
        ),
        (
            vec![says(502, &[], "<html>"), says(502, &[], "<html>")],
            502,
            None,
        ),
        // What the second answer says counts.
        (
            vec![s3_error(503, "SlowDown"), s3_error(500, "InternalError")],
            500,
            Some("InternalError"),
        ),
    ] {
        let outcome = get(&[], replies.clone());
        assert_eq!((outcome.status, outcome.pauses.len()), (502, 1));
        assert_eq!(outcome.header("retry-after"), None);
        let note = outcome.note.unwrap();
        assert_eq!(note.level, Level::Warning);
        assert_eq!(
            (note.bucket_status, note.bucket_code.as_deref()),
            (Some(status), code),
            "{replies:?}"
        );
    }
    let twice = || vec![says(500, &[], ""), says(500, &[], "")];
    let head = play(Method::Head, &[], twice());
    assert_eq!((head.status, head.body.as_deref()), (502, Some("")));
    let recovered = vec![s3_error(500, "InternalError"), s3_error(503, "SlowDown")];
    assert_eq!(get(&[], recovered).status, 503);
}

#[test]
fn there_is_one_retry_for_all_of_an_exchange() {
    let headers = [("range", "bytes=99-"), ("if-range", "\"a\"")];
    let size = [("content-length", "100"), ("etag", "\"a\"")];
    let outcome = get(
        &headers,
        vec![
            s3_error(503, "SlowDown"),
            says(416, &[], ""),
            says(200, &size, ""),
            s3_error(503, "SlowDown"),
        ],
    );
    assert_eq!((outcome.status, outcome.pauses.len()), (503, 1));
}

#[test]
fn other_faults_are_not_retried() {
    for reply in [
        s3_error(501, "NotImplemented"),
        s3_error(504, "GatewayTimeout"),
        Reply::Fails(Failure::TimedOut),
        Reply::Fails(Failure::Broken),
    ] {
        let outcome = get(&[], vec![reply]);
        assert_eq!((outcome.seen.len(), outcome.pauses.len()), (1, 0));
    }
}

#[test]
fn pauses_lie_between_50_and_250_ms() {
    assert_eq!(pause(0), Duration::from_millis(50));
    assert_eq!(pause(u16::MAX), Duration::from_millis(250));
}

#[test]
fn viewers_are_told_to_come_back_in_1_to_4_seconds() {
    let told: Vec<_> = (0..4)
        .map(|jitter| texts(in_trouble(503, jitter).head.headers).pop().unwrap())
        .collect();
    let seconds = ["1", "2", "3", "4"].map(|seconds| ("retry-after".into(), seconds.into()));
    assert_eq!(told, seconds);
}

#[test]
fn an_error_that_breaks_off_is_judged_by_its_status() {
    let config = config();
    let headers = fields(&[]);
    for (status, failure, expected) in [
        (403, Failure::Broken, 502),
        (501, Failure::TimedOut, 502),
        // It may have been the bucket that is missing.
        (404, Failure::Broken, 502),
        (404, Failure::TimedOut, 504),
    ] {
        let request = Request {
            method: Method::Get,
            target: TARGET,
            headers: &headers,
        };
        let (mut exchange, _) = Exchange::start(&request, &config, NOW);
        let step = exchange.next(
            Event::Head {
                status,
                headers: &headers,
            },
            NOW,
            JITTER,
        );
        assert!(matches!(step, Step::Read { limit: 65_536 }), "{step:?}");
        let step = exchange.next(Event::<Fields>::Failed(failure), NOW, JITTER);
        let Step::Answer(answer) = step else {
            panic!("{step:?}")
        };
        assert_eq!(answer.head.status, expected, "{status} {failure:?}");
    }
}

#[test]
fn the_operator_is_told_what_to_mend() {
    let note = |reply| get(&[], vec![reply]).note.unwrap();
    for (reply, line) in [
        (
            s3_error(403, "AccessDenied"),
            "bucket AccessDenied for games/7/720p/seg_00001.m4s: check s3_access_key_id: may it read \
             objects in s3_bucket (and list them, or S3 hides that one is missing)?",
        ),
        (
            s3_error(403, "SignatureDoesNotMatch"),
            "bucket SignatureDoesNotMatch for games/7/720p/seg_00001.m4s: check \
             s3_secret_access_key, and that no proxy changes the Host header",
        ),
        (
            s3_error(403, "InvalidAccessKeyId"),
            "bucket InvalidAccessKeyId for games/7/720p/seg_00001.m4s: check s3_access_key_id: \
             s3_endpoint does not know it",
        ),
        (
            s3_error(404, "NoSuchBucket"),
            "bucket NoSuchBucket for games/7/720p/seg_00001.m4s: check s3_bucket",
        ),
        (
            s3_error(400, "ExpiredRequest"),
            "bucket ExpiredRequest for games/7/720p/seg_00001.m4s: check this machine's clock",
        ),
        (
            says(403, &[], ""),
            "bucket status 403 for games/7/720p/seg_00001.m4s: check s3_access_key_id and \
             s3_secret_access_key",
        ),
    ] {
        assert_eq!(format!("{}", note(reply)), line);
    }
    let note = note(s3_error(403, "AccessDenied"));
    assert_eq!(
        (note.bucket_status, note.key.as_str()),
        (Some(403), "games/7/720p/seg_00001.m4s")
    );
    assert_eq!(note.bucket_code.as_deref(), Some("AccessDenied"));
}
