//! Many who ask at once are one question to the bucket.

use super::*;
use bucket::{Act, Lost, Shared};
use std::sync::Arc;
use tokio::task::JoinSet;

const HERD: usize = 500;

fn herd(space: &Arc<Space>, path: &'static str, store: &Shared) -> JoinSet<Found<Body>> {
    let mut herd = JoinSet::new();
    for _ in 0..HERD {
        let (space, store) = (Arc::clone(space), Arc::clone(store));
        herd.spawn(async move { found(&space, path, Want::Whole, NOW, &store).await });
    }
    herd
}

#[tokio::test]
async fn a_herd_is_one_question_and_all_see_the_bytes_as_they_come() {
    let (cache, space) = cache();
    let (space, store) = (Arc::new(space), Shared::default());
    let film = noise(3 * MB, 1);
    let (act, sender) = Act::stream(3 * MB, "\"a\"");
    store.once(act);
    let mut readers = Vec::new();
    for found in soon(herd(&space, SEGMENT, &store).join_all()).await {
        let Found::Object(hit) = found else {
            panic!("{found:?}")
        };
        readers.push(whole(hit));
    }
    // All have their heads, and nothing of the body has come.
    assert_eq!(store.asked(), 1);
    sender.send(Ok(film.slice(..100_000))).unwrap();
    for reader in &mut readers {
        assert_eq!(exactly(reader, 100_000).await, film[..100_000]);
    }
    for part in film[100_000..].chunks(77_777) {
        sender.send(Ok(film.slice_ref(part))).unwrap();
    }
    drop(sender);
    for reader in readers {
        assert_eq!(read(reader).await.unwrap(), film[100_000..]);
    }
    let figures = cache.figures();
    assert_eq!((figures.misses, figures.hits), (1, HERD as u64 - 1));
    assert_eq!(figures.joined, HERD as u64 - 1);
    assert_eq!(figures.bytes_served, (HERD as u64 - 1) * 3 * MB);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_threads_are_one_question_too() {
    let (_cache, space) = cache();
    let (space, store) = (Arc::new(space), Shared::default());
    let film = noise(2 * MB, 2);
    store.put(SEGMENT, &film, "\"a\"");
    let mut readers = JoinSet::new();
    for found in soon(herd(&space, SEGMENT, &store).join_all()).await {
        let Found::Object(hit) = found else {
            panic!("{found:?}")
        };
        readers.spawn(read(whole(hit)));
    }
    for bytes in readers.join_all().await {
        assert_eq!(bytes.unwrap(), film);
    }
    assert_eq!(store.asked(), 1);
}

#[tokio::test]
async fn what_is_not_there_is_asked_for_once_by_a_herd_and_not_remembered() {
    let (_cache, space) = cache();
    let (space, store) = (Arc::new(space), Shared::default());
    let (act, go) = Act::wait();
    store.once(act);
    let mut waiting = herd(&space, SEGMENT, &store);
    store.was_asked(1).await;
    tokio::task::yield_now().await;
    go.send_replace(true);
    while let Some(found) = soon(waiting.join_next()).await {
        let Found::Plain(plain) = found.unwrap() else {
            panic!("an object")
        };
        assert_eq!(
            (plain.status.as_u16(), &plain.body[..]),
            (404, &b"Not Found"[..])
        );
    }
    assert_eq!(store.asked(), 1);
    store.put(SEGMENT, &noise(5, 1), "\"a\"");
    assert_eq!(get(&space, SEGMENT, NOW, &store).await, noise(5, 1));
}

#[tokio::test]
async fn who_leaves_before_the_head_leaves_the_question_to_another() {
    let (_cache, space) = cache();
    let (space, store) = (Arc::new(space), Shared::default());
    store.put(SEGMENT, &noise(5, 1), "\"a\"");
    let (act, _never) = Act::wait();
    store.once(act);
    let first = {
        let (space, store) = (Arc::clone(&space), Arc::clone(&store));
        tokio::spawn(async move { found(&space, SEGMENT, Want::Whole, NOW, &store).await })
    };
    store.was_asked(1).await;
    let mut second = herd(&space, SEGMENT, &store);
    tokio::task::yield_now().await;
    first.abort();
    while let Some(found) = soon(second.join_next()).await {
        assert!(matches!(found.unwrap(), Found::Object(_)));
    }
    assert_eq!(store.asked(), 2);
}

#[tokio::test]
async fn what_breaks_off_is_whole_for_nobody_and_not_kept() {
    let (cache, space) = cache();
    let (space, store) = (Arc::new(space), Shared::default());
    let film = noise(MB, 1);
    store.put(SEGMENT, &film, "\"a\"");
    for how in [Some(Err(Lost)), None, Some(Ok(noise(MB, 9)))] {
        let (act, sender) = Act::stream(MB, "\"a\"");
        store.once(act);
        let mut readers = Vec::new();
        for found in soon(herd(&space, SEGMENT, &store).join_all()).await {
            let Found::Object(hit) = found else {
                panic!("{found:?}")
            };
            readers.push(whole(hit));
        }
        sender.send(Ok(film.slice(..MB as usize / 2))).unwrap();
        exactly(&mut readers[0], MB / 2).await;
        // It is lost, too short, too long.
        if let Some(bytes) = how {
            sender.send(bytes).unwrap();
        }
        drop(sender);
        for reader in readers {
            assert_eq!(read(reader).await, None);
        }
    }
    assert_eq!((store.asked(), cache.figures().broken), (3, 3));
    assert_eq!(get(&space, SEGMENT, NOW, &store).await, film);
    assert_eq!(store.asked(), 4);
}
