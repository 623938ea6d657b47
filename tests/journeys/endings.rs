//! How a host ends: as asked, too late, or in the middle of everything.

use reelgate_tests::bucket::{Act, Gate};
use reelgate_tests::deadline::within;
use reelgate_tests::host::{Origin, Settings};
use reelgate_tests::world::{World, key, path, session};
use rustix::process::Signal;
use std::time::{Duration, Instant};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

with_each_origin! {
    asked_to_end_it_lets_viewers_finish
    killed_it_comes_back_at_once
}

async fn asked_to_end_it_lets_viewers_finish(origin: Origin) {
    let mut world = World::start(origin).await;
    world.put("film.m4s", vec![7; 300_000]);
    let gate = Gate::of_pieces(100_000);
    world
        .bucket
        .always(&key("film.m4s"), Act::Through(gate.clone()));
    let ask = |client: reelgate_tests::client::Client| {
        client.get(path("film.m4s")).cookie(&session()).stream()
    };
    let mut one = ask(world.client()).await;
    let mut two = ask(world.client().http2()).await;
    gate.open(2);
    one.exactly(100_000).await;
    two.exactly(100_000).await;

    world.host.process().signal(Signal::TERM);
    turns_away_newcomers(&world).await;
    gate.open_wide();
    assert_eq!(one.count().await.unwrap(), 200_000);
    assert_eq!(two.count().await.unwrap(), 200_000);
    let log = world.host.ended().await;
    assert!(!log.contains("stopped before"), "{log}");
}

async fn killed_it_comes_back_at_once(origin: Origin) {
    let world = World::start(origin).await;
    world.put("film.m4s", reelgate_tests::bucket::Object::zeros(1 << 40));
    world.put("a.m4s", "pictures");
    let mut film = world
        .client()
        .get(path("film.m4s"))
        .cookie(&session())
        .stream()
        .await;
    film.piece().await.unwrap();
    let address = world.host.address();
    let data = world.host.kill().await;
    assert!(film.count().await.is_err(), "the viewer sees that it broke");

    // The same folder, the same address, although connections of before are still about.
    let started = Instant::now();
    let settings = Settings::new(world.bucket.address())
        .origin(origin)
        .listen(address);
    let host = settings.start_in(data).await;
    let answer = host
        .client()
        .get(path("a.m4s"))
        .cookie(&session())
        .send()
        .await;
    assert_eq!((answer.status, answer.text()), (200, "pictures"));
    // Compiling anew would take longer, and so would waiting for old connections.
    let took = started.elapsed();
    assert!(took < Duration::from_secs(20), "{took:?}");
    host.finish().await;
}

#[tokio::test]
async fn a_request_that_is_on_its_way_is_answered() {
    let mut world = World::start(Origin::Native).await;
    world.put("a.m4s", "pictures");
    let ask = world.client().get(path("a.m4s")).cookie(&session());
    let mut kept = world.client().connect().await;
    let before = kept.send(&ask).await.unwrap().finish().await.unwrap();
    assert_eq!((before.status, before.header("connection")), (200, ""));
    let _idle = world.client().connect().await;

    world.host.process().signal(Signal::TERM);
    turns_away_newcomers(&world).await;
    let last = kept.send(&ask).await.unwrap().finish().await.unwrap();
    assert_eq!((last.status, last.text()), (200, "pictures"));
    assert_eq!(last.header("connection"), "close");
    // Nor is a connection waited for by which nothing comes.
    let log = world.host.ended().await;
    assert!(!log.contains("stopped before"), "{log}");
}

#[tokio::test]
async fn viewers_who_take_too_long_are_left() {
    let mut world = World::start_with(|settings| settings.arguments(["--grace", "1"])).await;
    world.put("film.m4s", vec![7; 300_000]);
    world
        .bucket
        .always(&key("film.m4s"), Act::Through(Gate::of_pieces(100_000)));
    let film = world
        .client()
        .get(path("film.m4s"))
        .cookie(&session())
        .stream()
        .await;
    world.host.process().signal(Signal::TERM);
    let log = world.host.ended().await;
    assert!(
        log.contains("stopped before every answer was sent"),
        "{log}"
    );
    assert!(
        film.finish().await.is_err(),
        "the viewer sees that it broke"
    );
}

#[tokio::test]
async fn asked_twice_it_ends_at_once() {
    let world = World::start(Origin::Native).await;
    world.put("film.m4s", vec![7; 300_000]);
    world
        .bucket
        .always(&key("film.m4s"), Act::Through(Gate::of_pieces(100_000)));
    let film = world
        .client()
        .get(path("film.m4s"))
        .cookie(&session())
        .stream()
        .await;
    let mut idle = world.client().socket().await;
    let process = world.host.process();
    process.signal(Signal::INT);
    // Connections without a request end with the first signal: so it has been taken.
    let mut byte = [0];
    let closed = idle.read(&mut byte);
    assert!(matches!(
        within("idle connections end", closed).await,
        Ok(0) | Err(_)
    ));
    process.signal(Signal::INT);
    let status = world.host.died().await;
    assert_eq!(status.code(), Some(1));
    assert!(film.finish().await.is_err());
}

async fn turns_away_newcomers(world: &World) {
    let address = world.host.address();
    within("new viewers are turned away", async {
        let mut tries = tokio::time::interval(Duration::from_millis(10));
        while TcpStream::connect(address).await.is_ok() {
            tries.tick().await;
        }
    })
    .await;
}
