//! The cache of hot objects: behind the gate, before the bucket, and not to be told from it.

use reelgate_tests::bucket::{Act, Bucket, Gate, Object};
use reelgate_tests::client::{Answer, Client};
use reelgate_tests::deadline::within;
use reelgate_tests::host::Settings;
use reelgate_tests::studio::ADMIN;
use reelgate_tests::world::{World, key, path, session};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;
use tokio::task::JoinSet;

/// A segment in an edition, which never changes.
const SEGMENT: &str = "v0123456789/v0/seg_00000.m4s";
/// A name that is used again.
const PLAYLIST: &str = "master.m3u8";
/// The cache as it is by default.
const DEFAULT: [&str; 0] = [];

/// Bytes that are like no others of another `seed`.
fn noise(length: usize, seed: u32) -> Vec<u8> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..length).map(|_| next()).collect()
}

async fn world() -> World {
    World::start_with(|settings| settings.cache(DEFAULT)).await
}

async fn get(client: &Client, file: &str) -> Answer {
    client.get(path(file)).cookie(&session()).send().await
}

#[tokio::test]
async fn a_herd_on_a_cold_segment_is_one_request_and_all_see_it_arrive() {
    const CONNECTIONS: usize = 10;
    const EACH: usize = 50;
    const PIECE: usize = 50_000;
    let world = world().await;
    let film = noise(300_000, 1);
    world.put(SEGMENT, film.clone());
    let gate = Gate::of_pieces(PIECE);
    world
        .bucket
        .always(&key(SEGMENT), Act::Through(gate.clone()));
    let ask = world.client().http2().get(path(SEGMENT)).cookie(&session());
    let mut herd = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let connection = world.client().http2().connect().await;
        for _ in 0..EACH {
            let (mut connection, ask) = (connection.share(), ask.clone());
            herd.spawn(async move { connection.send(&ask).await.unwrap() });
        }
    }
    let viewers = within("all have a head", herd.join_all()).await;
    gate.open(1);
    // All read at once: what one leaves unread would fill the connection's window.
    let mut begun = JoinSet::new();
    for mut viewer in viewers {
        assert_eq!(viewer.status, 200);
        begun.spawn(async move { (viewer.exactly(PIECE).await, viewer) });
    }
    let begun = within("all see the first bytes", begun.join_all()).await;
    gate.open_wide();
    let mut ended = JoinSet::new();
    for (bytes, viewer) in begun {
        assert!(bytes == film[..PIECE]);
        ended.spawn(viewer.finish());
    }
    for answer in within("all see the last bytes", ended.join_all()).await {
        assert!(answer.unwrap().body == film[PIECE..]);
    }
    assert_eq!(world.bucket.seen_for(&key(SEGMENT)).len(), 1);
    world.finish().await;
}

/// Every answer, header by header, but for what is each answer's own.
fn shown(answer: &Answer) -> (u16, Vec<(String, String)>, Vec<u8>) {
    let mut headers: Vec<(String, String)> = answer
        .headers
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "date" | "x-request-id" | "set-cookie"))
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    headers.sort();
    (answer.status, headers, answer.body.to_vec())
}

#[tokio::test]
async fn no_answer_shows_whether_it_comes_from_the_cache() {
    let bucket = Bucket::start().await;
    let settings = Settings::new(bucket.address());
    let (without, with) = (
        settings.start().await,
        settings.clone().cache(DEFAULT).start().await,
    );
    let (tag, modified) = (
        reelgate_tests::bucket::ETAG,
        reelgate_tests::bucket::MODIFIED,
    );
    let long_ago = "Sun, 06 Nov 1994 08:49:37 GMT";
    let ranges = [
        "",
        "bytes=2-4",
        "bytes=0-0",
        "bytes=7-",
        "bytes=0-",
        "bytes=-3",
        "bytes=-99",
        "bytes=8-99",
        "bytes=10-",
        "bytes=-0",
        "bytes=0-1,4-5",
        "bytes=4-2",
        "items=0-1",
    ];
    let weak = format!("W/{tag}");
    let list = format!("\"a\", {tag}");
    let conditions: [&[(&str, &str)]; 16] = [
        &[],
        &[("if-none-match", tag)],
        &[("if-none-match", &weak)],
        &[("if-none-match", &list)],
        &[("if-none-match", "*")],
        &[("if-none-match", "\"a\"")],
        &[("if-modified-since", modified)],
        &[("if-modified-since", long_ago)],
        &[("if-match", tag)],
        &[("if-match", "*")],
        &[("if-match", "\"a\"")],
        &[("if-match", &weak)],
        &[("if-unmodified-since", modified)],
        &[("if-unmodified-since", long_ago)],
        &[("if-range", tag)],
        &[("if-range", "\"a\"")],
    ];
    bucket.put(
        &key("ten.m4s"),
        Object::from("0123456789").of_type("video/iso.segment"),
    );
    bucket.put(&key("none.m4s"), "");
    // All that it can have it has.
    for file in ["ten.m4s", "none.m4s", "missing.m4s"] {
        get(&with.client(), file).await;
    }
    for file in ["ten.m4s", "none.m4s", "missing.m4s"] {
        for head in [false, true] {
            for range in ranges {
                for condition in conditions {
                    let ask = |client: &Client| {
                        let mut ask = if head {
                            client.head(path(file))
                        } else {
                            client.get(path(file))
                        };
                        if !range.is_empty() {
                            ask = ask.header("range", range);
                        }
                        for (name, value) in condition {
                            ask = ask.header(name, value);
                        }
                        ask.cookie(&session()).header("origin", "https://a.example")
                    };
                    let right = ask(&without.client()).send().await;
                    let cached = ask(&with.client()).send().await;
                    assert_eq!(
                        shown(&cached),
                        shown(&right),
                        "{file} {head} {range} {condition:?}"
                    );
                }
            }
        }
    }
    without.finish().await;
    with.finish().await;
}

#[tokio::test]
async fn what_is_hot_is_asked_for_once() {
    let world = world().await;
    world.put(SEGMENT, noise(300_000, 1));
    for _ in 0..5 {
        assert_eq!(get(&world.client(), SEGMENT).await.body, noise(300_000, 1));
        let part = world.client().get(path(SEGMENT)).cookie(&session());
        let part = part.header("range", "bytes=131000-132000").send().await;
        assert_eq!(
            (part.status, part.header("content-range")),
            (206, "bytes 131000-132000/300000")
        );
        assert_eq!(part.body, noise(300_000, 1)[131_000..=132_000]);
        let head = world.client().head(path(SEGMENT)).cookie(&session());
        assert_eq!(head.send().await.header("content-length"), "300000");
    }
    assert_eq!(world.bucket.seen_for(&key(SEGMENT)).len(), 1);
    world.finish().await;
}

#[tokio::test]
async fn the_operator_alone_is_told_what_the_cache_did() {
    let settings = |settings: Settings| settings.cache(DEFAULT).variable("admin_token", ADMIN);
    let world = World::start_with(settings).await;
    world.put(SEGMENT, "pictures");
    world.put(PLAYLIST, "texts");
    let with = async |file: &str, authorization: &str| {
        let ask = world.client().get(path(file)).cookie(&session());
        let answer = ask.header("authorization", authorization).send().await;
        assert_eq!(answer.status, 200);
        answer.header("x-cache").to_owned()
    };
    let operator = format!("Bearer {ADMIN}");
    assert_eq!(with(SEGMENT, &operator).await, "MISS");
    assert_eq!(with(SEGMENT, &operator).await, "HIT");
    for other in ["Bearer nonsense", "Bearer ", "Basic eDp5"] {
        assert_eq!(with(SEGMENT, other).await, "", "{other}");
    }
    assert_eq!(get(&world.client(), SEGMENT).await.header("x-cache"), "");
    assert_eq!(with(PLAYLIST, &operator).await, "MISS");
    let mut pace = tokio::time::interval(Duration::from_millis(50));
    let asked_again = async {
        loop {
            pace.tick().await;
            match with(PLAYLIST, &operator).await.as_str() {
                "HIT" => {}
                other => break assert_eq!(other, "REVALIDATED"),
            }
        }
    };
    within("the playlist is asked for again", asked_again).await;
    let refused = world.client().get(path(SEGMENT));
    let refused = refused.header("authorization", &operator).send().await;
    assert_eq!((refused.status, refused.header("x-cache")), (403, ""));
    world.finish().await;
}

#[tokio::test]
async fn without_memory_and_folder_each_request_is_the_buckets() {
    let world = World::start_with(|settings| settings.cache(["--cache-memory", "0"])).await;
    world.put(SEGMENT, "pictures");
    for _ in 0..3 {
        assert_eq!(get(&world.client(), SEGMENT).await.text(), "pictures");
    }
    assert_eq!(world.bucket.seen_for(&key(SEGMENT)).len(), 3);
    world.finish().await;
}

#[tokio::test]
async fn who_is_refused_gets_nothing_of_what_is_hot() {
    let world = world().await;
    world.put(SEGMENT, "pictures");
    assert_eq!(get(&world.client(), SEGMENT).await.status, 200);
    let expired = reelgate_tests::portal::Jwt::session()
        .claim("gid", reelgate_tests::world::GAME)
        .claim("exp", 1_000_000_000)
        .mint();
    let other = reelgate_tests::portal::Jwt::session()
        .claim("gid", "another")
        .mint();
    for session in [expired, other, String::from("nonsense")] {
        let refused = world
            .client()
            .get(path(SEGMENT))
            .cookie(&session)
            .send()
            .await;
        assert_eq!((refused.status, refused.text()), (403, "Forbidden"));
        assert_eq!(refused.header("etag"), "");
    }
    world.finish().await;
}

#[tokio::test]
async fn a_transfer_that_breaks_is_whole_for_nobody_and_not_kept() {
    let world = world().await;
    let film = noise(1 << 20, 1);
    world.put(SEGMENT, film.clone());
    world.bucket.once(&key(SEGMENT), Act::Cut(300_000));
    let ask = world.client().get(path(SEGMENT)).cookie(&session());
    let broken = ask.stream().await.finish().await;
    assert!(broken.is_err(), "a part is taken for the whole");
    assert!(get(&world.client(), SEGMENT).await.body == film);
    assert!(get(&world.client(), SEGMENT).await.body == film);
    assert_eq!(world.bucket.seen_for(&key(SEGMENT)).len(), 2);
    world.finish().await;
}

#[tokio::test]
async fn a_film_that_is_packaged_anew_shows_up_soon_and_is_never_mixed() {
    let world = world().await;
    let (old, new) = (noise(400_000, 1), noise(400_001, 2));
    world.put(PLAYLIST, Object::from(old.clone()).tagged("\"a\""));
    assert!(get(&world.client(), PLAYLIST).await.body == old);
    world.put(PLAYLIST, Object::from(new.clone()).tagged("\"b\""));
    let mut pace = tokio::time::interval(Duration::from_millis(50));
    let shows_up = async {
        loop {
            pace.tick().await;
            let answer = get(&world.client(), PLAYLIST).await;
            match answer.header("etag") {
                "\"a\"" => assert!(answer.body == old),
                tag => {
                    assert_eq!(tag, "\"b\"");
                    assert!(answer.body == new);
                    break;
                }
            }
        }
    };
    within("the new film shows up", shows_up).await;
    let seen = world.bucket.seen_for(&key(PLAYLIST));
    assert_eq!(seen.len(), 2);
    assert_eq!(seen[1].header("if-none-match"), Some("\"a\""));
    world.finish().await;
}

#[tokio::test]
async fn a_part_of_what_is_large_is_all_that_is_fetched() {
    let world = world().await;
    let file = "film.mp4";
    world.put(file, Object::zeros(1 << 36));
    for _ in 0..3 {
        let part = world.client().get(path(file)).cookie(&session());
        let part = part.header("range", "bytes=1000-1999").send().await;
        assert_eq!((part.status, part.body.len()), (206, 1000));
    }
    // Once it is found out how large it is; that transfer is given up.
    let seen = world.bucket.seen_for(&key(file));
    let whole = seen.iter().filter(|seen| seen.header("range").is_none());
    assert_eq!((seen.len(), whole.count()), (4, 1));
    world.bucket.abandoned(1).await;
    world.finish().await;
}

fn in_folder(folder: &Path) -> [&OsStr; 4] {
    let folder = folder.as_os_str();
    [
        "--cache-size".as_ref(),
        "1GB".as_ref(),
        "--cache-dir".as_ref(),
        folder,
    ]
}

/// Files of the cache that are whole.
fn files(folder: &Path) -> Vec<PathBuf> {
    let list = |folder: PathBuf| fs::read_dir(folder).into_iter().flatten().flatten();
    let folders = list(folder.join("objects")).map(|folder| folder.path());
    let files = folders.flat_map(list).map(|file| file.path());
    files.filter(|file| file.extension().is_none()).collect()
}

async fn written(folder: &Path, number: usize) {
    let mut pace = tokio::time::interval(Duration::from_millis(10));
    let all = async {
        while files(folder).len() < number {
            pace.tick().await;
        }
    };
    within("it is on disk", all).await;
}

#[tokio::test]
async fn killed_it_starts_warm_and_serves_nothing_that_was_tampered_with() {
    let folder = TempDir::new().unwrap();
    let bucket = Bucket::start().await;
    let settings = Settings::new(bucket.address()).cache(in_folder(folder.path()));
    let segments: Vec<(String, Vec<u8>)> = (0..8)
        .map(|number| (format!("v0123456789/{number}.m4s"), noise(400_000, number)))
        .collect();
    for (file, bytes) in &segments {
        bucket.put(&key(file), bytes.clone());
    }
    let host = settings.start().await;
    for (file, bytes) in &segments {
        assert!(get(&host.client(), file).await.body == *bytes);
    }
    written(folder.path(), segments.len()).await;
    let data = host.kill().await;

    let host = settings.start_in(data).await;
    for (file, bytes) in &segments {
        assert!(get(&host.client(), file).await.body == *bytes);
        assert_eq!(bucket.seen_for(&key(file)).len(), 1, "{file}");
    }
    let data = host.kill().await;

    // Every file, each in another place.
    for (number, file) in files(folder.path()).iter().enumerate() {
        let mut bytes = fs::read(file).unwrap();
        let place = (bytes.len() - 1) * number / segments.len();
        bytes[place] ^= 0x10;
        fs::write(file, bytes).unwrap();
    }
    let host = settings.start_in(data).await;
    for (file, bytes) in &segments {
        assert!(get(&host.client(), file).await.body == *bytes, "{file}");
        assert_eq!(bucket.seen_for(&key(file)).len(), 2, "{file}");
    }
    let log = host.finish().await;
    assert!(log.contains("is not what was written"), "{log}");
}

#[tokio::test]
async fn two_hosts_cannot_share_a_folder() {
    let folder = TempDir::new().unwrap();
    let bucket = Bucket::start().await;
    let settings = Settings::new(bucket.address()).cache(in_folder(folder.path()));
    let first = settings.start().await;
    let data = TempDir::new().unwrap();
    let second = settings.command(data.path()).output();
    let second = within("the second gives up", second).await.unwrap();
    let said = String::from_utf8_lossy(&second.stderr);
    assert_eq!(second.status.code(), Some(1), "{said}");
    assert!(said.contains("another host uses the cache"), "{said}");
    assert!(said.contains("--cache-dir"), "{said}");
    first.finish().await;
}

#[tokio::test]
async fn films_play_on_when_the_caches_disk_fails() {
    let folder = TempDir::new().unwrap();
    let bucket = Bucket::start().await;
    let settings = Settings::new(bucket.address()).cache(in_folder(folder.path()));
    let host = settings.start().await;
    fs::remove_dir_all(folder.path().join("objects")).unwrap();
    fs::write(folder.path().join("objects"), "").unwrap();
    for number in 0..8 {
        let file = format!("v0123456789/{number}.m4s");
        bucket.put(&key(&file), noise(400_000, number));
        for _ in 0..2 {
            assert!(get(&host.client(), &file).await.body == noise(400_000, number));
        }
        assert_eq!(bucket.seen_for(&key(&file)).len(), 1);
    }
    let log = host.finish().await;
    assert!(log.contains("without the cache on disk"), "{log}");
}
