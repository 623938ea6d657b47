//! Video objects as documentation, API and chance make them.

use serde_json::json;

use super::*;

fn read(video: Value) -> Report {
    Report::parse(video.to_string().as_bytes()).unwrap()
}

/// The answer to a copy as Cloudflare's documentation shows it, and what its API adds.
fn downloading() -> Value {
    json!({
        "uid": "6b9e68b07dfee8cc2d116e4c51d6a957",
        "thumbnail": "https://customer-x.cloudflarestream.com/6b/thumbnails/thumbnail.jpg",
        "readyToStream": false,
        "status": { "state": "downloading" },
        "meta": { "downloaded-from": "https://portal/stream-source?sig=5ec2e7", "name": "v1#12" },
        "created": "2020-10-16T20:20:17.872170843Z",
        "duration": -1,
        "input": { "width": -1, "height": -1 },
        "playback": { "hls": "https://x/video.m3u8", "dash": "https://x/video.mpd" },
        "uploadExpiry": null
    })
}

#[test]
fn what_is_not_known_is_none() {
    let report = read(downloading());
    assert_eq!(report.progress, Progress::Encoding);
    assert_eq!(report.duration_seconds, None);
    assert_eq!(report.pct_complete, None);
    assert_eq!(report.label, None);
    assert_eq!(report.hls_url.as_deref(), Some("https://x/video.m3u8"));
    assert!(!format!("{report:?}").contains("5ec2e7"));
}

#[test]
fn ready_takes_state_and_flag() {
    for (state, flag, expected) in [
        (json!("ready"), json!(true), Progress::Ready),
        (json!("ready"), json!(false), Progress::Encoding),
        (json!("ready"), json!("true"), Progress::Encoding),
        (json!("inprogress"), json!(true), Progress::Encoding),
        (json!("live-inprogress"), json!(true), Progress::Encoding),
        (json!("something-new"), json!(true), Progress::Encoding),
        (json!("error"), json!(true), Progress::Failed),
    ] {
        let report = read(json!({
            "uid": "u1", "readyToStream": flag, "status": { "state": state }
        }));
        assert_eq!(report.progress, expected, "{state} {flag}");
    }
}

#[test]
fn percent_is_text_or_number() {
    for (percent, expected) in [
        (json!("39.000000"), Some(39.0)),
        (json!(39), Some(39.0)),
        (json!("100"), Some(100.0)),
        (json!("-0.0"), Some(0.0)),
        (json!("100.1"), None),
        (json!(-1), None),
        (json!("NaN"), None),
        (json!("inf"), None),
        (json!(""), None),
        (json!(null), None),
        (json!([]), None),
    ] {
        let report = read(json!({
            "uid": "u1", "status": { "state": "inprogress", "pctComplete": percent }
        }));
        assert_eq!(report.pct_complete, expected, "{percent}");
    }
}

#[test]
fn both_spellings_of_an_error_are_read() {
    for names in [
        ["errorReasonCode", "errorReasonText"],
        ["errReasonCode", "errReasonText"],
    ] {
        let [code, text] = names;
        let report = read(json!({ "uid": "u1", "status": {
            "state": "error", "step": "encoding", code: "ERR_NON_VIDEO", text: "no video",
        }}));
        let failure = report.failure.unwrap();
        assert_eq!(
            (&*failure.code, &*failure.message),
            ("ERR_NON_VIDEO", "no video")
        );
    }
    let report = read(json!({ "uid": "u1", "status": {
        "state": "error", "errorReasonCode": "", "errReasonCode": "ERR_MALFORMED_VIDEO",
    }}));
    assert_eq!(report.failure.unwrap().code, "ERR_MALFORMED_VIDEO");
    let report = read(json!({ "uid": "u1", "status": { "state": "error" } }));
    assert_eq!(report.failure.unwrap().code, "ERR_UNKNOWN");
    let report = read(json!({ "uid": "u1", "status": {
        "state": "inprogress", "errorReasonCode": "ERR_UNKNOWN",
    }}));
    assert_eq!(report.failure, None);
}

#[test]
fn a_signature_in_a_message_is_taken_out() {
    let signature = "c57c7667f5b3036f2e716eca8fe35d9fdab7c93cf6a629d0e9e64eb4c2b8f01e";
    for text in [
        format!("could not fetch https://p/api?key=a&exp=1&sig={signature}."),
        format!("could not fetch https%3A%2F%2Fp%2Fapi%3Fsig%3D{signature}"),
    ] {
        let report = read(json!({ "uid": "u1", "status": {
            "state": "error", "errorReasonCode": "ERR_FETCH_ORIGIN_ERROR", "errorReasonText": text,
        }}));
        let message = report.failure.unwrap().message;
        assert!(message.contains("[redacted]"), "{message}");
        assert!(!message.contains(&signature[10..20]), "{message}");
    }
    let long = "ä".repeat(2000);
    let report = read(json!({ "uid": "u1", "status": {
        "state": "error", "errorReasonText": format!("a\nb{long}"),
    }}));
    let message = report.failure.unwrap().message;
    assert_eq!(message.len(), 1023);
    assert!(message.starts_with("a bä"));
}

#[test]
fn a_label_has_one_spelling() {
    for (meta, expected) in [
        (json!({ "reelgate_id": "v1", "name": "v1#2" }), Some(2)),
        (json!({ "reelgate_id": "v1#1", "name": "v1#1#2" }), None),
        (json!({ "reelgate_id": "v1", "name": "v1#02" }), None),
        (json!({ "reelgate_id": "v1", "name": "v1#+2" }), None),
        (json!({ "reelgate_id": "v1", "name": "v2#2" }), None),
        (json!({ "reelgate_id": "v1", "name": "v1" }), None),
        (json!({ "reelgate_id": "v1" }), None),
        (json!({ "name": "v1#2" }), None),
        (json!("v1#2"), None),
        (json!(null), None),
    ] {
        let report = read(json!({ "uid": "u1", "status": { "state": "queued" }, "meta": meta }));
        assert_eq!(report.label.map(|label| label.attempt), expected, "{meta}");
    }
}

#[test]
fn an_address_is_of_the_web_and_bounded() {
    let long = format!("https://x/{}", "a".repeat(2048));
    for (url, kept) in [
        ("https://x/a", true),
        ("http://127.0.0.1:1/a", true),
        ("javascript:alert(1)", false),
        ("https://x/a b", false),
        ("", false),
        (&long, false),
    ] {
        let report = read(json!({
            "uid": "u1", "status": { "state": "queued" }, "thumbnail": url
        }));
        assert_eq!(report.thumbnail_url.is_some(), kept, "{url}");
    }
}
