//! The source route: what a signature opens, and what nobody gets without one.

use http::Method;
use reelgate_tests::bucket::{Act, Object, Seen};
use reelgate_tests::client::Answer;
use reelgate_tests::portal::{Jwt, now};
use reelgate_tests::source::{PATH, SECRET, good, sign, target};
use reelgate_tests::vectors::source_signatures;
use reelgate_tests::world::World;

const KEY: &str = "uploads/Größe (1)+a&b=c%20d~.mp4";

async fn world() -> World {
    World::start_with(|settings| settings.variable("cf_stream_webhook_secret", SECRET)).await
}

fn refused(answer: &Answer, status: u16, reason: &str) {
    assert_eq!(answer.status, status, "{}", answer.text());
    let kind = if status == 400 {
        "bad-request"
    } else {
        "source-signature"
    };
    assert_eq!(
        (answer.problem().as_str(), &answer.json()["reason"]),
        (kind, &reason.into())
    );
}

#[tokio::test]
async fn one_signature_is_good_for_head_and_for_ranges() {
    let world = world().await;
    let film: Vec<u8> = (0..100_000_u32).map(|n| (n % 251) as u8).collect();
    world
        .bucket
        .put(KEY, Object::from(film.clone()).of_type("video/mp4"));
    let (client, target) = (world.client(), good(KEY));
    let head = client.head(&target).send().await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    for (name, value) in [
        ("content-length", "100000"),
        ("content-range", "bytes 0-99999/100000"),
        ("accept-ranges", "bytes"),
        ("cache-control", "private, no-store"),
        ("content-type", "video/mp4"),
    ] {
        assert_eq!(head.header(name), value, "{name}");
    }
    let whole = client.get(&target).send().await;
    assert!(whole.status == 200 && whole.body == film);
    assert_eq!(whole.header("content-range"), "");
    let part = client
        .get(&target)
        .header("range", "bytes=10-19")
        .send()
        .await;
    assert_eq!(
        (part.status, part.header("content-range")),
        (206, "bytes 10-19/100000")
    );
    assert_eq!(&part.body[..], &film[10..20]);
    let outside = client
        .get(&target)
        .header("range", "bytes=100000-")
        .send()
        .await;
    assert_eq!(
        (outside.status, outside.header("content-range")),
        (416, "bytes */100000")
    );
    let capitals = target.replace(
        &sign(KEY, &exp_of(&target)),
        &sign(KEY, &exp_of(&target)).to_uppercase(),
    );
    assert_eq!(client.head(capitals).send().await.status, 200);
    for header in ["x-amz-request-id", "server", "set-cookie"] {
        assert_eq!(whole.header(header), "", "{header}");
    }
    let none = client.get(good("uploads/none.mp4")).send().await;
    assert_eq!((none.status, none.problem().as_str()), (404, "not-found"));
    world.finish().await;
}

fn exp_of(target: &str) -> String {
    let (_, rest) = target.split_once("exp=").unwrap();
    rest.split('&').next().unwrap().to_owned()
}

#[tokio::test]
async fn whoever_cannot_sign_gets_nothing() {
    let world = world().await;
    world.bucket.put(KEY, "a film");
    world.bucket.put("other.mp4", "another");
    let client = world.client();
    let later = (now() + 3600).to_string();
    let sig = sign(KEY, &later);
    for (target, status, reason) in [
        (PATH.to_owned(), 400, "parameter"),
        (format!("{PATH}?key=a&exp=1"), 400, "parameter"),
        (format!("{PATH}?key=a&sig=1"), 400, "parameter"),
        (format!("{PATH}?exp=1&sig=1"), 400, "parameter"),
        (
            format!("{}&key=other.mp4", target(KEY, &later, &sig)),
            400,
            "parameter",
        ),
        (target("a/../b", &later, &sig), 400, "malformed"),
        (target(KEY, "soon", &sig), 400, "malformed"),
        (target("other.mp4", &later, &sig), 403, "signature"),
        (
            target(KEY, &(now() + 7200).to_string(), &sig),
            403,
            "signature",
        ),
        (target(KEY, &later, &sig[1..]), 403, "signature"),
        (target(KEY, &later, &"0".repeat(64)), 403, "signature"),
        (target(KEY, &later, &format!("{sig}00")), 403, "signature"),
        (target(KEY, "1", &sign(KEY, "1")), 403, "expired"),
    ] {
        refused(&client.get(&target).send().await, status, reason);
        assert_eq!(client.head(&target).send().await.status, status, "{target}");
    }
    for method in [Method::POST, Method::PUT, Method::DELETE] {
        let answer = client.ask(method, good(KEY)).send().await;
        assert_eq!((answer.status, answer.header("allow")), (405, "GET, HEAD"));
    }
    let seen = world.bucket.seen();
    // The host has tried the catalog's bucket at its start.
    assert!(seen.iter().all(Seen::is_of_catalog), "{seen:?}");
    world.finish().await;
}

/// The signatures of Python's `hmac`, long over: a wrong one would be named before the time.
#[tokio::test]
async fn the_vectors_are_signed_well() {
    let (secret, cases) = source_signatures();
    let world =
        World::start_with(|settings| settings.variable("cf_stream_webhook_secret", &secret)).await;
    for case in cases {
        assert_eq!(sign(&case.key, &case.exp.to_string()), case.sig);
        let address = target(&case.key, &case.exp.to_string(), &case.sig);
        refused(&world.client().get(address).send().await, 403, "expired");
        let address = target(&case.key, &(case.exp + 1).to_string(), &case.sig);
        refused(&world.client().get(address).send().await, 403, "signature");
    }
    world.finish().await;
}

/// Originals are for Stream. A viewer's way ends at the games, whatever it is spelt like.
#[tokio::test]
async fn no_viewer_reaches_an_original() {
    let world = world().await;
    world.bucket.put("uploads/film.mp4", "an original");
    let all = Jwt::playback().claim("ent", vec!["*"]).mint();
    for path in [
        "/originals/uploads/film.mp4",
        "/games/originals/uploads/film.mp4",
        "/games/../originals/uploads/film.mp4",
        "/games/..%2foriginals/uploads/film.mp4",
        "/games/7/..%2f..%2foriginals/uploads/film.mp4",
        "/games//originals/uploads/film.mp4",
        &format!("/s/{all}/originals/uploads/film.mp4"),
        "/uploads/film.mp4",
    ] {
        let answer = world.client().get(format!("{path}?t={all}")).send().await;
        assert_eq!(answer.status, 404, "{path}");
    }
    assert!(world.bucket.seen_for("uploads/film.mp4").is_empty());
    world.finish().await;
}

#[tokio::test]
async fn the_buckets_troubles_are_told_and_not_shown() {
    let world = world().await;
    for (key, act, status, kind) in [
        ("busy.mp4", Act::Refuse(503, "SlowDown"), 503, "unavailable"),
        ("silent.mp4", Act::hang(), 504, "gateway-timeout"),
        (
            "denied.mp4",
            Act::Refuse(403, "AccessDenied"),
            502,
            "bad-gateway",
        ),
    ] {
        world.bucket.always(key, act);
        let answer = world.client().get(good(key)).send().await;
        assert_eq!(
            (answer.status, answer.problem().as_str()),
            (status, kind),
            "{key}"
        );
        assert!(!answer.text().contains("Denied"), "{}", answer.text());
    }
    world.bucket.put("cut.mp4", vec![7; 1_000_000]);
    world.bucket.always("cut.mp4", Act::Cut(500_000));
    let cut = world
        .client()
        .get(good("cut.mp4"))
        .stream()
        .await
        .count()
        .await;
    assert!(cut.is_err());
    world.finish().await;
}

#[tokio::test]
async fn without_a_secret_the_route_is_closed() {
    let world = World::start_with(|settings| settings).await;
    let answer = world.client().get(good(KEY)).send().await;
    assert_eq!(
        (answer.status, answer.problem().as_str()),
        (503, "not-configured")
    );
    world.finish().await;
}
