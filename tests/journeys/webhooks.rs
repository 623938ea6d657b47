//! The webhook: who is believed, what is kept, and how many may come at once.

use http::Method;
use reelgate_fake_stream::{Mischief, signature};
use reelgate_tests::client::{Answer, Client};
use reelgate_tests::portal::now;
use reelgate_tests::studio::{Studio, WEBHOOK};
use reelgate_tests::vectors;
use serde_json::{Value, json};
use tokio::task::JoinSet;

/// Sends `body` as Stream would.
async fn send(client: &Client, secret: &str, body: &str) -> Answer {
    let time = i64::try_from(now()).unwrap();
    let signature = signature(secret, time, body.as_bytes());
    signed(client, &signature, body).await
}

async fn signed(client: &Client, signature: &str, body: &str) -> Answer {
    let ask = client.post(WEBHOOK).header("webhook-signature", signature);
    ask.body(body.to_owned()).send().await
}

/// A report as Cloudflare's API describes a video.
fn report(uid: &str, state: &str, percent: &str, id: &str, attempt: u32) -> String {
    json!({
        "uid": uid,
        "readyToStream": state == "ready",
        "status": { "state": state, "pctComplete": percent, "errorReasonCode": "", "errorReasonText": "" },
        "meta": { "name": format!("{id}#{attempt}"), "reelgate_id": id },
        "duration": 5.5,
        "playback": {
            "hls": format!("https://customer-x.cloudflarestream.com/{uid}/manifest/video.m3u8"),
            "dash": format!("https://customer-x.cloudflarestream.com/{uid}/manifest/video.mpd"),
        },
        "thumbnail": format!("https://customer-x.cloudflarestream.com/{uid}/thumbnails/thumbnail.jpg"),
    })
    .to_string()
}

/// Videos that are being encoded, for as long as nobody says otherwise; with their uids.
async fn encoding(studio: &Studio, ids: &[String]) -> Vec<String> {
    studio.stream.misbehave(Mischief::NeverFinishes);
    let mut uids = Vec::new();
    for id in ids {
        studio.register(id).await;
        let row = studio.encode(id).await.json();
        assert_eq!(row["status"], "encoding", "{row}");
        uids.push(row["stream_uid"].as_str().unwrap().to_owned());
    }
    uids
}

/// Between a new subscription and the restart of every host reports come with either.
#[tokio::test]
async fn while_a_secret_is_replaced_reports_with_either_are_believed() {
    const NEXT: &str = "the-secret-of-the-next-subscription";
    let studio = Studio::start_with(|settings| {
        let both = format!("{NEXT},{}", settings.get("cf_stream_webhook_secret"));
        settings.variable("cf_stream_webhook_secret", &both)
    })
    .await;
    let client = studio.client();
    let ids = ["v1".to_owned(), "v2".to_owned()];
    let uids = encoding(&studio, &ids).await;
    for ((id, uid), secret) in ids.iter().zip(&uids).zip([NEXT, &studio.secret]) {
        let answer = send(&client, secret, &report(uid, "ready", "100", id, 1)).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(studio.row(id).await["status"], "ready");
    }
    let late = report(&uids[0], "error", "0", "v1", 1);
    let other = send(&client, "a secret of long ago", &late).await;
    assert_eq!(other.status, 401);
    studio.finish().await;
}

#[tokio::test]
async fn only_stream_is_believed() {
    let studio = Studio::start().await;
    let client = studio.client();
    let body = report("u1", "ready", "100", "v1", 1);
    let time = i64::try_from(now()).unwrap();
    let at = |time: i64| signature(&studio.secret, time, body.as_bytes());
    let good = at(time);
    for (header, reason) in [
        (String::new(), "signature_malformed"),
        ("sig1=00".into(), "signature_malformed"),
        (format!("time={time}"), "signature_malformed"),
        (good.replace("time=", "time=x"), "signature_malformed"),
        (
            format!("time={time},sig1={}", "0".repeat(64)),
            "signature_mismatch",
        ),
        (
            good.replace(&format!("time={time}"), &format!("time={}", time + 1)),
            "signature_mismatch",
        ),
        (
            signature("another secret", time, body.as_bytes()),
            "signature_mismatch",
        ),
        (
            signature(&studio.secret, time, b"another body"),
            "signature_mismatch",
        ),
        (at(time - 400), "signature_stale"),
        (at(time + 400), "signature_stale"),
    ] {
        let answer = signed(&client, &header, &body).await;
        assert_eq!(
            (answer.status, answer.problem().as_str()),
            (401, "signature"),
            "{header}"
        );
        assert_eq!(answer.json()["reason"], reason, "{header}");
    }
    let none = client.post(WEBHOOK).body(body.clone()).send().await;
    assert_eq!(
        (none.status, &none.json()["reason"]),
        (401, &json!("signature_missing"))
    );
    // Within the tolerance both ways, and in capitals.
    for time in [time - 200, time + 200] {
        assert_eq!(signed(&client, &at(time), &body).await.status, 202);
    }
    let (time, tag) = good.split_once(",sig1=").unwrap();
    let capitals = format!("{time},sig1={}", tag.to_uppercase());
    assert_eq!(signed(&client, &capitals, &body).await.status, 202);
    studio.finish().await;
}

#[tokio::test]
async fn the_vector_is_authentic_and_long_over() {
    let vector = vectors::webhook();
    let studio = Studio::start_with(|settings| {
        settings.variable("cf_stream_webhook_secret", &vector.secret)
    })
    .await;
    let client = studio.client();
    let header = format!("time={},sig1={}", vector.time, vector.sig1);
    let over = signed(&client, &header, &vector.body).await;
    // The time is judged before a byte of the body is read, and so before the signature.
    assert_eq!(over.json()["reason"], "signature_stale");
    let changed = signed(&client, &header, &vector.body.replace("39", "40")).await;
    assert_eq!(changed.json()["reason"], "signature_stale");
    let today = send(&client, &vector.secret, &vector.body).await;
    assert_eq!(
        (today.status, today.json()),
        (202, json!({ "ok": true, "matched": 0 }))
    );
    studio.host.finish().await;
}

#[tokio::test]
async fn bodies_are_limited_and_read_with_care() {
    let studio = Studio::start().await;
    let client = studio.client();
    for body in [
        "",
        "{",
        "[]",
        "null",
        "{}",
        r#"{"uid":"a"}"#,
        r#"{"uid":1,"status":{"state":"ready"}}"#,
    ] {
        let answer = send(&client, &studio.secret, body).await;
        assert_eq!(
            (answer.status, answer.problem().as_str()),
            (400, "bad-request"),
            "{body}"
        );
    }
    let padded = |length: usize| {
        let report = report("u1", "ready", "100", "v1", 1);
        format!("{report}{}", " ".repeat(length - report.len()))
    };
    assert_eq!(
        send(&client, &studio.secret, &padded(262_144)).await.status,
        202
    );
    let large = send(&client, &studio.secret, &padded(262_145)).await;
    assert_eq!((large.status, large.problem().as_str()), (413, "too-large"));
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        let answer = client.ask(method, WEBHOOK).send().await;
        assert_eq!((answer.status, answer.header("allow")), (405, "POST"));
    }
    studio.finish().await;

    let closed = Studio::start_with(|settings| settings.without("cf_stream_webhook_secret")).await;
    let answer = send(&closed.client(), "any", "{}").await;
    assert_eq!(
        (answer.status, answer.problem().as_str()),
        (503, "not-configured")
    );
    closed.host.finish().await;
}

#[tokio::test]
async fn reports_only_raise_whatever_their_order() {
    let studio = Studio::start().await;
    let uids = encoding(&studio, &["v1".into()]).await;
    let (client, uid) = (studio.client(), &uids[0]);
    let tell = |state: &'static str, percent: &'static str| {
        let body = report(uid, state, percent, "v1", 1);
        let (client, secret) = (client.clone(), studio.secret.clone());
        async move {
            let answer = send(&client, &secret, &body).await;
            assert_eq!(answer.status, 200, "{}", answer.text());
            answer.json()
        }
    };
    assert_eq!(tell("inprogress", "20.000000").await["status"], "encoding");
    let ready = tell("ready", "39.000000").await;
    assert_eq!(
        ready,
        json!({ "ok": true, "matched": 1, "status": "ready" })
    );
    let row = studio.row("v1").await;
    assert_eq!(row["pct_complete"], 39.0);
    for (state, percent) in [
        ("inprogress", "10"),
        ("queued", ""),
        ("ready", "39.000000"),
        ("new-state", "5"),
    ] {
        assert_eq!(tell(state, percent).await["status"], "ready");
    }
    assert_eq!(studio.row("v1").await, row);
    tell("ready", "100.000000").await;
    let row = studio.row("v1").await;
    assert_eq!(row["pct_complete"], 100.0);
    assert_eq!(row["duration_seconds"], 5.5);
    let url = format!("https://customer-x.cloudflarestream.com/{uid}/manifest/video.m3u8");
    assert_eq!(row["hls_url"], url);
    // Of another copy, and of none that we know.
    let other = send(
        &client,
        &studio.secret,
        &report("other", "error", "", "v1", 1),
    )
    .await;
    assert_eq!(
        (other.status, other.json()),
        (202, json!({ "ok": true, "matched": 0 }))
    );
    assert_eq!(studio.row("v1").await, row);
    studio.finish().await;
}

/// "A report for a uid not yet recorded is matched by `meta.reelgate_id` and attempt".
#[tokio::test]
async fn a_report_may_come_before_the_answer() {
    let studio = Studio::start().await;
    studio.register("v1").await;
    studio.stream.misbehave(Mischief::WebhookEarly);
    let row = studio.encode("v1").await.json();
    assert_eq!(row["status"], "ready", "{row}");
    assert_eq!(
        row["stream_uid"].as_str(),
        studio
            .stream
            .videos()
            .first()
            .map(|video| video.uid.as_str())
    );
    assert_eq!(studio.stream.copies("v1#1").accepted, 1);
    studio.finish().await;
}

#[tokio::test]
async fn a_hundred_at_once_about_one_video() {
    let studio = Studio::start().await;
    let uids = encoding(&studio, &["v1".into()]).await;
    let bodies: Vec<String> = (0..100)
        .map(|number| match number {
            99 => report(&uids[0], "ready", "100", "v1", 1),
            _ => report(&uids[0], "inprogress", &number.to_string(), "v1", 1),
        })
        .collect();
    all_at_once(&studio, bodies).await;
    let row = studio.row("v1").await;
    assert_eq!(
        (&row["status"], &row["pct_complete"]),
        (&json!("ready"), &json!(100.0))
    );
    let steps = row["history"].as_array().unwrap();
    let to_ready = steps.iter().filter(|step| step["to"] == "ready").count();
    assert_eq!(to_ready, 1, "{row}");
    studio.finish().await;
}

#[tokio::test]
async fn a_hundred_at_once_about_a_hundred_videos() {
    let studio = Studio::start().await;
    let ids: Vec<String> = (0..100).map(|number| format!("v{number}")).collect();
    let uids = encoding(&studio, &ids).await;
    let reports = ids.iter().zip(&uids);
    let bodies = reports
        .map(|(id, uid)| report(uid, "ready", "100", id, 1))
        .collect();
    all_at_once(&studio, bodies).await;
    for (id, uid) in ids.iter().zip(&uids) {
        let row = studio.row(id).await;
        assert_eq!(
            (&row["status"], row["stream_uid"].as_str()),
            (&json!("ready"), Some(uid.as_str()))
        );
    }
    // All have left the index.
    let swept = studio.reconcile().await;
    assert_eq!(swept, json!({ "scanned": 0, "updated": 0, "errors": 0 }));
    studio.finish().await;
}

async fn all_at_once(studio: &Studio, bodies: Vec<String>) {
    let mut sent = JoinSet::new();
    for body in bodies {
        let (client, secret) = (studio.client(), studio.secret.clone());
        sent.spawn(async move {
            let answer = send(&client, &secret, &body).await;
            assert_eq!(answer.status, 200, "{}", answer.text());
            assert_eq!(answer.json()["matched"], 1);
        });
    }
    sent.join_all().await;
}

/// What Stream echoes and nobody may see.
#[tokio::test]
async fn the_signed_address_is_kept_nowhere() {
    let studio = Studio::start().await;
    let uids = encoding(&studio, &["v1".into()]).await;
    let mut report: Value = serde_json::from_str(&report(&uids[0], "error", "", "v1", 1)).unwrap();
    let tag = "c57c7667f5b3036f2e716eca8fe35d9fdab7c93cf6a629d0e9e64eb4c2b8f01e";
    let address = format!("https://gate.example/api/internal/stream-source?key=k&exp=1&sig={tag}");
    report["meta"]["downloaded-from"] = json!(address);
    report["status"]["errReasonCode"] = json!("ERR_FETCH_ORIGIN_ERROR");
    report["status"]["errReasonText"] = json!(format!("cannot fetch {address}"));
    let answer = send(&studio.client(), &studio.secret, &report.to_string()).await;
    assert_eq!(answer.json()["status"], "failed");
    let row = studio.row("v1").await;
    assert_eq!(row["error"]["code"], "ERR_FETCH_ORIGIN_ERROR");
    assert!(!row.to_string().contains(tag), "{row}");
    assert!(!studio.finish().await.contains(tag));
}
