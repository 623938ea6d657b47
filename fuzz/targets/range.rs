//! Range headers: what is understood is written back as the same range.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reelgate_core::origin::range::{ByteRange, parse};

fuzz_target!(|header: &str| {
    let Some(range) = parse(header) else {
        return;
    };
    if let ByteRange::FromTo { first, last } = range {
        assert!(first <= last, "backwards");
    }
    assert!(!range.is_satisfiable(0) || matches!(range, ByteRange::Last { .. }));
    assert_eq!(parse(&range.to_string()), Some(range));
});
