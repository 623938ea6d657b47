//! What Prometheus is told: what was asked, counted once, under names that no client chose.

use reelgate_tests::bucket::{Act, Gate};
use reelgate_tests::client::{Ask, Client};
use reelgate_tests::host::Origin;
use reelgate_tests::metrics::{ARGUMENTS, Samples};
use reelgate_tests::portal::Jwt;
use reelgate_tests::world::{GAME, World, key, path, path_with_token, session};

const REQUESTS: &str = "reelgate_requests_total";

with_each_origin! {
    every_request_is_counted
    what_the_bucket_does_is_counted
}

async fn world(origin: Origin) -> World {
    World::start_with(|settings| settings.origin(origin).arguments(ARGUMENTS)).await
}

fn requests(samples: &Samples, route: &str, status: u16, reason: &str) -> f64 {
    samples.get(&format!(
        "{REQUESTS}{{route=\"{route}\",status=\"{status}\",reason=\"{reason}\"}}"
    ))
}

async fn every_request_is_counted(origin: Origin) {
    let world = world(origin).await;
    world.put("a.m4s", "pictures");
    let client = world.client();
    let file = path("a.m4s");
    let get = || client.get(&file).cookie(&session());
    let old = Jwt::session_aged(30_000).claim("gid", GAME).mint();
    let under_path = format!("/s/{}{file}", session());
    let odd_name = format!("/games/{GAME}/{}.m4s", "x".repeat(200));
    let asks: [(usize, Ask); 9] = [
        (3, get()),
        (2, get().header("range", "bytes=1-2")),
        (2, client.get(path_with_token("a.m4s"))),
        (4, client.get(&file)),
        (1, client.get(&file).cookie(&old)),
        (1, client.get(under_path)),
        (1, client.get(odd_name).cookie(&session())),
        (2, client.get("/healthz")),
        (1, client.get("/a-path-that-a-client-chose")),
    ];
    let (mut count, mut bytes, mut sessions) = (0, 0, 0);
    for (times, ask) in &asks {
        for _ in 0..*times {
            let answer = ask.clone().send().await;
            count += 1;
            bytes += answer.body.len();
            sessions += usize::from(answer.session().is_some());
        }
    }
    let address = world.host.metrics_address().await;
    let all_are_over = |samples: &Samples| {
        samples.sum(REQUESTS) >= count as f64 && samples.get("reelgate_requests_in_flight") == 0.0
    };
    let samples = Samples::once(address, all_are_over).await;
    let counted = |route, status, reason| requests(&samples, route, status, reason) as u32;
    assert_eq!(counted("/games/...", 200, ""), 5);
    assert_eq!(counted("/games/...", 206, ""), 2);
    assert_eq!(counted("/games/...", 403, "no_credential"), 4);
    assert_eq!(counted("/games/...", 403, "token_expired"), 1);
    assert_eq!(counted("/games/...", 404, ""), 1);
    assert_eq!(counted("/s/...", 200, ""), 1);
    assert_eq!(counted("/healthz", 200, ""), 2);
    assert_eq!(counted("", 404, ""), 1);
    for (name, expected) in [
        (REQUESTS, count),
        ("reelgate_response_head_duration_seconds_count", count),
        ("reelgate_response_duration_seconds_count", count),
        ("reelgate_response_body_bytes_total", bytes),
        ("reelgate_sessions_begun_total", sessions),
        // One connection a request.
        ("reelgate_connections_accepted_total", count),
        ("reelgate_responses_incomplete_total", 0),
        ("reelgate_requests_in_flight", 0),
        ("reelgate_log_lines_lost_total", 0),
        ("reelgate_component_failures_total", 0),
    ] {
        assert_eq!(samples.sum(name), expected as f64, "{name}");
    }
    assert_eq!(sessions, 2);
    assert_eq!(samples.get("reelgate_connections_limit"), 8192.0);
    assert!(samples.sum("reelgate_instances_limit") > 0.0);
    assert!(samples.get("process_resident_memory_bytes") > 1e6);
    assert!(
        samples
            .names()
            .all(|name| !name.contains("chose") && !name.contains("user-1"))
    );
    world.finish().await;
}

async fn what_the_bucket_does_is_counted(origin: Origin) {
    let world = world(origin).await;
    for file in ["good.m4s", "busy.m4s", "bad.m4s"] {
        world.put(file, "pictures");
    }
    world
        .bucket
        .once(&key("busy.m4s"), Act::Refuse(503, "SlowDown"));
    world
        .bucket
        .always(&key("bad.m4s"), Act::Refuse(500, "InternalError"));
    let get = |file: &str| world.client().get(path(file)).cookie(&session()).send();
    for (file, status) in [
        ("good.m4s", 200),
        ("busy.m4s", 200),
        ("bad.m4s", 502),
        ("none.m4s", 404),
    ] {
        assert_eq!(get(file).await.status, status, "{file}");
    }
    let address = world.host.metrics_address().await;
    let samples = Samples::once(address, |samples| samples.sum(REQUESTS) >= 4.0).await;
    let sent = |outcome: &str| {
        samples.get(&format!(
            "reelgate_outgoing_requests_total{{component=\"games\",outcome=\"{outcome}\"}}"
        ))
    };
    assert_eq!((sent("2xx"), sent("4xx"), sent("broken")), (2.0, 1.0, 0.0));
    let asked = world.bucket.seen();
    let failing = asked
        .iter()
        .filter(|seen| seen.key == key("bad.m4s"))
        .count();
    assert_eq!(sent("5xx"), failing as f64 + 1.0);
    assert_eq!(
        samples.sum("reelgate_outgoing_requests_total"),
        asked.len() as f64
    );
    assert_eq!(
        samples.sum("reelgate_outgoing_head_duration_seconds_count"),
        asked.len() as f64
    );
    if origin == Origin::Native {
        // A component is its own driver, and says nothing of why it asks.
        let retries = "reelgate_outgoing_retries_total{component=\"games\",cause=\"failed\"}";
        assert_eq!(samples.get(retries), asked.len() as f64 - 4.0);
    }
    world.finish().await;
}

#[tokio::test]
async fn a_viewer_who_leaves_is_an_answer_that_is_not_whole() {
    let world = world(Origin::Native).await;
    world.put("film.m4s", vec![7; 300_000]);
    let gate = Gate::of_pieces(100_000);
    world
        .bucket
        .always(&key("film.m4s"), Act::Through(gate.clone()));
    let ask = world.client().get(path("film.m4s")).cookie(&session());
    let mut film = ask.stream().await;
    gate.open(1);
    film.exactly(100_000).await;
    let address = world.host.metrics_address().await;
    let now = Samples::scrape(address).await;
    assert_eq!(now.get("reelgate_requests_in_flight"), 1.0);
    assert_eq!(now.get("reelgate_connections_open"), 1.0);
    drop(film);
    gate.open_wide();
    let incomplete = "reelgate_responses_incomplete_total{route=\"/games/...\"}";
    // One is counted just before the other.
    Samples::once(address, |samples| {
        samples.get(incomplete) == 1.0 && samples.get("reelgate_requests_in_flight") == 0.0
    })
    .await;
    world.finish().await;
}

/// The listener of the viewers knows no metrics, and that of the metrics no films.
#[tokio::test]
async fn metrics_have_a_listener_of_their_own() {
    let world = world(Origin::Native).await;
    assert_eq!(world.client().get("/metrics").send().await.status, 404);
    let client = Client::new(world.host.metrics_address().await);
    for (target, status) in [
        ("/metrics", 200),
        ("/metrics?name[]=up", 200),
        ("/", 404),
        ("/healthz", 404),
    ] {
        assert_eq!(client.get(target).send().await.status, status, "{target}");
    }
    let refused = client.post("/metrics").send().await;
    assert_eq!(
        (refused.status, refused.header("allow")),
        (405, "GET, HEAD")
    );
    // A person with curl.
    let plain = client.get("/metrics").send().await;
    assert_eq!(
        plain.header("content-type"),
        "text/plain; version=0.0.4; charset=utf-8"
    );
    assert!(
        plain
            .text()
            .contains("# TYPE reelgate_requests_total counter\n")
    );
    world.finish().await;
}
