//! From an original to a video that can be played, whatever Stream does on the way.

use http::Method;
use reelgate_fake_stream::{Call, Mischief, Rule};
use reelgate_tests::studio::{Studio, ask, command, reconcile};
use serde_json::{Value, json};

/// A studio that misbehaves, and one video in it, whose encoding has been asked for.
async fn encoded_with(mischief: impl Into<Rule>) -> (Studio, Value) {
    let studio = Studio::start().await;
    studio.stream.misbehave(mischief);
    studio.register("v1").await;
    let answer = studio.encode("v1").await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    (studio, answer.json())
}

/// Sweeps until `v1` has `status`: each sweep does something, or waits for Stream.
async fn swept_until(studio: &Studio, status: &str) -> Value {
    reelgate_tests::deadline::within(&format!("v1 is swept to {status}"), async {
        loop {
            studio.reconcile().await;
            let row = studio.row("v1").await;
            if row["status"] == status {
                return row;
            }
        }
    })
    .await
}

fn steps(row: &Value) -> Vec<String> {
    let steps = row["history"].as_array().unwrap().iter();
    steps
        .map(|step| {
            format!(
                "{} {}",
                step["cause"].as_str().unwrap(),
                step["to"].as_str().unwrap()
            )
        })
        .collect()
}

#[tokio::test]
async fn an_original_becomes_a_video() {
    let studio = Studio::start().await;
    studio.register("v1").await;
    let accepted = studio.encode("v1").await;
    assert_eq!(accepted.status, 202, "{}", accepted.text());
    let taken = accepted.json();
    assert_eq!(
        (&taken["status"], &taken["attempt"]),
        (&json!("encoding"), &json!(1))
    );
    let row = studio.becomes("v1", "ready").await;
    let [video] = &studio.stream.videos()[..] else {
        panic!("one copy: {:?}", studio.stream.videos())
    };
    assert_eq!(row["stream_uid"], video.uid);
    for url in ["hls_url", "dash_url", "thumbnail_url"] {
        assert!(row[url].as_str().unwrap().contains(&video.uid), "{row}");
    }
    assert_eq!(
        steps(&row),
        [
            "register uploading",
            "encode queued",
            "encode encoding",
            "webhook ready"
        ]
    );
    // As Cloudflare asks of a source: HEAD tells the size in Content-Range, GET gives ranges.
    let head = &video.pulls[0];
    assert_eq!((head.method.as_str(), head.status), ("HEAD", Some(200)));
    assert_eq!(head.content_range.as_deref(), Some("bytes 0-34/35"));
    assert!(
        video.pulls[1..].iter().all(|pull| pull.status == Some(206)),
        "{:?}",
        video.pulls
    );
    studio.bucket.assert_saw_no_viewer();
    studio.finish().await;
}

#[tokio::test]
async fn lost_webhooks_are_made_up_for_by_a_sweep() {
    let (studio, row) = encoded_with(Mischief::WebhookOff).await;
    assert_eq!(row["status"], "encoding");
    let row = swept_until(&studio, "ready").await;
    assert!(steps(&row).contains(&"poll ready".to_owned()), "{row}");
    assert!(studio.stream.deliveries().is_empty());
    let swept = studio.reconcile().await;
    assert_eq!(swept, json!({ "scanned": 0, "updated": 0, "errors": 0 }));
    studio.finish().await;
}

#[tokio::test]
async fn doubled_disordered_and_forged_webhooks_do_no_harm() {
    for mischief in [
        Mischief::WebhookDoubled,
        Mischief::WebhookOutOfOrder,
        Mischief::ReadyAt39,
        Mischief::UnknownState("hovering".into()),
    ] {
        let (studio, _) = encoded_with(mischief).await;
        let row = studio.becomes("v1", "ready").await;
        let ready = steps(&row)
            .iter()
            .filter(|step| step.ends_with(" ready"))
            .count();
        assert_eq!(ready, 1, "{row}");
        studio.finish().await;
    }
    let (studio, _) = encoded_with(Mischief::WebhookWrongSignature).await;
    swept_until(&studio, "ready").await;
    assert!(
        studio
            .stream
            .deliveries()
            .iter()
            .all(|sent| sent.status == Some(401))
    );
    studio.finish().await;
}

#[tokio::test]
async fn a_busy_stream_is_asked_again_when_it_says_so() {
    let once = Rule::from(Mischief::RateLimit(Some(1)))
        .on(Call::Copy)
        .times(1);
    let (studio, row) = encoded_with(once).await;
    assert_eq!(
        (&row["status"], &row["stream_uid"]),
        (&json!("queued"), &Value::Null)
    );
    assert!(
        row["retry_at"].as_str().unwrap() > row["created_at"].as_str().unwrap(),
        "{row}"
    );
    let row = swept_until(&studio, "ready").await;
    assert_eq!(
        (&row["attempt"], &row["retry_at"]),
        (&json!(2), &Value::Null)
    );
    assert_eq!(studio.stream.copies("v1#1").accepted, 0);
    assert_eq!(studio.stream.copies("v1#2").accepted, 1);
    studio.finish().await;
}

/// A crash, or a Stream that says nothing, between the copy and its answer.
#[tokio::test]
async fn a_copy_whose_answer_is_lost_is_found_and_not_made_twice() {
    for mischief in [Mischief::AnswerLost, Mischief::Garbage] {
        let (studio, row) = encoded_with(Rule::from(mischief).on(Call::Copy).times(1)).await;
        assert_eq!(row["status"], "encoding", "{row}");
        let row = swept_until(&studio, "ready").await;
        assert_eq!(row["attempt"], 1, "{row}");
        assert_eq!(studio.stream.videos().len(), 1);
        studio.finish().await;
    }
}

#[tokio::test]
async fn a_copy_that_never_came_to_be_is_made_by_a_sweep() {
    for mischief in [Mischief::ServerError(503), Mischief::Hang] {
        let (studio, row) = encoded_with(Rule::from(mischief).on(Call::Copy).times(1)).await;
        assert_eq!(
            (&row["status"], &row["stream_uid"]),
            (&json!("encoding"), &Value::Null)
        );
        let row = swept_until(&studio, "ready").await;
        assert_eq!(row["attempt"], 2, "{row}");
        assert_eq!(studio.stream.copies("v1#1").accepted, 0);
        assert_eq!(studio.stream.copies("v1#2").accepted, 1);
        studio.finish().await;
    }
}

#[tokio::test]
async fn a_video_that_is_in_no_list_is_asked_for_by_itself() {
    let (studio, _) = encoded_with(Mischief::MissingFromLists).await;
    studio.stream.misbehave(Mischief::WebhookOff);
    let row = swept_until(&studio, "ready").await;
    assert_eq!(row["attempt"], 1);
    studio.finish().await;
}

#[tokio::test]
async fn a_failure_says_why_and_a_retry_begins_anew() {
    let (studio, _) =
        encoded_with(Rule::from(Mischief::Fails("ERR_NON_VIDEO".into())).times(1)).await;
    let row = studio.becomes("v1", "failed").await;
    assert_eq!(row["error"]["code"], "ERR_NON_VIDEO");
    let encode = studio.encode("v1").await;
    assert_eq!(
        (encode.status, encode.problem().as_str()),
        (409, "conflict")
    );
    let first = row["stream_uid"].clone();

    let retry = command(&studio.client(), "v1", "retry").await;
    assert_eq!(retry.status, 202, "{}", retry.text());
    let queued = retry.json();
    assert_eq!(
        (&queued["status"], &queued["error"]),
        (&json!("queued"), &Value::Null)
    );
    let again = command(&studio.client(), "v1", "retry").await;
    assert_eq!((again.status, again.problem().as_str()), (409, "conflict"));
    studio.reconcile().await;
    let row = studio.becomes("v1", "ready").await;
    assert_eq!((&row["attempt"], &row["error"]), (&json!(2), &Value::Null));
    assert_ne!(row["stream_uid"], first);
    for word in ["encode", "retry"] {
        assert_eq!(command(&studio.client(), "v1", word).await.status, 409);
        assert_eq!(command(&studio.client(), "none", word).await.status, 404);
    }
    studio.finish().await;
}

#[tokio::test]
async fn a_token_that_stream_does_not_know_fails_the_video() {
    let studio =
        Studio::start_with(|settings| settings.variable("cf_stream_api_token", "wrong-api-token"))
            .await;
    studio.register("v1").await;
    let row = studio.encode("v1").await.json();
    assert_eq!(row["status"], "failed", "{row}");
    let code = row["error"]["code"].as_str().unwrap();
    assert!(["submit_401", "submit_403"].contains(&code), "{row}");
    studio.finish().await;
}

#[tokio::test]
async fn where_stream_is_off_nothing_is_begun() {
    for (variable, value, reason) in [
        ("stream_enabled", "false", "stream_enabled is not true"),
        ("cf_stream_api_token", "", "cf_stream_api_token is not set"),
        (
            "stream_source_origin",
            "",
            "stream_source_origin is not set",
        ),
    ] {
        let studio = Studio::start_with(|settings| settings.variable(variable, value)).await;
        studio.register("v1").await;
        let before = studio.row("v1").await;
        let answer = studio.encode("v1").await;
        assert_eq!(
            (answer.status, answer.problem().as_str()),
            (503, "stream-disabled")
        );
        assert_eq!(studio.row("v1").await, before);
        let swept = studio.reconcile().await;
        assert_eq!(
            swept,
            json!({ "scanned": 0, "updated": 0, "errors": 0, "disabled": reason })
        );
        assert!(studio.stream.asked().is_empty());
        studio.host.finish().await;
    }
}

/// A video may be forgotten at any time; what is said about it afterwards is about none.
#[tokio::test]
async fn a_video_that_is_forgotten_stays_so() {
    let (studio, _) = encoded_with(Mischief::NeverFinishes).await;
    let delete = ask(&studio.client(), Method::DELETE, "/api/videos/v1");
    assert_eq!(delete.send().await.status, 204);
    let swept = reconcile(&studio.client()).await;
    assert_eq!(swept, json!({ "scanned": 0, "updated": 0, "errors": 0 }));
    studio.finish().await;
}
