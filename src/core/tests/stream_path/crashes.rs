//! The catalog when many write at once, and when whoever writes dies at any moment.

use std::cell::Cell;

use proptest::prelude::*;
use reelgate_core::video::{
    Catalog, Effect, Event, Progress, Row, Status, Store, Trouble, Via, VideoId,
};

use crate::in_every_place;
use crate::memory::Memory;
use crate::place::{Place, Task, alone, go_on};
use crate::rows::{NOW, after, id, registered, report, uid};

/// One thing that somebody does to the catalog.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Deed {
    Encode,
    Retry,
    Ready,
    Fail,
    Sweep,
    Delete,
    Register,
}

pub(crate) const DEEDS: [Deed; 7] = [
    Deed::Encode,
    Deed::Retry,
    Deed::Ready,
    Deed::Fail,
    Deed::Sweep,
    Deed::Delete,
    Deed::Register,
];

fn video() -> VideoId {
    id("v1")
}

/// `number` tells a row that is registered from all others.
pub(crate) async fn perform<S: Store>(
    deed: Deed,
    number: u8,
    catalog: &Catalog<S>,
) -> Result<(), Trouble> {
    match deed {
        Deed::Encode => catalog.apply(&video(), &Event::Encode, NOW).await.map(drop),
        Deed::Retry => catalog.apply(&video(), &Event::Retry, NOW).await.map(drop),
        Deed::Ready | Deed::Fail => {
            let progress = match deed {
                Deed::Ready => Progress::Ready,
                _ => Progress::Failed,
            };
            let report = report("u1", &encoding().label(), progress);
            catalog.report(&report, Via::Webhook, NOW).await.map(drop)
        }
        Deed::Sweep => catalog.to_sweep().await.map(drop),
        Deed::Delete => catalog.delete(&video()).await.map(drop),
        Deed::Register => {
            let key = registered("v1").source_key;
            let row = Row::register(video(), key, Default::default(), NOW, [number; 16]);
            catalog.register(&row).await
        }
    }
}

fn task<'a, P: Place>(deed: Deed, number: u8, place: &'a P) -> Task<'a> {
    let catalog = place.catalog();
    Box::pin(async move {
        match perform(deed, number, &catalog).await {
            Ok(()) => {}
            // Another may have the id.
            Err(Trouble::Taken | Trouble::Contended) if matches!(deed, Deed::Register) => {}
            Err(trouble) => panic!("{deed:?}: {trouble}"),
        }
    })
}

fn encoding() -> Row {
    after(&registered("v1"), &[Event::Encode])
}

/// The store at every station of a video's way, as the catalog leaves it; also with an entry that a crash
/// has left.
pub(crate) fn stations<P: Place>() -> Vec<P::Contents> {
    let place = P::default();
    let catalog = place.catalog();
    alone(catalog.probe([0; 16])).unwrap();
    let mut stations = vec![place.contents()];
    alone(catalog.register(&registered("v1"))).unwrap();
    stations.push(place.contents());
    alone(task(Deed::Encode, 0, &place));
    stations.push(place.contents());
    alone(task(Deed::Fail, 0, &place));
    let failed = place.contents();
    stations.push(failed.clone());
    // The entry of a retry that was given up before it wrote the row.
    let given_up = P::with(failed);
    let mut retry = task(Deed::Retry, 0, &given_up);
    while given_up.indexed().is_empty() {
        assert!(!go_on(&mut retry));
    }
    drop(retry);
    stations.push(given_up.contents());
    stations
}

/// Whatever has happened, one more look puts the entries right, and the store is sound.
pub(crate) fn assert_repaired<P: Place>(contents: &P::Contents, how: &str) {
    let place = P::with(contents.clone());
    assert_eq!(place.lost(), [], "{how}");
    let found = alone(place.catalog().to_sweep()).unwrap();
    let ids = |rows: &[Row]| -> Vec<String> {
        let in_flight = rows.iter().filter(|row| row.status.is_in_flight());
        in_flight.map(|row| row.id.to_string()).collect()
    };
    let expected = ids(&place.rows());
    assert_eq!(ids(&found.rows), expected, "{how}");
    assert_eq!(found.rows.len(), expected.len(), "{how}");
    let indexed: Vec<String> = place.indexed().into_iter().collect();
    assert_eq!(indexed, expected, "{how}");
    assert_eq!(place.lost(), [], "{how}");
}

/// Runs tasks as `choose` says, given how many are not done; everybody may die after each operation.
fn run<P: Place>(start: &P::Contents, deeds: &[Deed], mut choose: impl FnMut(usize) -> usize) {
    let place = P::with(start.clone());
    let tasks = (100..).zip(deeds);
    let mut tasks: Vec<Task<'_>> = tasks
        .map(|(number, deed)| task(*deed, number, &place))
        .collect();
    let mut seen = place.contents();
    while !tasks.is_empty() {
        let next = choose(tasks.len());
        if go_on(&mut tasks[next]) {
            drop(tasks.remove(next));
        }
        let contents = place.contents();
        if contents != seen {
            assert_repaired::<P>(&contents, &format!("{deeds:?}"));
            seen = contents;
        }
    }
}

/// All ways of the tasks to take turns, one after the other.
fn all_ways<P: Place>(start: &P::Contents, deeds: &[Deed]) {
    // The choices of the run before, and how many there were at each.
    let mut way: Vec<(usize, usize)> = Vec::new();
    loop {
        let mut at = 0;
        run::<P>(start, deeds, |among| {
            if at == way.len() {
                way.push((0, among));
            }
            at += 1;
            way[at - 1].0
        });
        while way
            .last()
            .is_some_and(|(choice, among)| choice + 1 == *among)
        {
            way.pop();
        }
        match way.last_mut() {
            Some((choice, _)) => *choice += 1,
            None => return,
        }
    }
}

in_every_place! {
    who_dies_at_any_moment_loses_nothing
    two_at_once_lose_nothing
    five_at_once_lose_nothing
    who_is_held_up_removes_nothing_of_anothers
    of_many_encodes_at_once_one_changes_the_row
    a_hundred_reports_at_once_are_all_heard
    each_round_has_a_time_of_its_own
    a_sweep_costs_what_is_in_flight
    a_listing_goes_on_where_it_ended
}

fn who_dies_at_any_moment_loses_nothing<P: Place>() {
    for start in stations::<P>() {
        for deed in DEEDS {
            run::<P>(&start, &[deed], |_| 0);
        }
    }
}

fn two_at_once_lose_nothing<P: Place>() {
    for start in stations::<P>() {
        for one in [Deed::Retry, Deed::Encode] {
            for other in [Deed::Sweep, Deed::Ready, Deed::Fail, Deed::Delete] {
                all_ways::<P>(&start, &[one, other]);
            }
        }
        all_ways::<P>(&start, &[Deed::Sweep, Deed::Sweep]);
    }
}

fn five_at_once_lose_nothing<P: Place>() {
    let stations = stations::<P>();
    let cases = (
        0..stations.len(),
        proptest::collection::vec(proptest::sample::select(&DEEDS[..]), 5),
        any::<Vec<u8>>(),
    );
    proptest!(ProptestConfig::with_cases(P::CASES), |((station, deeds, choices) in cases)| {
        let mut choices = choices.into_iter();
        run::<P>(&stations[station], &deeds, |among| {
            usize::from(choices.next().unwrap_or_default()) % among
        });
    });
}

/// While one of them is held up after each of its operations in turn, the row is deleted, registered anew
/// and put in flight again.
fn who_is_held_up_removes_nothing_of_anothers<P: Place>() {
    for start in stations::<P>() {
        for held_up in [Deed::Ready, Deed::Fail, Deed::Sweep, Deed::Delete] {
            let deeds = [held_up, Deed::Delete, Deed::Register, Deed::Encode];
            for operations in 0..12 {
                let mut turn = 0;
                run::<P>(&start, &deeds, |among| {
                    turn += 1;
                    usize::from(turn > operations && among > 1)
                });
            }
        }
    }
}

fn of_many_encodes_at_once_one_changes_the_row<P: Place>() {
    let place = P::with(stations::<P>()[1].clone());
    let changed = std::cell::Cell::new(0);
    let mut tasks: Vec<Task<'_>> = (0..100)
        .map(|_| -> Task<'_> {
            let catalog = place.catalog();
            let changed = &changed;
            Box::pin(async move {
                let applied = catalog.apply(&video(), &Event::Encode, NOW).await;
                if applied.unwrap().unwrap().effect == Effect::Changed {
                    changed.set(changed.get() + 1);
                }
            })
        })
        .collect();
    while !tasks.is_empty() {
        tasks.retain_mut(|task| !go_on(task));
    }
    drop(tasks);
    assert_eq!(changed.get(), 1);
    assert_eq!(place.rows()[0].attempt, 1);
}

fn a_hundred_reports_at_once_are_all_heard<P: Place>() {
    let place = P::with(stations::<P>()[2].clone());
    let label = place.rows()[0].label();
    let mut tasks: Vec<Task<'_>> = (1..=100)
        .map(|percent| -> Task<'_> {
            let catalog = place.catalog();
            let mut report = report("u1", &label, Progress::Encoding);
            report.pct_complete = Some(f64::from(percent));
            Box::pin(async move {
                let matched = catalog.report(&report, Via::Webhook, NOW).await.unwrap();
                assert!(matched.is_some());
            })
        })
        .collect();
    while !tasks.is_empty() {
        tasks.retain_mut(|task| !go_on(task));
    }
    drop(tasks);
    assert_eq!(place.rows()[0].pct_complete, Some(100.0));
    assert_eq!(place.rows()[0].stream_uid, Some(uid("u1")));
}

#[test]
fn a_store_that_does_not_compare_is_found_out() {
    let blind = Memory {
        never_compares: true,
        ..Memory::default()
    };
    let answer = alone(Catalog::new(&blind).probe([1; 16]));
    assert_eq!(answer, Err(Trouble::WeakSwap));
    let stubborn = Memory {
        always_loses: true,
        ..Memory::default()
    };
    let answer = alone(Catalog::new(&stubborn).probe([1; 16]));
    assert_eq!(answer, Err(Trouble::WeakSwap));
    let good = Memory::default();
    assert_eq!(alone(Catalog::new(&good).probe([1; 16])), Ok(()));
    assert!(
        good.values
            .borrow()
            .keys()
            .all(|key| key == "index/encoding")
    );
}

#[test]
fn of_two_first_writes_the_last_is_believed() {
    let memory = Memory {
        weak_first_write: true,
        ..Memory::default()
    };
    let key = || registered("v1").source_key;
    let rows = [[1; 16], [2; 16]]
        .map(|nonce| Row::register(video(), key(), serde_json::Map::new(), NOW, nonce));
    let answers = [const { std::cell::RefCell::new(None) }; 2];
    let mut tasks: Vec<Task<'_>> = rows
        .iter()
        .zip(&answers)
        .map(|(row, answer)| -> Task<'_> {
            let catalog = Catalog::new(&memory);
            Box::pin(async move { *answer.borrow_mut() = Some(catalog.register(row).await) })
        })
        .collect();
    while !tasks.is_empty() {
        tasks.retain_mut(|task| !go_on(task));
    }
    drop(tasks);
    let answers = answers.map(|answer| answer.into_inner().unwrap());
    assert_eq!(answers, [Err(Trouble::Taken), Ok(())]);
    assert_eq!(memory.rows(), rows[1..]);
}

fn each_round_has_a_time_of_its_own<P: Place>() {
    let label = encoding().label();
    let taken = Event::Submitted {
        attempt: 1,
        uid: uid("u1"),
    };
    // However far the one has come when the other overtakes it.
    for operations in 0..8 {
        let place = P::default();
        let catalog = place.catalog();
        alone(catalog.register(&registered("v1"))).unwrap();
        alone(catalog.apply(&video(), &Event::Encode, NOW)).unwrap();
        alone(catalog.apply(&video(), &taken, NOW)).unwrap();
        let clock = Cell::new(NOW);
        let clock = || {
            clock.set(clock.get().plus(1));
            clock.get()
        };
        let told = |progress| {
            let (report, clock) = (report("u1", &label, progress), &clock);
            let catalog = place.catalog();
            async move { drop(catalog.report(&report, Via::Webhook, clock).await.unwrap()) }
        };
        let mut slow: Task<'_> = Box::pin(told(Progress::Failed));
        let mut done = false;
        for _ in 0..operations {
            done = done || go_on(&mut slow);
        }
        alone(told(Progress::Ready));
        while !done {
            done = go_on(&mut slow);
        }
        let history = place.rows().remove(0).history;
        let times: Vec<_> = history
            .iter()
            .map(|step| step.at)
            .filter(|at| *at > NOW)
            .collect();
        assert!(!times.is_empty());
        assert!(
            times.is_sorted_by(|one, next| one < next),
            "{operations}: {history:?}"
        );
    }
}

fn a_sweep_costs_what_is_in_flight<P: Place>() {
    let place = P::default();
    let catalog = place.catalog();
    alone(catalog.probe([0; 16])).unwrap();
    for number in 0..10_000 {
        let row = registered(&format!("v{number}"));
        place.put(&format!("video/{}", row.id), &row.to_json());
    }
    for number in 0..100 {
        let id = id(&format!("v{number}"));
        alone(catalog.apply(&id, &Event::Encode, NOW)).unwrap();
    }
    place.operations();
    let found = alone(catalog.to_sweep()).unwrap();
    assert_eq!(found.rows.len(), 100);
    assert!(found.rows.iter().all(|row| row.status == Status::Encoding));
    // One for the index or the list, one for each row.
    assert_eq!(place.operations(), 101);
}

#[test]
fn a_lost_index_is_made_again() {
    let memory = Memory::with(stations::<Memory>()[2].clone());
    memory.values.borrow_mut().remove("index/encoding");
    let found = alone(Catalog::new(&memory).to_sweep()).unwrap();
    assert_eq!(found.rows.len(), 1);
    assert_eq!(memory.lost(), []);
}

fn a_listing_goes_on_where_it_ended<P: Place>() {
    let place = P::default();
    let catalog = place.catalog();
    for name in ["b", "a.1", "c", "A", "a-1"] {
        alone(catalog.register(&registered(name))).unwrap();
    }
    alone(catalog.apply(&id("c"), &Event::Encode, NOW)).unwrap();
    let mut seen = Vec::new();
    let mut cursor = None;
    loop {
        let page = alone(catalog.list(None, cursor.as_ref(), 2)).unwrap();
        assert!(page.rows.len() <= 2);
        seen.extend(page.rows.iter().map(|row| row.id.to_string()));
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, ["A", "a-1", "a.1", "b", "c"]);
    for (status, expected) in [
        (Status::Encoding, vec!["c"]),
        (Status::Uploading, vec!["A", "a-1", "a.1", "b"]),
        (Status::Ready, vec![]),
    ] {
        let page = alone(catalog.list(Some(status), None, 50)).unwrap();
        let ids: Vec<&str> = page.rows.iter().map(|row| row.id.as_str()).collect();
        assert_eq!((ids, page.next_cursor), (expected, None));
    }
}
