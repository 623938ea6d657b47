//! How much is held, and what goes when there is too much.

use super::*;
use bucket::Act;

fn segment(number: usize) -> String {
    format!("/games/7/v0123456789/v0/seg_{number:05}.m4s")
}

/// Bytes of a segment.
const SIZE: u64 = MB;

async fn play(space: &Space, numbers: impl Iterator<Item = usize>, store: &Store) {
    let film = noise(SIZE, 1);
    for number in numbers {
        let path = segment(number);
        store.put(&path, &film, "\"a\"");
        get(space, &path, NOW, store).await;
    }
}

#[tokio::test]
async fn a_pass_over_an_archive_does_not_wash_out_what_is_hot() {
    let (cache, space) = cache();
    let store = Store::default();
    // A film that is watched.
    for _ in 0..4 {
        play(&space, 0..20, &store).await;
    }
    assert_eq!(store.asked(), 20);
    // Twenty times the memory, once.
    play(&space, 1000..2280, &store).await;
    let before = store.asked();
    play(&space, 0..20, &store).await;
    let fetched_again = store.asked() - before;
    assert!(fetched_again <= 2, "{fetched_again} of 20 were washed out");
    assert!(cache.figures().evictions > 1000);
}

#[tokio::test]
async fn what_is_new_and_asked_for_again_finds_its_place() {
    let (_cache, space) = cache();
    let store = Store::default();
    for _ in 0..4 {
        play(&space, 0..60, &store).await;
    }
    for _ in 0..8 {
        play(&space, 100..120, &store).await;
    }
    let before = store.asked();
    play(&space, 100..120, &store).await;
    let fetched_again = store.asked() - before;
    assert!(fetched_again <= 5, "{fetched_again} of 20 found no place");
}

#[tokio::test]
async fn there_are_never_more_bytes_than_there_may_be() {
    let memory = 16 * MB;
    let cache = open(&settings(memory));
    let space = cache.space(KEY);
    let store = Store::default();
    let mut slow = Vec::new();
    let film = noise(SIZE, 1);
    for number in 0..200 {
        let path = segment(number);
        store.put(&path, &film, "\"a\"");
        match found(&space, &path, Want::Whole, NOW, &store).await {
            Found::Object(hit) => {
                let mut reader = whole(hit);
                let begun = piece(&mut reader).await;
                slow.push((begun, reader));
            }
            // Slow readers have it all: others are served without the cache.
            Found::Answer(_) | Found::Nothing => {}
            Found::Plain(plain) => panic!("{plain:?}"),
        }
        let held = cache.figures().bytes_held;
        assert!(held <= memory, "{held} bytes after {number}");
    }
    assert!(
        slow.len() < 20,
        "{} readers have an object each",
        slow.len()
    );
    for (begun, reader) in slow {
        let rest = read(reader).await.unwrap();
        assert!([begun, rest].concat() == film);
    }
    // And when they are gone it is a cache again.
    let path = segment(0);
    let before = store.asked();
    get(&space, &path, NOW, &store).await;
    get(&space, &path, NOW, &store).await;
    assert!(store.asked() <= before + 1);
}

#[tokio::test]
async fn what_is_on_its_way_is_bounded_and_not_fetched_twice() {
    let cache = open(&settings(16 * MB));
    let space = cache.space(KEY);
    let store = Store::default();
    let mut on_their_way = Vec::new();
    for number in 0..40 {
        let (act, sender) = Act::stream(SIZE, "\"a\"");
        store.once(act);
        let found = found(&space, &segment(number), Want::Whole, NOW, &store).await;
        if let Found::Object(hit) = found {
            on_their_way.push((number, sender, hit));
        }
    }
    assert!(
        (3..=6).contains(&on_their_way.len()),
        "{}",
        on_their_way.len()
    );
    let asked = store.asked();
    for (number, sender, hit) in on_their_way {
        let other = self::hit(&space, &segment(number), NOW, &store).await;
        sender.send(Ok(noise(SIZE, 1))).unwrap();
        drop(sender);
        for hit in [hit, other] {
            assert_eq!(read(whole(hit)).await.unwrap(), noise(SIZE, 1));
        }
    }
    assert_eq!(store.asked(), asked);
    assert!(cache.figures().bytes_held <= 16 * MB);
}

#[tokio::test]
async fn without_memory_and_disk_there_is_none() {
    let none = Cache::open(&settings(0), Box::new(|_| {})).unwrap();
    assert!(none.is_none());
}
