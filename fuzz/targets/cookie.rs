//! Cookie headers: every value found stands in the header and ends before the next cookie.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reelgate_core::cookie::values;

const NAME: &str = "reelgate_session";

fuzz_target!(|header: &[u8]| {
    for value in values(header, NAME) {
        assert!(!value.is_empty());
        assert!(!value.contains(&b';'), "runs into the next cookie");
        assert!(header.windows(value.len()).any(|part| part == value));
    }
    // A cookie of ours at the end is found whatever stands before it.
    let with_ours = [header, b"; reelgate_session=mine"].concat();
    assert_eq!(values(&with_ours, NAME).last(), Some(&b"mine"[..]));
});
