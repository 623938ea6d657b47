//! Webhooks as Python signs them, and as others bend them.

use alloc::string::{String, ToString};

use super::*;
use crate::{
    vectors::{self, WebhookVector},
    video::Progress,
};

fn vector() -> WebhookVector {
    vectors::stream().webhook
}

fn asked(header: Option<&str>, body: &[u8], now: UnixTime) -> Result<Report, (u16, String)> {
    let headers: alloc::vec::Vec<(&str, &str)> = header
        .into_iter()
        .map(|value| ("Webhook-Signature", value))
        .collect();
    let request = Request {
        method: Method::Post,
        target: PATH,
        headers: &headers,
    };
    let secret = Secrets::at_least(1, vector().secret).unwrap();
    let awaited = precheck(&request, Some(&secret), now);
    let report = awaited.and_then(|awaited| awaited.decide(body));
    report.map_err(|answer| {
        let body = core::str::from_utf8(&answer.body).unwrap();
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        let reason = body["reason"].as_str().unwrap_or_default().to_string();
        (answer.head.status, reason)
    })
}

fn signed(time: &str, body: &[u8]) -> String {
    let secret = Secrets::at_least(1, vector().secret).unwrap();
    let tag = secret.sign(&[time.as_bytes(), b".", body]);
    format!("time={time},sig1={}", hex::lower(&tag))
}

#[test]
fn the_vector_is_a_report() {
    let WebhookVector {
        time, body, sig1, ..
    } = vector();
    assert_eq!(
        signed(&time.to_string(), body.as_bytes()),
        format!("time={time},sig1={sig1}")
    );
    for header in [
        format!("time={time},sig1={sig1}"),
        format!("time={time}, sig1={}", sig1.to_uppercase()),
        format!("sig1={sig1},time={time},sig2=00"),
    ] {
        for now in [time - 300, time, time + 300] {
            let report = asked(Some(&header), body.as_bytes(), UnixTime(now)).unwrap();
            assert_eq!(report.uid.as_str(), "6b9e68b07dfee8cc2d116e4c51d6a957");
            assert_eq!(report.progress, Progress::Ready);
            assert_eq!(report.pct_complete, Some(39.0));
            assert_eq!(report.duration_seconds, Some(5.5));
            assert_eq!(report.failure, None);
            let label = report.label.unwrap();
            assert_eq!(
                (label.id.as_str(), label.attempt, label.nonce),
                ("v1", 1, None)
            );
        }
    }
}

#[test]
fn what_is_not_authentic_says_why() {
    let WebhookVector {
        time, body, sig1, ..
    } = vector();
    let good = format!("time={time},sig1={sig1}");
    let (at, bytes) = (UnixTime(time), body.as_bytes());
    let mismatch = Err((401, "signature_mismatch".to_string()));
    let malformed = Err((401, "signature_malformed".to_string()));
    let stale = Err((401, "signature_stale".to_string()));
    let other_time = format!("time={},sig1={sig1}", time + 1);
    assert_eq!(
        asked(None, bytes, at),
        Err((401, "signature_missing".into()))
    );
    assert_eq!(asked(Some(&other_time), bytes, at), mismatch);
    // No body is read for what is stale, so its signature is not known to be wrong.
    let wrong_and_old = asked(Some(&other_time), bytes, UnixTime(time + 302));
    assert_eq!(wrong_and_old, stale);
    assert_eq!(asked(Some(&good), &bytes[1..], at), mismatch);
    assert_eq!(asked(Some(&good), bytes, UnixTime(time + 301)), stale);
    assert_eq!(asked(Some(&good), bytes, UnixTime(time - 301)), stale);
    for header in [
        "",
        "time=1",
        &format!("sig1={sig1}"),
        &format!("time=x,sig1={sig1}"),
        &format!("time=+{time},sig1={sig1}"),
        &format!("time={time},sig1=abc"),
        &format!("time={time},time={time},sig1={sig1}"),
        &format!("time={time};sig1={sig1}"),
    ] {
        assert_eq!(asked(Some(header), bytes, at), malformed, "{header}");
    }
}

#[test]
fn an_authentic_body_may_be_no_report() {
    for (body, expected) in [
        (&b"{"[..], "not_json"),
        (b"\xff", "not_json"),
        (b"", "not_json"),
        (b"[]", "not_a_report"),
        (b"{}", "not_a_report"),
        (br#"{"uid":7,"status":{"state":"ready"}}"#, "not_a_report"),
        (
            br#"{"uid":"a/b","status":{"state":"ready"}}"#,
            "not_a_report",
        ),
        (br#"{"uid":"u1","status":{}}"#, "not_a_report"),
    ] {
        let header = signed("100", body);
        let answer = asked(Some(&header), body, UnixTime(100));
        assert_eq!(answer, Err((400, expected.to_string())));
    }
    let long = alloc::vec![b' '; MAX_BODY_BYTES + 1];
    let answer = asked(Some(&signed("100", &long)), &long, UnixTime(100));
    assert_eq!(answer, Err((413, String::new())));
}

#[test]
fn while_a_secret_is_replaced_both_are_good() {
    let tag = |secret: &str| {
        let tag = Secrets::at_least(1, secret).unwrap().sign(&[b"100.{}"]);
        alloc::format!("time=100,sig1={}", hex::lower(&tag))
    };
    let both = Secrets::at_least(1, "new,old").unwrap();
    let verified = |secret: &str| {
        let header = tag(secret);
        let signature = Signature::parse(&header).unwrap();
        signature.verify(&both, b"{}")
    };
    assert_eq!(verified("new"), Ok(()));
    assert_eq!(verified("old"), Ok(()));
    assert_eq!(verified("older"), Err(Unauthentic::Signature));
}

#[test]
fn before_the_body_is_read_all_else_is_judged() {
    let secrets = Secrets::at_least(1, vector().secret);
    let good = signed("100", b"{}");
    let status = |method, secrets: Option<&Secrets>, header: &str, length: &str, now| {
        let headers = [("webhook-signature", header), ("content-length", length)];
        let request = Request {
            method,
            target: PATH,
            headers: &headers[..],
        };
        let judged = precheck(&request, secrets, UnixTime(now));
        judged.map(|_| ()).map_err(|answer| answer.head.status)
    };
    let (some, none) = (secrets.as_ref(), None);
    assert_eq!(status(Method::Get, none, "", "", 100), Err(405));
    assert_eq!(status(Method::Post, none, &good, "2", 100), Err(503));
    assert_eq!(status(Method::Post, some, &good, "262145", 100), Err(413));
    assert_eq!(status(Method::Post, some, "", "2", 100), Err(401));
    assert_eq!(status(Method::Post, some, "time=100", "2", 100), Err(401));
    assert_eq!(status(Method::Post, some, &good, "2", 401), Err(401));
    for length in ["", "2", "262144"] {
        assert_eq!(status(Method::Post, some, &good, length, 400), Ok(()));
    }
}

#[test]
fn what_became_of_a_report_is_told() {
    let (matched, unknown) = (received(Some(Status::Ready)), received(None));
    assert_eq!((matched.head.status, unknown.head.status), (200, 202));
    assert_eq!(
        &*matched.body,
        br#"{"ok":true,"matched":1,"status":"ready"}"#
    );
    assert_eq!(&*unknown.body, br#"{"ok":true,"matched":0}"#);
}
