//! Calls and answers as Cloudflare's documentation shows them.

use alloc::vec;

use super::*;
use crate::video::{config::Transcoder, id::VideoId, report::Progress};

const TOKEN: &str = "cf-token-0123456789";
const NOW: UnixTime = UnixTime(1_760_000_000);

fn access() -> StreamAccess {
    let lookup = |name: &str| {
        Some(String::from(match name {
            "stream_enabled" => "true",
            "cloudflare_account_id" => "acc1",
            "cf_stream_api_token" => TOKEN,
            "cf_stream_api_base" => "http://127.0.0.1:9100/",
            "cf_stream_webhook_secret" => "whsec-0123456789abcdef0123456789abcdef",
            "stream_source_origin" => "https://video.example/",
            _ => return None,
        }))
    };
    match Transcoder::from_lookup(&lookup).unwrap() {
        Transcoder::On(access) => *access,
        Transcoder::Off(reason) => panic!("{reason}"),
    }
}

fn submission() -> Submission {
    Submission {
        label: Label {
            id: VideoId::new("v1").unwrap(),
            attempt: 3,
            nonce: Some("0707".into()),
        },
        source_key: SourceKey::new("uploads/Größe (1)+a&b=c%20d~.mp4").unwrap(),
    }
}

fn answered(status: u16, body: &str) -> Answered<'_, [(&'static str, &'static str)]> {
    Answered {
        status,
        headers: &[("retry-after", "120")],
        body: body.as_bytes(),
    }
}

#[test]
fn a_copy_names_itself_and_its_signed_source() {
    let call = access().copy(&submission(), NOW);
    assert_eq!(call.method, Method::Post);
    assert_eq!(
        (call.scheme, &*call.authority),
        (Scheme::Http, "127.0.0.1:9100")
    );
    assert_eq!(call.path_and_query, "/client/v4/accounts/acc1/stream/copy");
    let body: Value = serde_json::from_slice(&call.body).unwrap();
    // The signature is that of the project's vectors, which end six hours after this.
    let input = "https://video.example/api/internal/stream-source?key=uploads%2FGr%C3%B6%C3%9Fe%20%281%29%2Ba%26b%3Dc%2520d~.mp4&exp=1760021600&sig=befdddaafcdd06af22381d12568e25ef79401a4fe64624b29a49e2566e1d2ec2";
    let meta = json!({ "name": "v1#3", "reelgate_id": "v1", "reelgate_nonce": "0707" });
    assert_eq!(body, json!({ "input": input, "meta": meta }));
    let bearer = format!("Bearer {TOKEN}");
    let has = |name: &str, value: &str| {
        let headers = call.headers.iter();
        headers
            .filter(|(own, _)| *own == name)
            .any(|(_, own)| **own == *value.as_bytes())
    };
    assert!(has("authorization", &bearer) && has("content-type", "application/json"));
}

#[test]
fn questions_are_spelt_as_the_api_wants_them() {
    let uids = ["a", "b", "c"].map(|uid| StreamUid::new(uid).unwrap());
    let base = "/client/v4/accounts/acc1/stream";
    for (call, expected) in [
        (access().list(&uids), "?id=a,b,c"),
        (access().find(&submission().label), "?video_name=v1%233"),
        (access().get(&uids[0]), "/a"),
    ] {
        assert_eq!(call.path_and_query, format!("{base}{expected}"));
        assert_eq!((call.method, call.body.len()), (Method::Get, 0));
    }
    let call = access().subscribe("https://p/api/webhooks/stream");
    assert_eq!(
        (call.method, &*call.path_and_query),
        (Method::Put, &*format!("{base}/webhook"))
    );
    assert_eq!(
        call.body,
        br#"{"notificationUrl":"https://p/api/webhooks/stream"}"#
    );
}

#[test]
fn an_answer_to_a_copy_is_one_of_four() {
    let access = access();
    let read = |status, body| access.read_copy(Some(&answered(status, body)), &submission(), NOW);
    let taken =
        r#"{"success":true,"errors":[],"result":{"uid":"u1","status":{"state":"downloading"}}}"#;
    assert_eq!(
        read(200, taken),
        Submitted::Taken(StreamUid::new("u1").unwrap())
    );
    let refusal = r#"{"success":false,"errors":[{"code":10005,"message":"Bad Request: invalid cf-token-0123456789"}],"result":null}"#;
    let refused = |code: &str, message: &str| {
        Submitted::Refused(Failure {
            code: code.into(),
            message: message.into(),
        })
    };
    let told = "10005: Bad Request: invalid [redacted]";
    assert_eq!(read(400, refusal), refused("submit_400", told));
    assert_eq!(read(413, ""), refused("submit_413", "status 413"));
    assert_eq!(read(429, refusal), Submitted::Busy(NOW.plus(120)));
    for (status, body) in [
        (200, "{}"),
        (200, ""),
        (302, ""),
        (408, ""),
        (500, taken),
        (503, ""),
    ] {
        assert!(
            matches!(read(status, body), Submitted::Unknown(_)),
            "{status}"
        );
    }
    let none: Option<&Answered<'_, [(&str, &str)]>> = None;
    assert!(matches!(
        access.read_copy(none, &submission(), NOW),
        Submitted::Unknown(_)
    ));
    let submitted = read(429, "").event(&submission());
    let retry_at = NOW.plus(120);
    assert_eq!(
        submitted,
        Some(Event::SubmitBusy {
            attempt: 3,
            retry_at
        })
    );
}

#[test]
fn without_a_word_about_when_the_wait_doubles() {
    for (said, attempt, expected) in [
        (None, 1, 30),
        (None, 2, 60),
        (None, 6, 900),
        (None, u32::MAX, 900),
        (Some("0"), 1, 1),
        (Some("7"), 9, 7),
        (Some("999999999"), 1, 3600),
        (Some("Wed, 21 Oct 2026 07:28:00 GMT"), 1, 30),
    ] {
        let headers: Vec<_> = said.into_iter().map(|said| ("retry-after", said)).collect();
        assert_eq!(
            retry_at(&headers, attempt, NOW),
            NOW.plus(expected),
            "{said:?}"
        );
    }
}

#[test]
fn a_list_gives_what_can_be_read() {
    let access = access();
    let body =
        r#"{"success":true,"result":[{"uid":"u1","status":{"state":"inprogress"}},{"uid":"u2"}]}"#;
    let listed = access.read_list(Some(&answered(200, body))).unwrap();
    assert_eq!((listed.reports.len(), listed.unreadable), (1, 1));
    let failed = |status, body| access.read_list(Some(&answered(status, body))).unwrap_err();
    assert_eq!(failed(429, ""), CallFailed::Busy);
    assert_eq!(failed(401, ""), CallFailed::Denied("status 401".into()));
    assert_eq!(failed(400, ""), CallFailed::Refused("status 400".into()));
    for (status, body) in [(500, ""), (408, ""), (200, r#"{"result":{}}"#), (200, "x")] {
        assert!(
            matches!(failed(status, body), CallFailed::Passing(_)),
            "{status}"
        );
    }
}

#[test]
fn a_missing_video_is_an_answer_if_stream_says_so() {
    let access = access();
    let uid = StreamUid::new("u1").unwrap();
    let get = |status, body| access.read_get(Some(&answered(status, body)), &uid);
    let gone = r#"{"success":false,"errors":[{"code":10003,"message":"Not Found"}],"result":null}"#;
    let report = get(404, gone).unwrap();
    assert_eq!(
        (report.progress, report.uid.as_str()),
        (Progress::Failed, "u1")
    );
    assert!(matches!(get(404, "<html>"), Err(CallFailed::Refused(_))));
    let other = r#"{"success":true,"result":{"uid":"u2","status":{"state":"ready"}}}"#;
    assert!(matches!(get(200, other), Err(CallFailed::Passing(_))));
    let right = r#"{"success":true,"result":{"uid":"u1","status":{"state":"queued"}}}"#;
    assert_eq!(get(200, right).unwrap().progress, Progress::Encoding);
}

#[test]
fn a_subscription_gives_the_secret() {
    let body = r#"{"success":true,"result":{"notificationUrl":"https://p","secret":"85011ed3"}}"#;
    let secret = access().read_subscribe(Some(&answered(200, body))).unwrap();
    assert_eq!(&*secret, "85011ed3");
    assert!(access().read_subscribe(Some(&answered(200, "{}"))).is_err());
}

#[test]
fn nothing_that_is_printed_holds_a_secret() {
    let access = access();
    let shown = vec![
        format!("{access:?}"),
        format!("{:?}", access.copy(&submission(), NOW)),
        format!("{:?}", access.list(&[StreamUid::new("u1").unwrap()])),
    ];
    for shown in shown {
        for secret in [TOKEN, "whsec", "sig", "befddd"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
}
