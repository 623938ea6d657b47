//! Stored rows: refused with a reason, or kept as they are and led on by legal steps alone.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reelgate_core::time::UnixTime;
use reelgate_core::video::{Event, Outcome, Row, apply, is_legal};

const NOW: UnixTime = UnixTime(1_700_000_000);

fuzz_target!(|json: &[u8]| {
    let row = match Row::parse(json) {
        Ok(row) => row,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    assert_eq!(Row::parse(&row.to_json()).as_ref(), Ok(&row));
    assert!(serde_json::from_slice::<serde_json::Value>(&row.to_view()).is_ok());
    // Only what is new in it is of interest.
    let mut row = row;
    row.history.clear();
    let attempt = row.attempt;
    for event in [
        Event::Encode,
        Event::Submit,
        Event::Retry,
        Event::Tried,
        Event::SubmitLost { attempt },
    ] {
        let Outcome::Changed(next) = apply(&row, &event, NOW) else {
            continue;
        };
        assert!(next.attempt >= row.attempt);
        let mut from = row.status;
        for step in &next.history {
            assert!(
                step.from == Some(from) && is_legal(from, step.to),
                "{step:?}"
            );
            from = step.to;
        }
        assert_eq!(from, next.status);
    }
});
