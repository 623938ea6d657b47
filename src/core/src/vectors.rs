//! Tokens and signatures made by another implementation, with the outcome they must have.

use alloc::{string::String, vec::Vec};

use serde::Deserialize;

use crate::time::UnixTime;

pub(crate) const SECRET: &str = "reelgate-test-secret-0123456789abcdef";
pub(crate) const SECOND_SECRET: &str = "next-reelgate-secret-fedcba9876543210";
pub(crate) const MINTED: UnixTime = UnixTime(1_760_000_000);
pub(crate) const NOW: UnixTime = UnixTime(1_760_000_100);

/// PyJWT 2.15.1: sub user_2abc, gid 2025001, iat `MINTED`, exp six hours later, sid of the bytes 0 to 15.
pub(crate) const SESSION: &str = concat!(
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJ1c2VyXzJhYmMiLCJnaWQiOiIyMDI1MDAxIiwiaWF0IjoxNzYwMDAwMDAwLCJleHA",
    "iOjE3NjAwMjE2MDAsImlzcyI6InJlZWxnYXRlLWdhdGUiLCJhdWQiOiJyZWVsZ2F0ZS1zZXNzaW9uIiwic2lkIjoiQUFFQ0F3UUZCZ2NJQ1FvTERB",
    "ME9EdyJ9.TP8vcOcnD8Lw0rZfXpMnCxg2aWmSBCzMSQ5EhCYkwTQ",
);
/// The same with ent ["nfl-*"] for gid, under the second secret, called k2.
pub(crate) const SESSION_OF_PATTERNS: &str = concat!(
    "eyJhbGciOiJIUzI1NiIsImtpZCI6ImsyIiwidHlwIjoiSldUIn0.eyJzdWIiOiJ1c2VyXzJhYmMiLCJlbnQiOlsibmZsLSoiXSwiaWF0IjoxNzYwM",
    "DAwMDAwLCJleHAiOjE3NjAwMjE2MDAsImlzcyI6InJlZWxnYXRlLWdhdGUiLCJhdWQiOiJyZWVsZ2F0ZS1zZXNzaW9uIiwic2lkIjoiQUFFQ0F3UUZ",
    "CZ2NJQ1FvTERBME9EdyJ9.fZ_vcJeRk_Graq-shQeL-6GvpKNP1CzbswTapfXK8_Q",
);
/// PyJWT 2.15.1: a playback token like that.
pub(crate) const TOKEN_OF_PATTERNS: &str = concat!(
    "eyJhbGciOiJIUzI1NiIsImtpZCI6ImsyIiwidHlwIjoiSldUIn0.eyJzdWIiOiJ1c2VyXzJhYmMiLCJlbnQiOlsibmZsLSoiXSwiaWF0IjoxNzYwM",
    "DAwMDAwLCJleHAiOjE3NjAwMDA5MDAsImlzcyI6InJlZWxnYXRlLXBvcnRhbCIsImF1ZCI6InJlZWxnYXRlLWdhdGUifQ.QMmKZz6oqLld5Xp5bsZT",
    "blUDXOye5aLttX_qAMV3I50",
);
/// PyJWT 2.15.1: a playback token for gid 2025001 without sub.
pub(crate) const TOKEN_WITHOUT_SUBJECT: &str = concat!(
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJnaWQiOiIyMDI1MDAxIiwiaWF0IjoxNzYwMDAwMDAwLCJleHAiOjE3NjAwMDA5MDAsImlzcyI6",
    "InJlZWxnYXRlLXBvcnRhbCIsImF1ZCI6InJlZWxnYXRlLWdhdGUifQ.g53rjq1vovI_a2x-xfh4rAjlHRVq1eQyb7poE8HTcsU",
);
pub(crate) const SESSION_ID: [u8; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

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

/// Signatures of the Stream path, made by Python's `hmac`.
#[derive(Deserialize)]
pub(crate) struct StreamVectors {
    pub(crate) source_signatures: SourceSignatures,
    pub(crate) webhook: WebhookVector,
}

#[derive(Deserialize)]
pub(crate) struct SourceSignatures {
    pub(crate) secret: String,
    pub(crate) cases: Vec<SourceSignature>,
}

#[derive(Deserialize)]
pub(crate) struct SourceSignature {
    pub(crate) key: String,
    pub(crate) exp: u64,
    pub(crate) sig: String,
}

#[derive(Deserialize)]
pub(crate) struct WebhookVector {
    pub(crate) secret: String,
    pub(crate) time: u64,
    pub(crate) body: String,
    pub(crate) sig1: String,
}

pub(crate) fn stream() -> StreamVectors {
    serde_json::from_str(include_str!("../../../tests/vectors.json")).unwrap()
}
