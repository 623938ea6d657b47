//! The routes, asked as a driver asks them, and the cache of keys.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use serde_json::Value;

use super::*;
use crate::{
    gate::LogFields,
    http::{Answer, HeaderSource as _, Method, Request},
    time::UnixTime,
    token::{Reason, identity::KeySet},
    vectors::SECRET,
};

mod keys;
mod routes;

const NOW: UnixTime = UnixTime(1_760_000_000);
const PAGE: &str = "https://portal.example";

const GOOD: [(&str, &str); 5] = [
    ("clerk_jwks_url", "https://clerk.portal.example"),
    ("clerk_issuer", "https://clerk.portal.example"),
    ("video_origin_url", "https://video.portal.example"),
    ("playback_token_secret", SECRET),
    ("allowed_origins", PAGE),
];

fn config(more: &[(&str, &str)]) -> Result<Config, Vec<String>> {
    let variables = [&GOOD[..], more].concat();
    let lookup = |name: &str| {
        let found = variables.iter().rev().find(|(own, _)| *own == name)?;
        Some(found.1.to_string())
    };
    Config::from_lookup(&lookup)
        .map_err(|problems| problems.0.iter().map(|one| one.variable.into()).collect())
}

fn vectors() -> Value {
    serde_json::from_str(include_str!("../token/identity/vectors.json")).unwrap()
}

fn key_set() -> KeySet {
    KeySet::parse(vectors()["sets"]["main"].to_string().as_bytes()).unwrap()
}

/// A good token of the vectors: `user_2abc` may watch, and has two entitlements.
fn token() -> String {
    vectors()["tokens"][0]["token"].as_str().unwrap().into()
}

fn header<'a>(answer: &'a Answer, name: &'a str) -> Option<&'a str> {
    answer.head.headers.single(name)
}

fn json(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap()
}
