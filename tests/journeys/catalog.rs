//! The catalog in the bucket, when the bucket is not as it should be.

use http::Method;
use reelgate_tests::bucket::Bucket;
use reelgate_tests::host::Settings;
use reelgate_tests::studio::{ADMIN, Studio, ask, create, row};
use serde_json::json;

async fn bucket_and_settings() -> (Bucket, Settings) {
    let bucket = Bucket::start().await;
    let settings = Settings::new(bucket.address()).variable("admin_token", ADMIN);
    (bucket, settings)
}

/// Nobody has asked for anything yet.
#[tokio::test]
async fn a_key_pair_that_may_not_write_is_told_at_the_start() {
    let (bucket, settings) = bucket_and_settings().await;
    bucket.forbid_writing();
    let host = settings.start().await;
    let line = host.journal().message("the catalog cannot be used").await;
    assert_eq!(line.level, "error");
    for part in [
        "write objects (PutObject)",
        "catalog_access_key_id",
        "s3_access_key_id",
    ] {
        assert!(line.message.contains(part), "no {part} in {}", line.message);
    }
    let refused = create(&host.client(), "v1", "originals/v1.mp4").await;
    assert_eq!(refused.status, 500, "{}", refused.text());
    assert!(!refused.text().contains("PutObject"), "{}", refused.text());
    host.finish().await;
}

/// Whoever only streams films needs no right to write.
#[tokio::test]
async fn nobody_is_bothered_while_the_stream_routes_are_shut() {
    let bucket = Bucket::start().await;
    bucket.forbid_writing();
    let host = Settings::new(bucket.address()).start().await;
    let shut = host.client().get("/api/videos").send().await;
    assert_eq!(shut.status, 503);
    assert!(bucket.seen().is_empty(), "{:?}", bucket.seen());
    assert!(!host.finish().await.contains("catalog"));
}

#[tokio::test]
async fn a_bucket_that_is_away_is_503_and_nothing_is_lost() {
    let studio = Studio::start().await;
    studio.register("v1").await;
    let Studio { bucket, host, .. } = studio;
    let address = bucket.address();
    let client = host.client();
    bucket.close().await;
    let answer = ask(&client, Method::GET, "/api/videos/v1").send().await;
    assert_eq!(answer.status, 503, "{}", answer.text());
    assert!(answer.header("retry-after").parse::<u32>().is_ok());
    // Another one comes up where it was.
    let bucket = Bucket::start_at(address).await;
    assert_eq!(create(&client, "v1", "originals/v1.mp4").await.status, 201);
    assert_eq!(row(&client, "v1").await["status"], "uploading");
    drop(bucket);
    host.finish().await;
}

#[tokio::test]
async fn a_damaged_row_is_listed_and_harms_no_other() {
    let studio = Studio::start().await;
    studio.register("good").await;
    studio.bucket.put(".reelgate/videos/bad.json", "{\"v\":1,");
    for strange in [
        "videos/not an id.json",
        "videos/note.txt",
        "in-flight/x",
        "README",
    ] {
        studio
            .bucket
            .put(&format!(".reelgate/{strange}"), "left by somebody");
    }
    let client = studio.client();
    let listed = ask(&client, Method::GET, "/api/videos").send().await;
    assert_eq!(listed.status, 200, "{}", listed.text());
    let page = listed.json();
    let ids: Vec<_> = page["videos"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| &row["id"])
        .collect();
    assert_eq!(ids, ["good"]);
    assert_eq!(page["damaged"][0]["id"], "bad");
    assert!(!page["damaged"][0]["reason"].as_str().unwrap().is_empty());
    studio.host.journal().message("video bad: ").await;
    assert_eq!(studio.encode("good").await.status, 202);
    studio.becomes("good", "ready").await;
    assert_eq!(
        studio.reconcile().await,
        json!({ "scanned": 0, "updated": 0, "errors": 0 })
    );
    assert!(studio.bucket.object(".reelgate/README").is_some());
    studio.finish().await;
}
