//! Which version of an object is believed, and for how long.

use super::*;
use bucket::Act;
use reelgate_cache::Source;

#[tokio::test]
async fn a_name_that_is_used_again_is_asked_for_after_five_seconds() {
    let (cache, space) = cache();
    let store = Store::default();
    store.put(PLAYLIST, &noise(5, 1), "\"a\"");
    get(&space, PLAYLIST, NOW, &store).await;
    get(&space, PLAYLIST, NOW + 4_999, &store).await;
    assert_eq!(store.asked(), 1);
    let again = hit(&space, PLAYLIST, NOW + 5_000, &store).await;
    assert_eq!(again.source(), Source::Revalidated);
    assert_eq!(read(whole(again)).await.unwrap(), noise(5, 1));
    assert_eq!(store.last_known().as_deref(), Some("\"a\""));
    // The bucket's word is good for as long again.
    get(&space, PLAYLIST, NOW + 9_999, &store).await;
    assert_eq!((store.asked(), cache.figures().revalidations), (2, 1));
    // A clock that is set back says nothing of an age.
    get(&space, PLAYLIST, NOW - 1, &store).await;
    assert_eq!(store.asked(), 3);
}

#[tokio::test]
async fn an_edition_is_asked_for_once_a_day() {
    let (_cache, space) = cache();
    let store = Store::default();
    store.put(SEGMENT, &noise(5, 1), "\"a\"");
    let day = 24 * 60 * 60 * 1000;
    for (now, asked) in [(NOW, 1), (NOW + day - 1, 1), (NOW + day, 2)] {
        get(&space, SEGMENT, now, &store).await;
        assert_eq!(store.asked(), asked);
    }
}

#[tokio::test]
async fn versions_are_never_mixed() {
    let (_cache, space) = cache();
    let store = Store::default();
    let (old, new) = (noise(2 * MB, 1), noise(2 * MB + 9, 2));
    store.put(PLAYLIST, &old, "\"a\"");
    let mut of_old = whole(hit(&space, PLAYLIST, NOW, &store).await);
    let begun = piece(&mut of_old).await;
    store.put(PLAYLIST, &new, "\"b\"");
    assert_eq!(get(&space, PLAYLIST, NOW + 5_000, &store).await, new);
    let rest = read(of_old).await.unwrap();
    assert_eq!([&begun[..], &rest[..]].concat(), old);
    assert_eq!(get(&space, PLAYLIST, NOW + 5_001, &store).await, new);
    assert_eq!(store.asked(), 2);
}

#[tokio::test]
async fn an_old_version_that_is_still_on_its_way_ends_as_what_it_is() {
    let (_cache, space) = cache();
    let store = Store::default();
    let old = noise(MB, 1);
    let (act, sender) = Act::stream(MB, "\"a\"");
    store.once(act);
    let of_old = whole(hit(&space, PLAYLIST, NOW, &store).await);
    store.put(PLAYLIST, &noise(MB, 2), "\"b\"");
    assert_eq!(
        get(&space, PLAYLIST, NOW + 5_000, &store).await,
        noise(MB, 2)
    );
    sender.send(Ok(old.clone())).unwrap();
    drop(sender);
    assert_eq!(read(of_old).await.unwrap(), old);
    assert_eq!(
        get(&space, PLAYLIST, NOW + 5_001, &store).await,
        noise(MB, 2)
    );
}

#[tokio::test]
async fn what_is_gone_is_gone() {
    let (_cache, space) = cache();
    let store = Store::default();
    store.put(PLAYLIST, &noise(5, 1), "\"a\"");
    get(&space, PLAYLIST, NOW, &store).await;
    store.delete(PLAYLIST);
    let gone = found(&space, PLAYLIST, Want::Whole, NOW + 5_000, &store).await;
    assert!(matches!(gone, Found::Plain(plain) if plain.status == 404));
    // Not even the tag is remembered.
    let gone = found(&space, PLAYLIST, Want::Whole, NOW + 5_000, &store).await;
    assert!(matches!(gone, Found::Plain(plain) if plain.status == 404));
    assert_eq!(store.last_known(), None);
}

#[tokio::test]
async fn a_bucket_in_trouble_is_believed_and_its_objects_stay() {
    let (_cache, space) = cache();
    let store = Store::default();
    store.put(PLAYLIST, &noise(5, 1), "\"a\"");
    get(&space, PLAYLIST, NOW, &store).await;
    store.once(Act::Say(503, "Service Unavailable"));
    let busy = found(&space, PLAYLIST, Want::Whole, NOW + 5_000, &store).await;
    assert!(matches!(busy, Found::Plain(plain) if plain.status == 503));
    let again = hit(&space, PLAYLIST, NOW + 5_000, &store).await;
    assert_eq!(again.source(), Source::Revalidated);
}

#[tokio::test]
async fn without_a_strong_tag_nothing_is_kept() {
    for tag in ["", "W/\"a\"", "a", "\""] {
        let (_cache, space) = cache();
        let store = Store::default();
        let (act, sender) = Act::stream(5, tag);
        store.once(act);
        sender.send(Ok(noise(5, 1))).unwrap();
        drop(sender);
        let answer = found(&space, SEGMENT, Want::Whole, NOW, &store).await;
        assert!(matches!(answer, Found::Answer(_)), "{tag}: {answer:?}");
        let again = found(&space, SEGMENT, Want::Whole, NOW, &store).await;
        assert!(matches!(again, Found::Nothing), "{tag}: {again:?}");
        // Some time later it may have one.
        store.put(SEGMENT, &noise(5, 1), "\"a\"");
        get(&space, SEGMENT, NOW + 60_000, &store).await;
    }
}

#[tokio::test]
async fn buckets_have_nothing_in_common() {
    let (cache, space) = cache();
    let other = cache.space([8; 32]);
    let store = Store::default();
    store.put(SEGMENT, &noise(5, 1), "\"a\"");
    get(&space, SEGMENT, NOW, &store).await;
    get(&other, SEGMENT, NOW, &store).await;
    assert_eq!(store.asked(), 2);
}
