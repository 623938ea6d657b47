//! `/readyz`: whether it makes sense to send a host requests, in words that are nobody's secret.

use reelgate_tests::bucket::{ACCESS_KEY_ID, Act, NAME, SECRET_ACCESS_KEY};
use reelgate_tests::client::{Answer, Client};
use reelgate_tests::deadline::within;
use reelgate_tests::host::Origin;
use reelgate_tests::portal;
use reelgate_tests::studio::ADMIN;
use reelgate_tests::world::World;
use serde_json::json;

/// What the host asks the bucket for.
const PROBE: &str = "games/readyz/readyz";

with_each_origin! {
    a_bucket_that_goes_away_is_named
}

/// Asks until the answer has `status`: what was learnt holds for some seconds.
async fn until(client: &Client, status: u16) -> Answer {
    within("readiness changes", async {
        loop {
            let answer = client.get("/readyz").send().await;
            if answer.status == status {
                return answer;
            }
        }
    })
    .await
}

fn assert_says_nothing_more(answer: &Answer) {
    let text = answer.text();
    for secret in [
        ACCESS_KEY_ID,
        SECRET_ACCESS_KEY,
        NAME,
        portal::SECRET,
        ADMIN,
        "127.0.0.1",
    ] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

async fn a_bucket_that_goes_away_is_named(origin: Origin) {
    let world = World::start(origin).await;
    let client = world.client();
    let answer = client.get("/readyz").send().await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "private, no-store");
    let good = json!({ "ready": true, "checks": {
        "components": "ok", "variables": "ok", "bucket": "ok", "catalog": "ok",
    }});
    assert_eq!(answer.json(), good);
    world.bucket.close().await;
    let answer = until(&client, 503).await;
    let bad = json!({ "ready": false, "checks": {
        "components": "ok", "variables": "ok", "bucket": "cannot be reached", "catalog": "ok",
    }});
    assert_eq!(answer.json(), bad);
    assert_says_nothing_more(&answer);
    // It lives all the same.
    assert_eq!(client.get("/healthz").send().await.status, 200);
    world.host.finish().await;
}

#[tokio::test]
async fn a_key_pair_that_is_refused_is_told_from_one_that_may_not_list() {
    for (status, code, ready) in [
        (404, "NoSuchKey", true),
        (403, "AccessDenied", true),
        (403, "InvalidAccessKeyId", false),
        (403, "SignatureDoesNotMatch", false),
        (404, "NoSuchBucket", false),
        (503, "SlowDown", false),
    ] {
        let world = World::start(Origin::Native).await;
        world.bucket.always(PROBE, Act::Refuse(status, code));
        let answer = world.client().get("/readyz").send().await;
        assert_eq!(answer.status == 200, ready, "{code}: {}", answer.text());
        assert_eq!(answer.json()["checks"]["bucket"] == "ok", ready, "{code}");
        assert_says_nothing_more(&answer);
        world.finish().await;
    }
}

#[tokio::test]
async fn however_many_ask_the_bucket_is_asked_once() {
    let world = World::start(Origin::Native).await;
    let client = world.client();
    let all = (0..40).map(|_| {
        let ask = client.get("/readyz");
        tokio::spawn(async move { ask.send().await.status })
    });
    for answer in all.collect::<Vec<_>>() {
        assert_eq!(answer.await.unwrap(), 200);
    }
    assert_eq!(world.bucket.seen_for(PROBE).len(), 1);
    world.finish().await;
}

#[tokio::test]
async fn variables_and_catalogs_that_cannot_be_used_are_named() {
    let world = World::start_with(|settings| {
        settings
            .variable("session_ttl_seconds", "for-ever-and-a-day")
            .variable("admin_token", ADMIN)
    })
    .await;
    world.bucket.forbid_writing();
    let answer = world.client().get("/readyz").send().await;
    assert_eq!(answer.status, 503);
    let checks = &answer.json()["checks"];
    assert_eq!(checks["variables"], "cannot be used: session_ttl_seconds");
    assert_eq!(checks["catalog"], "cannot be used, the log says why");
    assert_says_nothing_more(&answer);
    assert!(!answer.text().contains("for-ever"));
    world.journal().message("the catalog cannot be used").await;
    world.finish().await;
}
