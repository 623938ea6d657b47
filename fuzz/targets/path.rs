//! Request paths: a key stays inside its game and has one canonical path.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reelgate_core::key::ObjectKey;

fuzz_target!(|path: &str| {
    let Ok(key) = ObjectKey::from_path(path) else {
        return;
    };
    let inside = format!("games/{}/", key.game().as_str());
    assert!(key.as_str().starts_with(&inside), "outside of its game");
    assert!(key.as_str().len() <= 1024, "longer than a bucket takes");
    for segment in key.as_str().split('/') {
        assert!(!matches!(segment, "" | "." | ".."), "a segment that moves");
    }
    assert!(!key.as_str().contains(['\\', '\0', '\r', '\n']));
    let again = ObjectKey::from_path(&key.to_path());
    assert_eq!(again.as_ref().map(ObjectKey::as_str), Ok(key.as_str()));
});
