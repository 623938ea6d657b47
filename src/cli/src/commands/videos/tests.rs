//! The commands, at a stand-in for a gate and its bucket.

mod stand_in;

use std::{path::PathBuf, time::Duration};

use clap::Parser;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Args, run, wait};
use crate::gate_api::Gate;
use stand_in::{Seen, StandIn};

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    args: Args,
}

/// Runs `reelgate videos …` at the stand-in; the failure as it is printed.
async fn videos(gate: &StandIn, words: &[&str]) -> Result<(), String> {
    let line = ["videos"].iter().chain(words).copied();
    let line = line.chain(["--url", gate.url(), "--admin-token", "admin"]);
    let line = Line::try_parse_from(line).map_err(|error| error.to_string())?;
    run(line.args).await.map_err(|failure| failure.to_string())
}

fn film(folder: &TempDir) -> PathBuf {
    let path = folder.path().join("Der Film.mp4");
    std::fs::write(&path, [7; 300_000]).unwrap();
    path
}

fn row(status: &str) -> Value {
    let error =
        (status == "failed").then(|| json!({"code": "ERR_NON_VIDEO", "message": "no film"}));
    json!({
        "id": "Der-Film", "source_key": "uploads/Der-Film/Der Film.mp4", "status": status,
        "attempt": 1, "stream_uid": null, "hls_url": null, "dash_url": null, "thumbnail_url": null,
        "duration_seconds": null, "pct_complete": null, "error": error, "retry_at": null, "meta": {},
        "created_at": "2025-10-09T08:53:20Z", "updated_at": "2025-10-09T08:53:20Z", "history": [],
    })
}

fn with_ticket(seen: &Seen) -> Value {
    let mut row = row("uploading");
    row["upload"] = json!({
        "method": "PUT",
        "url": format!("http://{}/bucket?sig=s3cret", seen.header("host")),
        "headers": {"content-type": "video/mp4", "content-length": "300000"},
        "expires_at": "2025-10-09T09:53:20Z",
    });
    row
}

fn problem(slug: &str, title: &str) -> Value {
    json!({"type": format!("urn:reelgate:problem:{slug}"), "title": title, "status": 0, "detail": "so it is"})
}

#[tokio::test]
async fn a_film_is_registered_uploaded_and_encoded() {
    let folder = TempDir::new().unwrap();
    let gate = StandIn::start(|seen| match (seen.method.as_str(), seen.path.as_str()) {
        ("POST", "/api/videos") => (201, with_ticket(seen)),
        ("PUT", "/bucket?sig=s3cret") => (200, Value::Null),
        ("POST", "/api/videos/Der-Film/encode") => (202, row("encoding")),
        _ => (404, Value::Null),
    });
    let gate = gate.await;
    let path = film(&folder);
    let path = path.to_str().unwrap();
    videos(
        &gate,
        &["add", path, "--encode", "--meta", "title=Der Film"],
    )
    .await
    .unwrap();
    let seen = gate.seen();
    let [registered, uploaded, encoded] = seen.as_slice() else {
        panic!("{seen:?}");
    };
    let body: Value = serde_json::from_slice(&registered.body).unwrap();
    let expected = json!({
        "id": "Der-Film", "source_key": "uploads/Der-Film/Der Film.mp4", "meta": {"title": "Der Film"},
        "upload": true, "size": 300_000, "content_type": "video/mp4",
    });
    assert_eq!(body, expected);
    assert_eq!(registered.header("content-type"), "application/json");
    assert_eq!(registered.header("authorization"), "Bearer admin");
    assert_eq!(uploaded.header("content-length"), "300000");
    assert_eq!(uploaded.header("content-type"), "video/mp4");
    assert_eq!(uploaded.header("authorization"), "");
    assert_eq!(uploaded.header("transfer-encoding"), "");
    assert_eq!(uploaded.body, [7; 300_000].as_slice());
    assert_eq!(encoded.path, "/api/videos/Der-Film/encode");
}

#[tokio::test]
async fn what_is_in_the_bucket_already_is_only_registered() {
    let gate = StandIn::start(|_| (201, row("uploading"))).await;
    videos(&gate, &["add", "--key", "films/2025.mov"])
        .await
        .unwrap();
    let body: Value = serde_json::from_slice(&gate.seen()[0].body).unwrap();
    assert_eq!(
        body,
        json!({"id": "2025", "source_key": "films/2025.mov", "meta": {}})
    );
}

#[tokio::test]
async fn a_registration_without_its_film_is_taken_back() {
    let folder = TempDir::new().unwrap();
    let gate = StandIn::start(|seen| match seen.method.as_str() {
        "POST" => (201, with_ticket(seen)),
        "PUT" => (403, json!("<Error><Code>AccessDenied</Code></Error>")),
        _ => (204, Value::Null),
    });
    let gate = gate.await;
    let path = film(&folder);
    let failure = videos(&gate, &["add", path.to_str().unwrap()])
        .await
        .unwrap_err();
    assert!(failure.contains("403 Forbidden: AccessDenied"), "{failure}");
    assert!(failure.contains("may write objects"), "{failure}");
    let last = gate.seen().pop().unwrap();
    assert_eq!(
        (last.method.as_str(), last.path.as_str()),
        ("DELETE", "/api/videos/Der-Film")
    );
}

#[tokio::test]
async fn refusals_say_what_to_do() {
    let folder = TempDir::new().unwrap();
    let path = film(&folder);
    let path = path.to_str().unwrap();
    for (words, status, slug, help) in [
        (vec!["add", path], 409, "taken", "--id"),
        (
            vec!["encode", "x"],
            409,
            "conflict",
            "`reelgate videos show x`",
        ),
        (
            vec!["encode", "x"],
            503,
            "stream-disabled",
            "stream_enabled",
        ),
        (vec!["list"], 503, "not-configured", "admin_token"),
        (vec!["list"], 401, "unauthorized", "REELGATE_ADMIN_TOKEN"),
        (
            vec!["show", "x"],
            404,
            "not-found",
            "`reelgate videos list`",
        ),
    ] {
        let gate = StandIn::start(move |_| (status, problem(slug, "No"))).await;
        let failure = videos(&gate, &words).await.unwrap_err();
        assert!(
            failure.starts_with("error: the gate says: No: so it is\n"),
            "{failure}"
        );
        assert!(failure.contains(help), "{failure}");
        assert_eq!(gate.seen().len(), 1);
    }
}

#[tokio::test]
async fn a_list_goes_on_to_its_end() {
    let gate = StandIn::start(|seen| {
        let is_second = seen.path.ends_with("cursor=Der%2DFilm");
        let cursor = if is_second {
            Value::Null
        } else {
            json!("Der-Film")
        };
        (
            200,
            json!({"videos": [row("ready")], "next_cursor": cursor}),
        )
    });
    let gate = gate.await;
    videos(&gate, &["list", "--status", "ready"]).await.unwrap();
    videos(&gate, &["list", "--limit", "1"]).await.unwrap();
    let paths: Vec<String> = gate.seen().into_iter().map(|seen| seen.path).collect();
    let expected = [
        "/api/videos?limit=200&status=ready",
        "/api/videos?limit=200&status=ready&cursor=Der%2DFilm",
        "/api/videos?limit=1",
    ];
    assert_eq!(paths, expected);
}

#[tokio::test]
async fn waiting_outlasts_a_gate_that_is_away() {
    let gate = StandIn::start(|seen| match seen.number {
        0 => (200, row("encoding")),
        1 => (503, problem("unavailable", "The catalog is not available")),
        _ => (200, row("failed")),
    });
    let gate = gate.await;
    let asked = Gate::at(gate.url().parse().unwrap(), "admin".to_owned()).unwrap();
    let first = serde_json::from_value(row("encoding")).unwrap();
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    let last = wait::until_over(&asked, first, deadline, Duration::from_millis(1)).await;
    let last = last.unwrap();
    assert_eq!((last.status.as_str(), gate.seen().len()), ("failed", 3));
    assert!(
        last.verdict(true)
            .unwrap_err()
            .to_string()
            .contains("`reelgate videos retry Der-Film`")
    );
}

#[tokio::test]
async fn waiting_ends_when_its_time_is_over() {
    let gate = StandIn::start(|_| (200, row("encoding"))).await;
    let asked = Gate::at(gate.url().parse().unwrap(), "admin".to_owned()).unwrap();
    let first = serde_json::from_value(row("queued")).unwrap();
    let now = tokio::time::Instant::now();
    let late = wait::until_over(&asked, first, now, Duration::from_millis(1)).await;
    assert!(
        late.unwrap_err()
            .to_string()
            .starts_with("error: Der-Film is still queued")
    );
}

#[tokio::test]
async fn a_line_without_sense_is_refused() {
    let gate = StandIn::start(|_| (500, Value::Null)).await;
    for (words, reason) in [
        (vec!["add", "x.mp4", "--wait"], "without --encode"),
        (vec!["add"], "required"),
        (vec!["show", "a/b"], "an id is"),
        (vec!["add", "/nowhere/x.mp4"], "cannot be read"),
    ] {
        let failure = videos(&gate, &words).await.unwrap_err();
        assert!(failure.contains(reason), "{failure}");
    }
    assert!(gate.seen().is_empty());
}
