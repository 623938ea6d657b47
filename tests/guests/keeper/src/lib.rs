//! A component that does with key-value stores what a path tells it to, `/keeper/DEED/STORE/WORDS...`,
//! and says in text what came of it. By schedule it counts its runs. For the tests alone.

#[allow(
    unsafe_code,
    missing_docs,
    clippy::all,
    reason = "generated: foreign calls need it"
)]
mod bindings {
    wit_bindgen::generate!({
        path: "../../../wit",
        inline: "
            package reelgate:keeper;
            world keeper {
                include reelgate:worlds/stored@0.1.0;
                include spin:cron/spin-cron@3.0.0;
            }
        ",
        world: "reelgate:keeper/keeper",
        generate_all,
    });

    use super::Keeper;
    export!(Keeper);
}

use bindings::wasi::keyvalue::atomics::{self, Cas, CasError};
use bindings::wasi::keyvalue::batch;
use bindings::wasi::keyvalue::store::{self, Bucket, Error};
use reelgate_core::http::Answer;
use reelgate_wasi::{ErrorCode, Incoming, Request, Response};
use std::time::Duration;

struct Keeper;

reelgate_wasi::export_handler!(Keeper);

impl wasip3::exports::http::handler::Guest for Keeper {
    async fn handle(request: Request) -> Result<Response, ErrorCode> {
        let incoming = Incoming::read(request);
        let target = incoming.request().target.to_owned();
        let words: Vec<&str> = target.split('/').skip(2).collect();
        let said = match words.as_slice() {
            [deed, store, words @ ..] => open(store).and_then(|store| does(deed, &store, words)),
            _ => Ok("nothing to do".into()),
        };
        match said {
            Ok(text) => reelgate_wasi::reply(Answer::text(200, text)),
            Err(Error::AccessDenied) => reelgate_wasi::reply(Answer::text(403, "access denied")),
            Err(Error::NoSuchStore) => reelgate_wasi::reply(Answer::text(404, "no such store")),
            Err(Error::Other(why)) => reelgate_wasi::reply(Answer::text(503, why)),
        }
    }
}

/// What `runs` in the store `default` says about the runs by schedule.
impl bindings::Guest for Keeper {
    async fn handle_cron_event(
        _: bindings::Metadata,
    ) -> Result<(), bindings::spin::cron::cron_types::Error> {
        let other =
            |error: Error| bindings::spin::cron::cron_types::Error::Other(format!("{error:?}"));
        let store = open("default").map_err(other)?;
        let begun = atomics::increment(&store, "begun", 1).map_err(other)?;
        let mode = text(store.get("mode").map_err(other)?);
        match mode.as_str() {
            "trap" => panic!("told to"),
            "fail" => Err(other(Error::Other("told to".into()))),
            "slow" if begun == 1 => {
                reelgate_wasi::pause(Duration::from_secs(3)).await;
                atomics::increment(&store, "done", 1)
                    .map(drop)
                    .map_err(other)
            }
            _ => atomics::increment(&store, "done", 1)
                .map(drop)
                .map_err(other),
        }
    }
}

fn open(name: &str) -> Result<Bucket, Error> {
    store::open(name)
}

fn text(value: Option<Vec<u8>>) -> String {
    value.map_or_else(
        || "none".into(),
        |value| String::from_utf8_lossy(&value).into_owned(),
    )
}

fn does(deed: &str, store: &Bucket, words: &[&str]) -> Result<String, Error> {
    match (deed, words) {
        ("get", [key]) => store.get(key).map(text),
        ("set", [key, value]) => store.set(key, value.as_bytes()).map(|()| "set".into()),
        ("delete", [key]) => store.delete(key).map(|()| "deleted".into()),
        ("exists", [key]) => store.exists(key).map(|there| there.to_string()),
        ("keys", []) => keys(store),
        ("increment", [key, delta]) => {
            let delta = delta.parse().unwrap_or_default();
            atomics::increment(store, key, delta).map(|sum| sum.to_string())
        }
        ("add", [key, times]) => add(store, key, times.parse().unwrap_or_default()),
        ("stale", [key]) => stale(store, key),
        ("many", keys) => many(store, keys),
        ("fill", [size]) => fill(store, size.parse().unwrap_or_default()),
        ("hoard", []) => hoard(store),
        _ => Ok("nothing to do".into()),
    }
}

fn keys(store: &Bucket) -> Result<String, Error> {
    let mut keys = Vec::new();
    let mut cursor = None;
    loop {
        let page = store.list_keys(cursor.as_deref())?;
        keys.extend(page.keys);
        cursor = page.cursor;
        if cursor.is_none() {
            return Ok(keys.join(" "));
        }
    }
}

/// Adds one, `times` times, by compare-and-swap; says how many swaps that took.
fn add(store: &Bucket, key: &str, times: u32) -> Result<String, Error> {
    let mut swaps = 0;
    for _ in 0..times {
        let mut cas = Cas::new(store, key)?;
        loop {
            swaps += 1;
            let number: u64 = text(cas.current()?).parse().unwrap_or_default();
            match atomics::swap(cas, (number + 1).to_string().as_bytes()) {
                Ok(()) => break,
                Err(CasError::CasFailed(newer)) => cas = newer,
                Err(CasError::StoreError(error)) => return Err(error),
            }
        }
    }
    Ok(swaps.to_string())
}

/// Has somebody write between its reading and its swapping, first where there is nothing.
fn stale(store: &Bucket, key: &str) -> Result<String, Error> {
    let mut said = Vec::new();
    for other in ["first", "second"] {
        let cas = Cas::new(store, key)?;
        store.set(key, other.as_bytes())?;
        said.push(match atomics::swap(cas, b"mine") {
            Ok(()) => "swapped".to_owned(),
            Err(CasError::CasFailed(newer)) => format!("refused: {}", text(newer.current()?)),
            Err(CasError::StoreError(error)) => return Err(error),
        });
    }
    said.push(text(store.get(key)?));
    Ok(said.join(", "))
}

fn many(store: &Bucket, keys: &[&str]) -> Result<String, Error> {
    let owned: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
    let pairs: Vec<(String, Vec<u8>)> = owned
        .iter()
        .map(|key| (key.clone(), key.to_uppercase().into_bytes()))
        .collect();
    batch::set_many(store, &pairs[1..])?;
    let say = |found: Vec<(String, Option<Vec<u8>>)>| {
        let each = found
            .into_iter()
            .map(|(key, value)| format!("{key}={}", text(value)));
        each.collect::<Vec<_>>().join(" ")
    };
    let before = say(batch::get_many(store, &owned)?);
    batch::delete_many(store, &owned)?;
    let after = say(batch::get_many(store, &owned)?);
    Ok(format!("{before}, {after}"))
}

/// Writes a value of `size` bytes under a name longer than allowed, then under one that is not.
fn fill(store: &Bucket, size: usize) -> Result<String, Error> {
    let long = store.set(&"k".repeat(2000), b"x");
    store.set("large", &vec![b'x'; size])?;
    Ok(format!("{long:?}"))
}

/// Opens the store again and again, and keeps all of it.
fn hoard(_: &Bucket) -> Result<String, Error> {
    let mut treasure = Vec::new();
    for _ in 0..1000 {
        treasure.push(open("default")?);
    }
    Ok(format!("{} stores", treasure.len()))
}
