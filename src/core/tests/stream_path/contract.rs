//! What every store keeps to.

use std::slice::from_ref;

use serde_json::Value;

use reelgate_core::video::{Entry, Event, Row, Store, VideoId};

use crate::in_every_place;
use crate::place::{Place, alone};
use crate::rows::{NOW, id, registered};

in_every_place! {
    a_swap_compares
    only_the_first_creates
    what_is_deleted_is_gone
    ids_go_on_where_they_ended
    entries_go_on_where_they_ended
    an_entry_is_removed_as_it_stands
}

const KEY: &str = "video/v1";

fn a_swap_compares<P: Place>() {
    let place = P::default();
    let store = place.store();
    let hold = || alone(store.hold(KEY)).unwrap();
    let (absent, value) = hold();
    assert_eq!(value, None);
    assert!(alone(store.swap(absent, b"1")).unwrap());
    let (stale, value) = hold();
    assert_eq!(value.as_deref(), Some(&b"1"[..]));
    let (fresh, _) = hold();
    assert!(alone(store.swap(fresh, b"2")).unwrap());
    assert!(!alone(store.swap(stale, b"3")).unwrap());
    assert_eq!(alone(store.get(KEY)).unwrap().as_deref(), Some(&b"2"[..]));
    // Neither is there something to compare with any more, nor nothing any more.
    let (of_two, _) = hold();
    alone(store.delete(KEY)).unwrap();
    assert!(!alone(store.swap(of_two, b"4")).unwrap());
    let (absent, _) = hold();
    alone(store.set(KEY, b"5")).unwrap();
    assert!(!alone(store.swap(absent, b"6")).unwrap());
    assert_eq!(alone(store.get(KEY)).unwrap().as_deref(), Some(&b"5"[..]));
}

fn only_the_first_creates<P: Place>() {
    let place = P::default();
    let store = place.store();
    assert!(alone(store.create(KEY, b"1")).unwrap());
    assert!(!alone(store.create(KEY, b"1")).unwrap());
    assert!(!alone(store.create(KEY, b"2")).unwrap());
    assert_eq!(alone(store.get(KEY)).unwrap().as_deref(), Some(&b"1"[..]));
}

fn what_is_deleted_is_gone<P: Place>() {
    let place = P::default();
    let store = place.store();
    alone(store.delete(KEY)).unwrap();
    alone(store.set(KEY, b"1")).unwrap();
    alone(store.set("uid/u1", b"v1")).unwrap();
    alone(store.delete(KEY)).unwrap();
    assert_eq!(alone(store.get(KEY)).unwrap(), None);
    assert_eq!(
        alone(store.get("uid/u1")).unwrap().as_deref(),
        Some(&b"v1"[..])
    );
}

fn ids_go_on_where_they_ended<P: Place>() {
    let place = P::default();
    let store = place.store();
    let names = ["A", "a-1", "a.1", "a", "b", "z.json"];
    for name in names {
        alone(store.set(&format!("video/{name}"), b"{}")).unwrap();
    }
    alone(store.set("uid/c", b"A")).unwrap();
    for limit in [1, 2, 4, 6, 100] {
        let mut seen: Vec<VideoId> = Vec::new();
        loop {
            let page = alone(store.ids(seen.last(), limit)).unwrap();
            assert!(page.ids.len() <= limit && (page.ids.len() == limit || !page.more));
            seen.extend(page.ids);
            if !page.more {
                break;
            }
        }
        let mut sorted: Vec<&str> = seen.iter().map(VideoId::as_str).collect();
        sorted.sort_unstable();
        assert_eq!(sorted, ["A", "a", "a-1", "a.1", "b", "z.json"], "{limit}");
    }
}

fn in_flight<P: Place>(place: &P, names: &[&str]) {
    for name in names {
        alone(place.catalog().register(&registered(name))).unwrap();
        alone(place.catalog().apply(&id(name), &Event::Encode, NOW)).unwrap();
    }
}

fn entries_go_on_where_they_ended<P: Place>() {
    let place = P::default();
    in_flight(&place, &["A", "a-1", "a.1", "a", "a0", "b"]);
    for limit in [1, 2, 3, 6, 100] {
        let mut seen: Vec<String> = Vec::new();
        let mut after = None;
        loop {
            let page = alone(place.store().entries(after.as_ref(), limit)).unwrap();
            assert!(page.entries.len() <= limit);
            seen.extend(page.entries.iter().map(|entry| entry.id.to_string()));
            after = page.next;
            if after.is_none() {
                break;
            }
            assert_eq!(
                after.as_ref().map(VideoId::as_str),
                seen.last().map(|id| &**id)
            );
        }
        seen.sort_unstable();
        assert_eq!(seen, ["A", "a", "a-1", "a.1", "a0", "b"], "{limit}");
    }
}

fn an_entry_is_removed_as_it_stands<P: Place>() {
    let place = P::default();
    in_flight(&place, &["a", "b"]);
    let store = place.store();
    let all = || alone(store.entries(None, 9)).unwrap().entries;
    let [a, b] = &all()[..] else { panic!() };
    let another = Entry {
        id: a.id.clone(),
        rev: a.rev + 1,
    };
    let _ = alone(store.remove(&[another])).unwrap();
    assert_eq!(all(), [a.clone(), b.clone()]);
    assert_eq!(alone(store.remove(from_ref(b))).unwrap(), 1);
    assert_eq!(all(), *from_ref(a));
    // What is settled late was of another row, whichever clock that had.
    let row: Row = place.rows().remove(0);
    for (flight, rev) in [(a.rev - 9, a.rev - 1), (a.rev + 1, a.rev + 9)] {
        let mut json: Value = serde_json::from_slice(&row.to_json()).unwrap();
        json["flight"] = flight.into();
        json["rev"] = rev.into();
        let before = Row::parse(json.to_string().as_bytes()).unwrap();
        alone(store.settle(&[&before]));
        assert_eq!(all(), *from_ref(a));
    }
    alone(store.settle(&[&row]));
    assert_eq!(all(), []);
}
