//! Objects on disk: a warm start, nothing served that is not what was written, and no film less when it fails.

use super::*;
use reelgate_cache::OpenError;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

const ROOM: u64 = 64 * MB;
/// How often it is looked whether a disk has been written to.
const PACE: Duration = Duration::from_millis(10);

/// Every file of the cache that is whole.
fn files(folder: &Path) -> Vec<PathBuf> {
    let list = |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten();
    let folders = list(&folder.join("objects"));
    let files = folders.flat_map(|folder| list(&folder.path()).collect::<Vec<_>>());
    let files = files.map(|file| file.path());
    files.filter(|path| path.extension().is_none()).collect()
}

fn bytes(folder: &Path) -> u64 {
    let files = files(folder);
    // One may be pushed out while it is looked at.
    let metadata = files.iter().filter_map(|file| fs::metadata(file).ok());
    metadata.map(|file| file.len()).sum()
}

/// Writing is nobody's business but the disk's: it is over a while after the answer.
async fn written(folder: &Path, number: usize) {
    let mut pace = tokio::time::interval(PACE);
    let all = async {
        while files(folder).len() < number {
            pace.tick().await;
        }
    };
    soon(all).await;
}

/// Opens a folder as soon as the former cache has ended its last write there.
async fn reopen(folder: &Path, room: u64) -> Cache {
    let opened = async {
        loop {
            match Cache::open(&on_disk(folder, room), Box::new(|_| {})) {
                Err(OpenError::Taken(_)) => tokio::time::sleep(PACE).await,
                opened => return opened.unwrap().unwrap(),
            }
        }
    };
    soon(opened).await
}

/// A folder with one segment in it, and a bucket that has it.
async fn warm() -> (TempDir, Store, Bytes) {
    let folder = TempDir::new().unwrap();
    let (store, film) = (Store::default(), noise(MB + 3, 1));
    store.put(SEGMENT, &film, "\"a\"");
    let cache = open(&on_disk(folder.path(), ROOM));
    assert_eq!(get(&cache.space(KEY), SEGMENT, NOW, &store).await, film);
    written(folder.path(), 1).await;
    (folder, store, film)
}

#[tokio::test]
async fn it_starts_warm() {
    let (folder, store, film) = warm().await;
    let cache = reopen(folder.path(), ROOM).await;
    let space = cache.space(KEY);
    let found = hit(&space, SEGMENT, NOW + 1, &store).await;
    assert_eq!(found.headers()["etag"], "\"a\"");
    assert_eq!(found.headers()["content-type"], "video/iso.segment");
    assert_eq!(read(whole(found)).await.unwrap(), film);
    assert_eq!((store.asked(), cache.figures().disk_hits), (1, 1));
    assert!(cache.figures().bytes_on_disk >= bytes(folder.path()));
    // The next one comes from memory.
    get(&space, SEGMENT, NOW + 1, &store).await;
    assert_eq!((store.asked(), cache.figures().disk_hits), (1, 1));
}

#[tokio::test]
async fn what_was_asked_for_long_ago_is_asked_for_again() {
    let folder = TempDir::new().unwrap();
    let (store, list) = (Store::default(), noise(5, 1));
    store.put(PLAYLIST, &list, "\"a\"");
    let cache = reopen(folder.path(), ROOM).await;
    get(&cache.space(KEY), PLAYLIST, NOW, &store).await;
    written(folder.path(), 1).await;
    drop(cache);
    let cache = reopen(folder.path(), ROOM).await;
    assert_eq!(
        get(&cache.space(KEY), PLAYLIST, NOW + 60_000, &store).await,
        list
    );
    assert_eq!(store.last_known().as_deref(), Some("\"a\""));
    assert_eq!(cache.figures().revalidations, 1);
}

#[tokio::test]
async fn a_file_that_was_tampered_with_is_fetched_again() {
    type Tamper = fn(&Path);
    let tampers: [Tamper; 4] = [
        |file| {
            let mut bytes = fs::read(file).unwrap();
            let last = bytes.len() - 1;
            bytes[last] ^= 1;
            fs::write(file, bytes).unwrap();
        },
        |file| {
            let bytes = fs::read(file).unwrap();
            fs::write(file, &bytes[..bytes.len() / 2]).unwrap();
        },
        |file| fs::write(file, "").unwrap(),
        |file| {
            // What a power cut leaves: a file of the right length with nothing in it.
            let length = fs::metadata(file).unwrap().len();
            fs::write(file, vec![0; usize::try_from(length).unwrap()]).unwrap();
        },
    ];
    for (number, tamper) in tampers.into_iter().enumerate() {
        let (folder, store, film) = warm().await;
        tamper(&files(folder.path())[0]);
        let cache = reopen(folder.path(), ROOM).await;
        assert_eq!(get(&cache.space(KEY), SEGMENT, NOW, &store).await, film);
        assert_eq!(
            (store.asked(), cache.figures().disk_errors),
            (2, 1),
            "{number}"
        );
        // And is right again.
        written(folder.path(), 1).await;
    }
}

#[tokio::test]
async fn a_file_of_another_bucket_is_none() {
    let (folder, store, film) = warm().await;
    let cache = reopen(folder.path(), ROOM).await;
    assert_eq!(get(&cache.space([8; 32]), SEGMENT, NOW, &store).await, film);
    assert_eq!(store.asked(), 2);
}

#[tokio::test]
async fn what_was_being_written_is_forgotten() {
    let (folder, store, film) = warm().await;
    let part = files(folder.path())[0].with_extension("0.part");
    fs::write(&part, "half of a segme").unwrap();
    let cache = reopen(folder.path(), ROOM).await;
    assert!(!part.exists());
    assert_eq!(get(&cache.space(KEY), SEGMENT, NOW, &store).await, film);
    assert_eq!(store.asked(), 1);
}

#[tokio::test]
async fn two_cannot_share_a_folder() {
    let (folder, ..) = warm().await;
    let first = reopen(folder.path(), ROOM).await;
    let second = Cache::open(&on_disk(folder.path(), ROOM), Box::new(|_| {}));
    assert!(matches!(second.unwrap_err(), OpenError::Taken(_)));
    drop(first);
    reopen(folder.path(), ROOM).await;
}

#[tokio::test]
async fn a_folder_that_cannot_be_used_is_refused() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let refused = Cache::open(&on_disk(&file, ROOM), Box::new(|_| {}));
    assert!(matches!(refused.unwrap_err(), OpenError::Unusable { .. }));
}

#[tokio::test]
async fn the_room_is_never_exceeded() {
    let folder = TempDir::new().unwrap();
    let store = Store::default();
    let room = 5 * MB / 2;
    let cache = open(&on_disk(folder.path(), room));
    let space = cache.space(KEY);
    for number in 0..40 {
        let path = format!("/games/7/v0123456789/{number}.m4s");
        store.put(&path, &noise(MB / 4, number), "\"a\"");
        get(&space, &path, NOW, &store).await;
        let written = bytes(folder.path());
        assert!(written <= room, "{written} bytes after {number}");
        assert!(cache.figures().bytes_on_disk <= room);
    }
    written(folder.path(), 8).await;
    drop((cache, space));
    // With less room less is kept of it.
    let cache = reopen(folder.path(), MB).await;
    assert!(bytes(folder.path()) <= MB);
    assert!(cache.figures().bytes_on_disk <= MB);
}

#[tokio::test]
async fn a_disk_that_fails_is_no_cache_and_the_films_play() {
    let folder = TempDir::new().unwrap();
    let told = Arc::new(Mutex::new(Vec::new()));
    let report = {
        let told = Arc::clone(&told);
        Box::new(move |text: &str| told.lock().unwrap().push(text.to_owned()))
    };
    let opened = Cache::open(&on_disk(folder.path(), ROOM), report);
    let cache = opened.unwrap().unwrap();
    let space = cache.space(KEY);
    // Nothing can be created there any more, by whomever.
    fs::remove_dir_all(folder.path().join("objects")).unwrap();
    fs::write(folder.path().join("objects"), "").unwrap();
    let store = Store::default();
    for number in 0..20 {
        let path = format!("/games/7/v0123456789/{number}.m4s");
        store.put(&path, &noise(MB / 4, number), "\"a\"");
        assert_eq!(get(&space, &path, NOW, &store).await, noise(MB / 4, number));
    }
    let mut pace = tokio::time::interval(PACE);
    let said = async {
        while told.lock().unwrap().is_empty() {
            pace.tick().await;
        }
    };
    soon(said).await;
    let told = told.lock().unwrap();
    let right = |told: &String| told.contains("cannot be written to");
    assert!(told.iter().all(right), "{told:?}");
    assert!(cache.figures().disk_errors >= 1);
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_fetched() {
    let (folder, store, film) = warm().await;
    let cache = reopen(folder.path(), ROOM).await;
    let file = &files(folder.path())[0];
    fs::remove_file(file).unwrap();
    fs::create_dir(file).unwrap();
    assert_eq!(get(&cache.space(KEY), SEGMENT, NOW, &store).await, film);
    assert_eq!(store.asked(), 2);
}
