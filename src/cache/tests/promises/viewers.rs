//! What one viewer does to others, and what they get of an object.

use super::*;
use bucket::Act;

#[tokio::test]
async fn ranges_are_slices_of_what_is_there() {
    let (cache, space) = cache();
    let store = Store::default();
    let film = noise(MB + 5, 1);
    store.put(SEGMENT, &film, "\"a\"");
    assert_eq!(get(&space, SEGMENT, NOW, &store).await, film);
    for (from, to) in [
        (0, 1),
        (0, 131_072),
        (131_071, 131_073),
        (5, 1_000_000),
        (MB, MB + 5),
        (0, MB + 5),
        (7, 7),
    ] {
        let body = hit(&space, SEGMENT, NOW, &store).await.body(from..to);
        let bytes = read(body).await.unwrap();
        assert_eq!(bytes, film[from as usize..to as usize], "{from}..{to}");
    }
    // Beyond the end there is nothing, and nobody is told of more.
    let body = hit(&space, SEGMENT, NOW, &store).await.body(MB..9 * MB);
    assert_eq!(read(body).await.unwrap(), film[MB as usize..]);
    assert_eq!((store.asked(), cache.figures().misses), (1, 1));

    let mut first = whole(hit(&space, SEGMENT, NOW, &store).await);
    let mut second = whole(hit(&space, SEGMENT, NOW, &store).await);
    let (first, second) = (piece(&mut first).await, piece(&mut second).await);
    assert_eq!(first.as_ptr(), second.as_ptr(), "bytes are copied");
}

#[tokio::test]
async fn nobody_waits_for_a_slow_viewer() {
    let (_cache, space) = cache();
    let store = Store::default();
    let film = noise(2 * MB, 1);
    store.put(SEGMENT, &film, "\"a\"");
    let slow = whole(hit(&space, SEGMENT, NOW, &store).await);
    assert_eq!(get(&space, SEGMENT, NOW, &store).await, film);
    assert_eq!(read(slow).await.unwrap(), film);
    assert_eq!(store.asked(), 1);
}

#[tokio::test]
async fn an_empty_object_is_one() {
    let (_cache, space) = cache();
    let store = Store::default();
    store.put(SEGMENT, &Bytes::new(), "\"a\"");
    for _ in 0..2 {
        assert!(get(&space, SEGMENT, NOW, &store).await.is_empty());
    }
    assert_eq!(store.asked(), 1);
}

#[tokio::test]
async fn a_fetch_is_given_up_when_the_last_has_left() {
    let (cache, space) = cache();
    let store = Store::default();
    let (act, sender) = Act::stream(3 * MB, "\"a\"");
    store.once(act);
    let first = whole(hit(&space, SEGMENT, NOW, &store).await);
    let mut second = whole(hit(&space, SEGMENT, NOW, &store).await);
    drop(first);
    sender.send(Ok(noise(MB, 1))).unwrap();
    exactly(&mut second, MB).await;
    assert!(!sender.is_closed());
    drop(second);
    soon(sender.closed()).await;
    assert_eq!((cache.figures().broken, cache.figures().bytes_held), (1, 0));
    // Who comes then begins anew.
    store.put(SEGMENT, &noise(5, 1), "\"a\"");
    assert_eq!(get(&space, SEGMENT, NOW, &store).await, noise(5, 1));
}

#[tokio::test]
async fn a_fetch_that_is_nearly_done_is_ended() {
    let (_cache, space) = cache();
    let store = Store::default();
    let film = noise(3 * MB, 1);
    let (act, sender) = Act::stream(3 * MB, "\"a\"");
    store.once(act);
    let mut reader = whole(hit(&space, SEGMENT, NOW, &store).await);
    sender.send(Ok(film.slice(..2 * MB as usize))).unwrap();
    exactly(&mut reader, 2 * MB).await;
    drop(reader);
    sender.send(Ok(film.slice(2 * MB as usize..))).unwrap();
    drop(sender);
    assert_eq!(get(&space, SEGMENT, NOW, &store).await, film);
    assert_eq!(store.asked(), 1);
}

#[tokio::test]
async fn who_has_had_a_part_leaves_the_rest_to_others() {
    let (_cache, space) = cache();
    let store = Store::default();
    let film = noise(3 * MB, 1);
    let (act, sender) = Act::stream(3 * MB, "\"a\"");
    store.once(act);
    let part = found(&space, SEGMENT, Want::Part, NOW, &store).await;
    let Found::Object(part) = part else {
        panic!("{part:?}")
    };
    let part = part.body(1000..2000);
    sender.send(Ok(film.slice(..5000))).unwrap();
    assert_eq!(read(part).await.unwrap(), film[1000..2000]);
    sender.send(Ok(film.slice(5000..))).unwrap();
    drop(sender);
    assert_eq!(get(&space, SEGMENT, NOW, &store).await, film);
    assert_eq!(store.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_fetch_that_nobody_waits_for_has_an_end() {
    let (cache, space) = cache();
    let store = Store::default();
    let (act, sender) = Act::stream(MB, "\"a\"");
    store.once(act);
    drop(hit(&space, SEGMENT, NOW, &store).await);
    // A byte now and then does not keep it alive.
    for _ in 0..12 {
        if sender.send(Ok(Bytes::from_static(b"x"))).is_err() {
            break;
        }
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    soon(sender.closed()).await;
    assert_eq!(cache.figures().bytes_held, 0);
}

#[tokio::test]
async fn what_is_large_is_not_fetched_for_a_part() {
    let (cache, space) = cache();
    let store = Store::default();
    let film = noise(9 * MB, 1);
    store.put(SEGMENT, &film, "\"a\"");
    for _ in 0..3 {
        let part = found(&space, SEGMENT, Want::Part, NOW, &store).await;
        assert!(matches!(part, Found::Nothing), "{part:?}");
    }
    // Its size is known then.
    assert_eq!(store.asked(), 1);
    // Who wants all of it gets it, and others with them.
    assert_eq!(get(&space, SEGMENT, NOW, &store).await, film);
    let part = hit(&space, SEGMENT, NOW, &store).await.body(0..5);
    assert_eq!(read(part).await.unwrap(), film[..5]);

    // Larger than any that is kept: passed on as it comes, and asked for without a detour the next time.
    let other = "/games/7/film.mp4";
    let (act, _sender) = Act::stream(1 << 40, "\"a\"");
    store.once(act);
    let answer = found(&space, other, Want::Whole, NOW, &store).await;
    assert!(matches!(answer, Found::Answer(_)), "{answer:?}");
    let again = found(&space, other, Want::Whole, NOW, &store).await;
    assert!(matches!(again, Found::Nothing), "{again:?}");
    assert_eq!(cache.figures().misses, 1);
}

#[tokio::test]
async fn nothing_is_fetched_for_a_question_about_it() {
    let (_cache, space) = cache();
    let store = Store::default();
    store.put(SEGMENT, &noise(5, 1), "\"a\"");
    let known = found(&space, SEGMENT, Want::Known, NOW, &store).await;
    assert!(matches!(known, Found::Nothing), "{known:?}");
    assert_eq!(store.asked(), 0);
    get(&space, SEGMENT, NOW, &store).await;
    let known = found(&space, SEGMENT, Want::Known, NOW, &store).await;
    assert!(matches!(known, Found::Object(_)), "{known:?}");
    assert_eq!(store.asked(), 1);
}
