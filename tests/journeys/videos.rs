//! The videos API, as a portal's back end sees it.

use http::Method;
use reelgate_tests::client::Answer;
use reelgate_tests::studio::{ADMIN, Studio, ask, create};
use serde_json::{Value, json};

/// What a row shows, in alphabetical order.
const FIELDS: [&str; 16] = [
    "attempt",
    "created_at",
    "dash_url",
    "duration_seconds",
    "error",
    "history",
    "hls_url",
    "id",
    "meta",
    "pct_complete",
    "retry_at",
    "source_key",
    "status",
    "stream_uid",
    "thumbnail_url",
    "updated_at",
];

async fn post(studio: &Studio, body: &Value) -> Answer {
    let ask = ask(&studio.client(), Method::POST, "/api/videos").json(body);
    ask.send().await
}

async fn get(studio: &Studio, target: &str) -> Answer {
    ask(&studio.client(), Method::GET, target).send().await
}

#[tokio::test]
async fn a_video_is_registered_seen_and_forgotten() {
    let studio = Studio::start().await;
    let meta = json!({ "title": "Größe (1)", "season": 3 });
    let body = json!({ "id": "v1", "source_key": "u/v/movie.mp4", "meta": meta });
    let created = post(&studio, &body).await;
    assert_eq!(created.status, 201, "{}", created.text());
    assert_eq!(created.header("location"), "/api/videos/v1");
    assert_eq!(created.header("cache-control"), "private, no-store");
    let row = created.json();
    let fields: Vec<&String> = row.as_object().unwrap().keys().collect();
    assert_eq!(fields, FIELDS);
    assert_eq!(
        (&row["id"], &row["source_key"], &row["status"], &row["meta"]),
        (
            &json!("v1"),
            &json!("u/v/movie.mp4"),
            &json!("uploading"),
            &meta
        )
    );
    assert_eq!(row["attempt"], 0);
    for unknown in ["stream_uid", "hls_url", "error", "retry_at", "pct_complete"] {
        assert_eq!(row[unknown], Value::Null, "{unknown}");
    }
    assert_eq!(row["history"][0]["from"], Value::Null);
    assert_eq!(row["history"][0]["cause"], "register");

    assert_eq!(get(&studio, "/api/videos/v1").await.json(), row);
    let head = ask(&studio.client(), Method::HEAD, "/api/videos/v1")
        .send()
        .await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    let again = post(&studio, &body).await;
    assert_eq!((again.status, again.problem().as_str()), (409, "taken"));

    let delete = ask(&studio.client(), Method::DELETE, "/api/videos/v1");
    assert_eq!(delete.clone().send().await.status, 204);
    assert_eq!(delete.send().await.status, 404);
    assert_eq!(get(&studio, "/api/videos/v1").await.status, 404);
    assert_eq!(post(&studio, &body).await.status, 201);
    studio.finish().await;
}

#[tokio::test]
async fn pages_hold_every_video_once() {
    let studio = Studio::start().await;
    for number in 0..7 {
        studio.register(&format!("v{number}")).await;
    }
    let mut ids = Vec::new();
    let mut target = String::from("/api/videos?limit=3");
    loop {
        let page = get(&studio, &target).await.json();
        let videos = page["videos"].as_array().unwrap();
        assert!(videos.len() <= 3, "{page}");
        ids.extend(
            videos
                .iter()
                .map(|row| row["id"].as_str().unwrap().to_owned()),
        );
        match page["next_cursor"].as_str() {
            Some(cursor) => target = format!("/api/videos?limit=3&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(ids, ["v0", "v1", "v2", "v3", "v4", "v5", "v6"]);
    studio.encode("v3").await;
    studio.becomes("v3", "ready").await;
    let ready = get(&studio, "/api/videos?status=ready").await.json();
    assert_eq!(ready["videos"].as_array().unwrap().len(), 1);
    assert_eq!(ready["videos"][0]["id"], "v3");
    let waiting = get(&studio, "/api/videos?status=encoding").await.json();
    assert_eq!(waiting, json!({ "videos": [], "next_cursor": null }));
    studio.finish().await;
}

#[tokio::test]
async fn bad_input_is_a_problem_and_changes_nothing() {
    let studio = Studio::start().await;
    let long = "k".repeat(1025);
    for body in [
        json!([]),
        json!({}),
        json!({ "id": "v" }),
        json!({ "source_key": "k" }),
        json!({ "id": 1, "source_key": "k" }),
        json!({ "id": "", "source_key": "k" }),
        json!({ "id": ".", "source_key": "k" }),
        json!({ "id": "..", "source_key": "k" }),
        json!({ "id": "a/b", "source_key": "k" }),
        json!({ "id": "ä", "source_key": "k" }),
        json!({ "id": "v".repeat(129), "source_key": "k" }),
        json!({ "id": "v", "source_key": "" }),
        json!({ "id": "v", "source_key": "/k" }),
        json!({ "id": "v", "source_key": "a/../k" }),
        json!({ "id": "v", "source_key": "a\nk" }),
        json!({ "id": "v", "source_key": long }),
        json!({ "id": "v", "source_key": "k", "meta": "text" }),
        json!({ "id": "v", "source_key": "k", "upload": "yes" }),
        json!({ "id": "v", "source_key": "k", "upload": true }),
        json!({ "id": "v", "source_key": "k", "upload": true, "size": 0 }),
    ] {
        let answer = post(&studio, &body).await;
        assert_eq!(answer.status, 400, "{body}: {}", answer.text());
        assert_eq!(answer.problem(), "bad-request", "{body}");
    }
    let client = studio.client();
    let create = || ask(&client, Method::POST, "/api/videos");
    let json_type = ("content-type", "application/json");
    let garbage = create()
        .header(json_type.0, json_type.1)
        .body("{")
        .send()
        .await;
    assert_eq!(garbage.status, 400);
    let text = create()
        .header("content-type", "text/plain")
        .body("{}")
        .send()
        .await;
    assert_eq!(
        (text.status, text.problem().as_str()),
        (415, "unsupported-media-type")
    );
    let body = format!(
        r#"{{"id":"v","source_key":"k","x":"{}"}}"#,
        "x".repeat(64 * 1024)
    );
    let large = create()
        .header(json_type.0, json_type.1)
        .body(body)
        .send()
        .await;
    assert_eq!((large.status, large.problem().as_str()), (413, "too-large"));
    for query in [
        "limit=0",
        "limit=201",
        "limit=x",
        "status=lost",
        "cursor=%2F",
        "limit=1&limit=2",
    ] {
        let answer = get(&studio, &format!("/api/videos?{query}")).await;
        assert_eq!(
            (answer.status, answer.problem().as_str()),
            (400, "bad-request"),
            "{query}"
        );
    }
    for target in [
        "/api/videos/",
        "/api/videos/a/b/c",
        "/api/videos/a/play",
        "/api/videos/none",
    ] {
        let answer = get(&studio, target).await;
        assert_eq!(
            (answer.status, answer.problem().as_str()),
            (404, "not-found"),
            "{target}"
        );
    }
    for (method, target, allow) in [
        (Method::PUT, "/api/videos", "GET, HEAD, POST"),
        (Method::POST, "/api/videos/v", "GET, HEAD, DELETE"),
        (Method::GET, "/api/videos/v/encode", "POST"),
        (Method::PATCH, "/api/videos/v/retry", "POST"),
    ] {
        let answer = ask(&client, method, target).send().await;
        assert_eq!(
            (answer.status, answer.header("allow")),
            (405, allow),
            "{target}"
        );
        assert_eq!(answer.problem(), "method-not-allowed");
    }
    let listed = get(&studio, "/api/videos").await.json();
    assert_eq!(listed, json!({ "videos": [], "next_cursor": null }));
    studio.finish().await;
}

#[tokio::test]
async fn nobody_gets_in_without_the_operators_token() {
    let studio = Studio::start().await;
    let client = studio.client();
    for target in ["/api/videos", "/api/videos/v", "/api/videos?limit=x"] {
        for authorization in [
            "",
            "Bearer",
            "Bearer x",
            "Basic YTpi",
            &format!("Bearer {ADMIN}x"),
        ] {
            let mut ask = client.get(target);
            if !authorization.is_empty() {
                ask = ask.header("authorization", authorization);
            }
            let answer = ask.send().await;
            assert_eq!(answer.status, 401, "{target} {authorization}");
            assert_eq!(answer.header("www-authenticate"), "Bearer");
            assert_eq!(answer.problem(), "unauthorized");
        }
    }
    let sweep = client.post("/api/internal/reconcile").send().await;
    assert_eq!(
        (sweep.status, sweep.header("www-authenticate")),
        (401, "Bearer")
    );
    studio.finish().await;

    let closed = Studio::start_with(|settings| settings.without("admin_token")).await;
    for answer in [
        create(&closed.client(), "v", "k").await,
        ask(&closed.client(), Method::POST, "/api/internal/reconcile")
            .send()
            .await,
    ] {
        assert_eq!(
            (answer.status, answer.problem().as_str()),
            (503, "not-configured")
        );
    }
    closed.finish().await;
}

/// SigV4 with the length and the type among the signed headers: the bucket lets no other upload in.
#[tokio::test]
async fn an_upload_is_bound_to_its_length_and_its_type() {
    let studio = Studio::start().await;
    let body = json!({
        "id": "v", "source_key": "uploads/a b.mp4", "upload": true,
        "size": 1_234_567, "content_type": "video/mp4",
    });
    let answer = post(&studio, &body).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    let upload = &answer.json()["upload"];
    assert_eq!(upload["method"], "PUT");
    let headers = json!({ "content-length": "1234567", "content-type": "video/mp4" });
    assert_eq!(upload["headers"], headers);
    let url: url::Url = upload["url"].as_str().unwrap().parse().unwrap();
    assert_eq!(url.path(), "/films/uploads/a%20b.mp4");
    assert_eq!(url.port(), Some(studio.bucket.address().port()));
    let signed = url
        .query_pairs()
        .find(|(name, _)| name == "X-Amz-SignedHeaders");
    assert_eq!(signed.unwrap().1, "content-length;content-type;host");
    studio.host.finish().await;
}
