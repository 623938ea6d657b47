//! Copies, lists, the subscription, the control.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::stage::Stage;
use crate::{Mischief, Rule, State, signature};

#[tokio::test]
async fn a_copy_is_pulled_in_ranges_and_told_of_when_it_is_ready() {
    let film: Vec<u8> = (0..=255).cycle().take(1000).collect();
    let stage = Stage::new(&film).await;
    let uid = stage.copy("v1#1").await;
    stage.told(1).await;

    let video = stage.get(&uid).await;
    assert_eq!(video["status"]["state"], "ready");
    assert_eq!(video["status"]["pctComplete"], "100.000000");
    assert_eq!(video["readyToStream"], true);
    let source = stage.neighbour.url("/film.mp4?sig=s3cret");
    assert_eq!(video["meta"]["downloaded-from"], json!(source));

    let known = &stage.fake.videos()[0];
    assert_eq!(known.sha256, Some(sha256(&film)));
    let pulls: Vec<_> = known
        .pulls
        .iter()
        .map(|pull| (pull.method.as_str(), pull.range.as_deref(), pull.status))
        .collect();
    let ranges = [
        "bytes=0-249",
        "bytes=250-499",
        "bytes=500-749",
        "bytes=750-999",
    ];
    let mut expected = vec![("HEAD", None, Some(200))];
    expected.extend(ranges.map(|range| ("GET", Some(range), Some(206))));
    assert_eq!(pulls, expected);

    let webhooks = stage.neighbour.webhooks();
    let (header, body) = &webhooks[0];
    let time = header.strip_prefix("time=").unwrap();
    let time = time.split(',').next().unwrap().parse().unwrap();
    assert_eq!(*header, signature(&stage.secret, time, body));
    let told: Value = serde_json::from_slice(body).unwrap();
    assert_eq!(told, video);
}

#[tokio::test]
async fn a_source_that_does_not_tell_its_size_fails() {
    for (path, reason) in [
        (
            "/no-content-range",
            "the answer to HEAD has no Content-Range",
        ),
        ("/no-ranges", "a range was answered with 200 OK"),
        ("/missing", "HEAD was answered with 404 Not Found"),
        ("/short", "a range of 250 bytes came as 249"),
    ] {
        let stage = Stage::new(&[7; 1000]).await;
        let body = json!({"url": stage.neighbour.url(path)});
        let envelope = stage.json(Method::POST, "/copy", Some(body)).await;
        stage.told(1).await;
        let video = stage.get(envelope["result"]["uid"].as_str().unwrap()).await;
        assert_eq!(video["status"]["state"], "error", "{path}");
        assert_eq!(video["status"]["errorReasonCode"], "ERR_FETCH_ORIGIN_ERROR");
        let text = video["status"]["errorReasonText"].as_str().unwrap();
        assert!(text.contains(reason), "{path}: {text}");
    }
}

#[tokio::test]
async fn only_the_token_of_the_account_opens() {
    let stage = Stage::new(b"film").await;
    let url = format!("{}/accounts/test-account/stream", stage.fake.api_base());
    let bare = stage.client.get(&url).send().await.unwrap();
    assert_eq!(bare.status(), StatusCode::BAD_REQUEST);
    let wrong = stage
        .client
        .get(&url)
        .header("authorization", "Bearer guess");
    assert_eq!(wrong.send().await.unwrap().status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn lists_are_filtered() {
    let stage = Stage::new(b"film").await;
    stage
        .fake
        .misbehave(Rule::from(Mischief::MissingFromLists).for_name("c#1"));
    let mut uids = Vec::new();
    for name in ["a#1", "b#1", "c#1"] {
        uids.push(stage.copy(name).await);
    }
    stage.told(3).await;
    let list = async |query: &str| {
        let list = stage.json(Method::GET, query, None).await;
        let videos = list["result"].as_array().unwrap().clone();
        let uids = videos
            .iter()
            .map(|video| video["uid"].as_str().unwrap().to_owned());
        uids.collect::<Vec<_>>()
    };
    let [a, b, c] = <[String; 3]>::try_from(uids).unwrap();
    assert_eq!(list("").await, [b.clone(), a.clone()]);
    assert_eq!(
        list(&format!("?id={a},{c},none")).await,
        std::slice::from_ref(&a)
    );
    assert_eq!(list("?video_name=b%231").await, std::slice::from_ref(&b));
    assert_eq!(list("?limit=1&status=ready").await, [b]);
    assert!(list("?status=error").await.is_empty());
    assert_eq!(stage.get(&c).await["uid"], json!(c));
}

#[tokio::test]
async fn a_subscription_is_made_told_and_ended() {
    let stage = Stage::new(b"film").await;
    let body = json!({"notificationUrl": "https://gate.example/api/webhooks/stream"});
    let put = || stage.json(Method::PUT, "/webhook", Some(body.clone()));
    let made = put().await;
    let told = stage.json(Method::GET, "/webhook", None).await;
    assert_eq!(made, told);
    assert_eq!(told["result"]["secret"].as_str().unwrap().len(), 40);
    // The same address once more has another secret, as with Cloudflare.
    let again = put().await;
    assert_eq!(
        again["result"]["notificationUrl"],
        made["result"]["notificationUrl"]
    );
    assert_ne!(again["result"]["secret"], made["result"]["secret"]);
    let ended = stage.ask(Method::DELETE, "/webhook", None).await.unwrap();
    assert_eq!(ended.status(), StatusCode::OK);
    let gone = stage.ask(Method::GET, "/webhook", None).await.unwrap();
    assert_eq!(gone.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_control_tells_and_takes_rules() {
    let stage = Stage::new(b"film").await;
    let control = |path: &str| format!("{}/control/{path}", stage.fake.url());
    let rule = json!({"mischief": "error=ERR_UNKNOWN", "name": "v1", "times": 1});
    let posted = stage
        .client
        .post(control("mischief"))
        .body(rule.to_string())
        .send()
        .await
        .unwrap();
    assert_eq!(posted.status(), StatusCode::NO_CONTENT);
    let wrong = stage
        .client
        .post(control("mischief"))
        .body("{\"mischief\":\"sulk\"}")
        .send();
    assert_eq!(wrong.await.unwrap().status(), StatusCode::BAD_REQUEST);
    stage.copy("v1#1").await;
    stage.told(1).await;
    assert_eq!(stage.state(), State::Error);
    let told = async |path: &str| {
        let answer = stage.client.get(control(path)).send().await.unwrap();
        serde_json::from_slice::<Value>(&answer.bytes().await.unwrap()).unwrap()
    };
    let copies = json!({"accepted": 1, "live": 0, "most_live": 1});
    assert_eq!(told("copies?name=v1%231").await, copies);
    assert_eq!(
        told("requests").await["requests"][0]["body"]["meta"]["name"],
        "v1#1"
    );
    assert_eq!(
        told("videos").await["videos"][0]["fate"],
        json!(["error=ERR_UNKNOWN"])
    );
    assert_eq!(told("webhooks").await["webhooks"][0]["status"], 200);
    assert_eq!(told("mischief").await["rules"][0]["times"], 0);
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::{Digest as _, Sha256};
    crate::hex::hex(&Sha256::digest(bytes))
}
