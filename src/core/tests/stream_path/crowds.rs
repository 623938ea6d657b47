//! Very many rows in flight: every sweep gets further, and none has too much to hold.

use std::collections::BTreeSet;

use reelgate_core::video::{CallFailed, Event, MAX_EVENTS, Row, Step, Sweep, Told};
use serde_json::json;

use crate::in_every_place;
use crate::place::{Place, alone};
use crate::rows::{NOW, after, registered, uid};

in_every_place! {
    every_sweep_gets_further
}

fn encoding(number: usize) -> Row {
    let name = format!("v{number:05}");
    let taken = Event::Submitted {
        attempt: 1,
        uid: uid(&format!("u-{name}")),
    };
    let mut row = after(&registered(&name), &[Event::Encode, taken]);
    row.meta.insert("synopsis".into(), json!("x".repeat(100)));
    row
}

fn every_sweep_gets_further<P: Place>() {
    const ROWS: usize = 4100;
    let place = P::default();
    for number in 0..ROWS {
        place.put_in_flight(&encoding(number));
    }
    place.operations();
    let mut seen = BTreeSet::new();
    for (rows, goes_on) in [(2000, true), (2000, true), (100, false), (2000, true)] {
        let found = alone(place.catalog().to_sweep()).unwrap();
        assert_eq!((found.rows.len(), found.next.is_some()), (rows, goes_on));
        assert!(found.rows.iter().all(|row| row.meta.is_empty()));
        assert!(found.rows.iter().all(|row| row.history.is_empty()));
        let ids = found.rows.into_iter().map(|row| row.id);
        seen.extend(ids);
        assert!(goes_on || seen.len() == ROWS);
    }
    // Two lists or readings of the index until it is known where to begin, three more pages, the rows, and
    // where it has ended, read and written.
    place.operations();
    alone(place.catalog().to_sweep()).unwrap();
    assert_eq!(place.operations(), 2 + 3 + 2000 + 2);
}

#[test]
fn what_could_not_be_decided_is_told_in_bounded_steps() {
    let rows: Vec<Row> = (0..1200).map(encoding).collect();
    let later = NOW.plus(301);
    let (mut sweep, mut step) = Sweep::start(&rows, 0, 300, later);
    let mut told = Vec::new();
    let mut steps = Vec::new();
    let summary = loop {
        step = match step {
            Step::List(_) => {
                let failed = CallFailed::Passing("status 500".into());
                sweep.next(Told::Listed(Err(failed)), later)
            }
            Step::Apply(events) => {
                steps.push(events.len());
                told.extend(events.iter().map(|(id, _)| id.clone()));
                sweep.next(Told::Applied(vec![None; events.len()]), later)
            }
            Step::Done(summary) => break summary,
            other => panic!("{other:?}"),
        };
    };
    assert_eq!(steps, [MAX_EVENTS, MAX_EVENTS, 200]);
    let expected: Vec<_> = rows.iter().map(|row| row.id.clone()).collect();
    assert_eq!(told, expected);
    assert_eq!((summary.scanned, summary.errors), (1200, 1200));
}
