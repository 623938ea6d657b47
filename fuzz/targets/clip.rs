//! Queries of clips: what is read is written again the same, and names a playlist of its game or nothing.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reelgate_core::clip::Clip;
use reelgate_core::key::{GameId, ObjectKind};

fuzz_target!(|input: &str| {
    let Ok(clip) = Clip::from_query(input) else {
        return;
    };
    let written = clip.to_query();
    assert_eq!(Clip::from_query(&written).as_ref(), Ok(&clip));
    assert!(written.bytes().all(|byte| byte.is_ascii_graphic()));
    let game = GameId::new("7").expect("an id");
    if let Some(key) = clip.stored(game) {
        assert_eq!((key.game(), key.kind()), (game, ObjectKind::Playlist));
    }
});
