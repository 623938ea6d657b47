//! What the cache promises, against a bucket that misbehaves on command.

#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bucket;
mod disk;
mod herds;
mod room;
mod versions;
mod viewers;

use bucket::{Body, Store};
use bytes::Bytes;
use http_body_util::BodyExt as _;
use reelgate_cache::{Cache, Found, Hit, Reader, Settings, Space, Want};
use std::path::Path;
use std::time::Duration;

/// A segment, in an edition that never changes.
const SEGMENT: &str = "/games/7/v0123456789/v0/seg_00000.m4s";
/// A name that is used again.
const PLAYLIST: &str = "/games/7/master.m3u8";
/// Some time in 2025, in milliseconds.
const NOW: u64 = 1_750_000_000_000;
const MB: u64 = 1024 * 1024;
const KEY: [u8; 32] = [7; 32];

fn settings(memory: u64) -> Settings {
    Settings { memory, disk: None }
}

fn on_disk(folder: &Path, bytes: u64) -> Settings {
    Settings {
        memory: 0,
        disk: Some((folder.to_owned(), bytes)),
    }
}

fn open(settings: &Settings) -> Cache {
    Cache::open(settings, Box::new(|_| {})).unwrap().unwrap()
}

fn cache() -> (Cache, Space) {
    let cache = open(&settings(64 * MB));
    let space = cache.space(KEY);
    (cache, space)
}

/// Every wait has an end.
async fn soon<F: Future>(future: F) -> F::Output {
    let limit = Duration::from_secs(60);
    tokio::time::timeout(limit, future).await.unwrap()
}

async fn found(space: &Space, path: &str, want: Want, now: u64, store: &Store) -> Found<Body> {
    soon(space.get(path, want, now, &store.at(path))).await
}

/// An object that has to be found.
async fn hit(space: &Space, path: &str, now: u64, store: &Store) -> Hit {
    match found(space, path, Want::Whole, now, store).await {
        Found::Object(hit) => hit,
        other => panic!("{other:?}"),
    }
}

fn whole(hit: Hit) -> Reader {
    let size = hit.size();
    hit.body(0..size)
}

async fn read(reader: Reader) -> Option<Bytes> {
    let collected = soon(reader.collect()).await.ok()?;
    Some(collected.to_bytes())
}

/// All of an object, which is asked for at `now`.
async fn get(space: &Space, path: &str, now: u64, store: &Store) -> Bytes {
    read(whole(hit(space, path, now, store).await))
        .await
        .unwrap()
}

/// The next piece of a body.
async fn piece(reader: &mut Reader) -> Bytes {
    let frame = soon(reader.frame()).await.unwrap().unwrap();
    frame.into_data().unwrap()
}

/// The next `length` bytes of a body, and no more.
async fn exactly(reader: &mut Reader, length: u64) -> Bytes {
    let mut bytes = Vec::new();
    while (bytes.len() as u64) < length {
        bytes.extend_from_slice(&piece(reader).await);
    }
    assert_eq!(bytes.len() as u64, length);
    bytes.into()
}

/// Bytes that are like no others: a linear congruential generator.
fn noise(length: u64, seed: u32) -> Bytes {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..length).map(|_| next()).collect()
}
