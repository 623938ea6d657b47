//! Media flows past the components, not through their memory.

use reelgate_tests::bucket::Object;
use reelgate_tests::host::Origin;
use reelgate_tests::world::{World, path, session};

/// A byte more than 32 bits can count.
const LENGTH: u64 = (4 << 30) + 1;
/// A guest that held what flows by would need its whole 32 MiB, and then more.
const GROWTH: u64 = 32 << 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_gigabytes_leave_no_trace() {
    let world = World::start(Origin::Component).await;
    world.put("warm.m4s", Object::zeros(64 << 20));
    world.put("film.m4s", Object::zeros(LENGTH));
    let client = world.client();
    let ask = |file| client.get(path(file)).cookie(&session());
    assert_eq!(
        ask("warm.m4s").stream().await.count().await.unwrap(),
        64 << 20
    );
    let before = world.host.memory();

    let mut film = ask("film.m4s")
        .header("x-request-id", "film")
        .stream()
        .await;
    let (mut count, mut next_look) = (0, 0);
    while let Some(piece) = film.piece().await.unwrap() {
        count += piece.len() as u64;
        if count > next_look {
            next_look += 128 << 20;
            let growth = world.host.memory().saturating_sub(before);
            assert!(growth < GROWTH, "{growth} bytes more after {count}");
        }
    }
    assert_eq!(count, LENGTH);
    let line = world.journal().request("film").await;
    assert_eq!((line.bytes, line.complete), (LENGTH, true));

    let end = ask("film.m4s")
        .header("range", "bytes=4294967296-")
        .send()
        .await;
    assert_eq!(
        end.header("content-range"),
        "bytes 4294967296-4294967296/4294967297"
    );
    world.finish().await;
}
