//! Many videos, and hosts that die: nothing is lost, nothing is made twice, nothing is stuck.

use http::Method;
use reelgate_fake_stream::Mischief;
use reelgate_tests::bucket::Object;
use reelgate_tests::client::Client;
use reelgate_tests::deadline::within_time;
use reelgate_tests::studio::{Studio, ask, create};
use serde_json::{Value, json};
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// How many clients write at once.
const WRITERS: usize = 8;

/// A number below `below`, another one each time.
fn random(below: u64) -> u64 {
    RandomState::new().build_hasher().finish() % below
}

/// Registers the videos `{prefix}0` and so on.
async fn register_many(studio: &Studio, prefix: &'static str, count: usize) {
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let client = studio.client();
        writers.spawn(async move {
            for number in (writer..count).step_by(WRITERS) {
                let id = format!("{prefix}{number}");
                assert_eq!(create(&client, &id, "originals/film.mp4").await.status, 201);
            }
        });
    }
    writers.join_all().await;
}

/// How many calls to Stream a sweep makes.
async fn calls(studio: &Studio, in_flight: usize) -> usize {
    let before = studio.stream.asked().len();
    let swept = studio.reconcile().await;
    assert_eq!(
        (&swept["scanned"], &swept["errors"]),
        (&json!(in_flight), &json!(0))
    );
    studio.stream.asked().len() - before
}

/// Calls by the fifty, and none for what is not in flight. What it takes is in `cargo xtask bench`.
#[tokio::test]
async fn a_sweep_costs_what_is_in_flight() {
    // A minute may begin meanwhile, and its sweep would be counted too.
    let studio = Studio::start_with(|settings| settings.arguments(["--no-schedule"])).await;
    studio
        .bucket
        .put("originals/film.mp4", Object::from("a film"));
    studio.stream.misbehave(Mischief::NeverFinishes);
    register_many(&studio, "busy", 100).await;
    for number in 0..100 {
        assert_eq!(studio.encode(&format!("busy{number}")).await.status, 202);
    }
    assert_eq!(calls(&studio, 100).await, 2);
    register_many(&studio, "idle", 10_000).await;
    assert_eq!(calls(&studio, 100).await, 2);
    let page = ask(&studio.client(), Method::GET, "/api/videos?limit=200")
        .send()
        .await;
    assert_eq!(page.json()["videos"].as_array().unwrap().len(), 200);
    studio.finish().await;
}

/// As if 10,000 had been encoded with as much metadata as a row may have: none traps, and every sweep gets
/// further.
#[tokio::test]
async fn ten_thousand_in_flight_are_swept_part_by_part() {
    const ROWS: usize = 10_000;
    let studio = Studio::start_with(|settings| settings.arguments(["--no-schedule"])).await;
    studio.stream.misbehave(Mischief::NeverFinishes);
    studio.register("model").await;
    studio.encode("model").await;
    let object = studio.bucket.object(".reelgate/videos/model.json").unwrap();
    let mut row: Value = serde_json::from_slice(object.bytes()).unwrap();
    let marker = studio.bucket.keys(".reelgate/in-flight/model/").remove(0);
    row["meta"] = json!({ "notes": "x".repeat(8_000) });
    for number in 0..ROWS {
        let id = format!("v{number:05}");
        row["id"] = json!(id);
        row["stream_uid"] = json!(format!("{number:032x}"));
        let key = format!(".reelgate/videos/{id}.json");
        studio.bucket.put(&key, row.to_string().into_bytes());
        studio.bucket.put(&marker.replace("model", &id), Vec::new());
    }
    let read = || {
        studio
            .bucket
            .seen()
            .iter()
            .filter(|seen| seen.is_read_of_row())
            .count()
    };
    let mut before = read();
    for _ in 0..6 {
        let swept = studio.reconcile().await;
        assert_eq!(
            swept["scanned"].as_u64().map(|scanned| scanned <= 2000),
            Some(true),
            "{swept}"
        );
        assert!(read() > before, "{swept}");
        before = read();
    }
    let seen = studio.bucket.seen();
    for number in [0, 1_999, 2_000, 5_000, ROWS - 1] {
        let key = format!(".reelgate/videos/v{number:05}.json");
        assert!(
            seen.iter()
                .any(|seen| seen.method == "GET" && seen.key == key),
            "{key} was not looked at"
        );
    }
    studio.finish().await;
}

/// What a portal was told, by kind.
#[derive(Clone, Debug, Default)]
struct Told {
    registered: Vec<String>,
    accepted: Vec<String>,
}

/// One of many who register videos and have them encoded, until the host dies under them.
async fn write(client: Client, name: String, told: watch::Sender<Told>) {
    for number in 0.. {
        let id = format!("{name}-{number}");
        if create(&client, &id, "originals/film.mp4").await.status == 201 {
            told.send_modify(|told| told.registered.push(id.clone()));
        }
        let target = format!("/api/videos/{id}/encode");
        if ask(&client, Method::POST, &target).send().await.status == 202 {
            told.send_modify(|told| told.accepted.push(id));
        }
    }
}

#[tokio::test]
async fn killed_at_fifty_moments_nothing_is_lost_and_nothing_made_twice() {
    killed_at_fifty_moments(Studio::start().await).await;
}

#[tokio::test]
async fn nor_with_the_embedded_store() {
    killed_at_fifty_moments(Studio::start_with_keyvalue().await).await;
}

async fn killed_at_fifty_moments(mut studio: Studio) {
    studio
        .bucket
        .put("originals/film.mp4", Object::from("a film"));
    let told = watch::Sender::<Told>::default();
    for round in 0..50 {
        let mut writers = JoinSet::new();
        for writer in 0..WRITERS {
            let name = format!("r{round}w{writer}");
            writers.spawn(write(studio.client(), name, told.clone()));
        }
        let so_far = told.borrow().registered.len() + told.borrow().accepted.len();
        let moment = so_far + 1 + usize::try_from(random(30)).unwrap();
        let mut seen = told.subscribe();
        let enough = |told: &Told| told.registered.len() + told.accepted.len() >= moment;
        let waited = within_time(Duration::from_secs(120), "writes", seen.wait_for(enough)).await;
        drop(waited);
        // Their connections are open, and their requests on the way.
        writers.abort_all();
        studio = studio.kill_and_restart().await;
        studio.reconcile().await;
    }
    let told = told.borrow().clone();
    settle(&studio, &told).await;
    for id in &told.registered {
        let row = studio.row(id).await;
        let was_accepted = told.accepted.contains(id);
        assert!(!was_accepted || row["status"] == "ready", "{row}");
        for attempt in 1..=row["attempt"].as_u64().unwrap() {
            let copies = studio.stream.copies(&format!("{id}#{attempt}"));
            assert!(copies.accepted <= 1, "{id}#{attempt}: {copies:?}");
        }
    }
    studio.finish().await;
}

/// Lets what Stream could not fetch from a dead host be tried again, and sweeps until nothing is in flight.
async fn settle(studio: &Studio, told: &Told) {
    for id in &told.accepted {
        let row = studio.row(id).await;
        if row["status"] == "failed" {
            assert_eq!(row["error"]["code"], "ERR_FETCH_ORIGIN_ERROR", "{row}");
            let target = format!("/api/videos/{id}/retry");
            let retry = ask(&studio.client(), Method::POST, &target).send().await;
            assert_eq!(retry.status, 202, "{}", retry.text());
        }
    }
    within_time(Duration::from_secs(120), "nothing is in flight", async {
        let quiet = json!({ "scanned": 0, "updated": 0, "errors": 0 });
        while studio.reconcile().await != quiet {}
    })
    .await;
}

/// The catalog survives its host, to the byte.
#[tokio::test]
async fn what_was_told_is_there_after_a_kill() {
    for studio in [Studio::start().await, Studio::start_with_keyvalue().await] {
        studio.register("v1").await;
        studio.encode("v1").await;
        let before: Value = studio.becomes("v1", "ready").await;
        let studio = studio.kill_and_restart().await;
        assert_eq!(studio.row("v1").await, before);
        studio.finish().await;
    }
}
