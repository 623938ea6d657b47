//! Tokens made by another implementation, with the outcome they must have.

use alloc::{string::String, vec::Vec};

use serde::Deserialize;

/// One token, and what is to become of it.
#[derive(Deserialize)]
pub(crate) struct TokenVector {
    pub(crate) name: String,
    pub(crate) token: String,
    pub(crate) now: u64,
    pub(crate) game_id: String,
    pub(crate) expect: String,
    pub(crate) secrets: String,
}

/// All playback tokens of the project's vectors.
pub(crate) fn playback_tokens() -> Vec<TokenVector> {
    #[derive(Deserialize)]
    struct File {
        playback_tokens: Vec<TokenVector>,
    }
    let file: File = serde_json::from_str(include_str!("../../../tests/vectors.json")).unwrap();
    assert_eq!(file.playback_tokens.len(), 32);
    file.playback_tokens
}
