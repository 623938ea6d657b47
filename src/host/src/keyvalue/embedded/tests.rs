use super::*;
use crate::keyvalue::PAGE;
use redb::backends::InMemoryBackend;
use redb::{Builder, StorageBackend};
use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;
use tempfile::TempDir;

/// A disk that can be told to fail, and counts its flushes.
#[derive(Clone, Debug)]
struct Disk(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    memory: InMemoryBackend,
    broken: AtomicBool,
    flushes: AtomicUsize,
}

impl Disk {
    fn new() -> Self {
        Self(Arc::new(Inner {
            memory: InMemoryBackend::new(),
            broken: AtomicBool::new(false),
            flushes: AtomicUsize::new(0),
        }))
    }

    fn works(&self) -> io::Result<&InMemoryBackend> {
        if self.0.broken.load(SeqCst) {
            return Err(io::Error::other("the disk is on fire"));
        }
        Ok(&self.0.memory)
    }

    fn store(&self) -> Embedded {
        let disk = self.clone();
        Embedded::with(Box::new(move || {
            open::guarded(|| Builder::new().create_with_backend(disk.clone()))
        }))
        .unwrap()
        .table("default")
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        self.works()?.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.works()?.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.works()?.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.flushes.fetch_add(1, SeqCst);
        self.works()?.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.works()?.write(offset, data)
    }
}

fn pair(key: &str, value: &str) -> (String, Vec<u8>) {
    (key.into(), value.into())
}

async fn text(store: &Embedded, key: &str) -> Option<String> {
    let value = store.get(key).await.unwrap()?;
    Some(String::from_utf8(value).unwrap())
}

#[tokio::test]
async fn what_is_written_is_read_and_lasts() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("deep/store.redb");
    {
        let store = Embedded::open(&path).unwrap().table("default");
        assert_eq!(text(&store, "a").await, None);
        store
            .set(vec![pair("a", "1"), pair("b", "2")])
            .await
            .unwrap();
        store.delete(vec!["b".into(), "c".into()]).await.unwrap();
    }
    let store = loop {
        // The writing thread lets go of the file a moment after the last handle.
        match Embedded::open(&path) {
            Ok(store) => break store.table("default"),
            Err(OpenError::Taken(_)) => tokio::task::yield_now().await,
            Err(error) => panic!("{error}"),
        }
    };
    assert_eq!(text(&store, "a").await.as_deref(), Some("1"));
    assert!(!store.exists("b").await.unwrap());
    assert_eq!(text(&store.table("other"), "a").await, None);
}

#[tokio::test]
async fn a_file_is_for_one_host_and_of_one_kind() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("store.redb");
    let _store = Embedded::open(&path).unwrap();
    assert!(matches!(Embedded::open(&path), Err(OpenError::Taken(_))));

    // The first bytes of an SQLite file, as its documentation, "Database File Format", gives them.
    let sqlite = folder.path().join("sqlite_key_value.db");
    let mut bytes = b"SQLite format 3\0".to_vec();
    bytes.resize(8192, 0);
    std::fs::write(&sqlite, bytes).unwrap();
    let error = Embedded::open(&sqlite).unwrap_err();
    assert!(matches!(error, OpenError::Foreign { .. }), "{error}");

    let error = Embedded::open(folder.path()).unwrap_err();
    assert!(matches!(error, OpenError::Unusable { .. }), "{error}");
}

/// What was a store once keeps nobody from starting; it is down, and stays so.
#[tokio::test]
async fn a_damaged_file_is_a_store_that_is_down() {
    let folder = TempDir::new().unwrap();
    for (name, content) in [("empty", Vec::new()), ("zeroed", vec![0; 8192])] {
        let path = folder.path().join(name);
        std::fs::write(&path, &content).unwrap();
        let store = Embedded::open(&path).unwrap().table("default");
        for _ in 0..2 {
            for answer in [
                store.get("a").await.map(drop),
                store.set(vec![pair("a", "1")]).await,
            ] {
                let Err(StoreError::Down(told)) = answer else {
                    panic!("{name}: {answer:?}");
                };
                assert!(
                    told.contains("is damaged") && told.contains("store check"),
                    "{told}"
                );
            }
        }
        assert_eq!(std::fs::read(&path).unwrap(), content, "{name}");
    }
}

#[tokio::test]
async fn a_swap_compares() {
    let store = Disk::new().store();
    let swap = |expected: Option<&str>, value: &str| {
        let expected = expected.map(|text| text.as_bytes().to_vec());
        let (store, value) = (store.clone(), value.as_bytes().to_vec());
        async move { store.swap("k".into(), expected, value).await.unwrap() }
    };
    assert_eq!(swap(Some("x"), "a").await, Swapped::Stale(None));
    assert_eq!(swap(None, "a").await, Swapped::Done);
    assert_eq!(swap(None, "b").await, Swapped::Stale(Some(b"a".to_vec())));
    assert_eq!(swap(Some("a"), "b").await, Swapped::Done);
    assert_eq!(text(&store, "k").await.as_deref(), Some("b"));
}

/// Of many first writes at once one wins: the case in which Spin's SQLite store lets several.
#[tokio::test]
async fn one_of_many_first_writes_wins() {
    let store = Disk::new().store();
    let swaps = (0..64).map(|number: u8| {
        let store = store.clone();
        tokio::spawn(async move { store.swap("k".into(), None, vec![number]).await.unwrap() })
    });
    let mut won = 0;
    for swap in swaps.collect::<Vec<_>>() {
        won += usize::from(swap.await.unwrap() == Swapped::Done);
    }
    assert_eq!(won, 1);
}

#[tokio::test]
async fn numbers_are_added() {
    let store = Disk::new().store();
    assert_eq!(store.increment("n".into(), 5).await, Ok(5));
    assert_eq!(store.increment("n".into(), -7).await, Ok(-2));
    assert_eq!(text(&store, "n").await.as_deref(), Some("-2"));
    store
        .set(vec![pair("t", "text"), pair("m", &i64::MAX.to_string())])
        .await
        .unwrap();
    for key in ["t", "m"] {
        let refused = store.increment(key.into(), 1).await;
        assert!(
            matches!(refused, Err(StoreError::Refused(_))),
            "{refused:?}"
        );
    }
}

#[tokio::test]
async fn many_keys_come_in_parts_and_in_order() {
    let store = Disk::new().store();
    let key = |number: usize| format!("{number:06}");
    let all: Vec<String> = (0..PAGE + 2).map(key).collect();
    let pairs = all.iter().map(|key| (key.clone(), Vec::new()));
    store.set(pairs.collect()).await.unwrap();
    let first = store.keys(None).await.unwrap();
    assert_eq!(
        (first.keys.len(), &first.cursor),
        (PAGE, &Some(key(PAGE - 1)))
    );
    let second = store.keys(first.cursor).await.unwrap();
    assert_eq!(second.cursor, None);
    assert_eq!([first.keys, second.keys].concat(), all);
}

/// All that wait share one flush; what changes nothing needs none.
#[tokio::test]
async fn writers_share_the_price_of_a_flush() {
    let disk = Disk::new();
    let store = disk.store();
    store.set(vec![pair("a", "0")]).await.unwrap();
    let one = disk.0.flushes.load(SeqCst);
    store.set(vec![pair("a", "1")]).await.unwrap();
    let flush = disk.0.flushes.load(SeqCst) - one;

    let before = disk.0.flushes.load(SeqCst);
    let stale = store.swap("a".into(), None, vec![]).await.unwrap();
    assert_eq!(stale, Swapped::Stale(Some(b"1".to_vec())));
    store.delete(vec!["nobody".into()]).await.unwrap();
    assert_eq!(disk.0.flushes.load(SeqCst), before);

    // On one thread the writer sees the first, and then all others at once or in a few batches.
    let writes = (0..100).map(|number| store.set(vec![pair(&number.to_string(), "x")]));
    for written in futures::future::join_all(writes).await {
        written.unwrap();
    }
    let flushes = (disk.0.flushes.load(SeqCst) - before) / flush;
    assert!(flushes < 50, "{flushes} transactions for 100 writes");
}

/// Nothing is acknowledged that is not on the disk, and a disk that is back is used again.
#[tokio::test]
async fn a_disk_that_fails_is_an_error_until_it_is_back() {
    let disk = Disk::new();
    let store = disk.store();
    store.set(vec![pair("a", "1")]).await.unwrap();
    disk.0.broken.store(true, SeqCst);
    for _ in 0..3 {
        let write = store.set(vec![pair("a", "2")]);
        let error = tokio::time::timeout(Duration::from_secs(5), write).await;
        assert!(matches!(error, Ok(Err(StoreError::Down(_)))), "{error:?}");
    }
    disk.0.broken.store(false, SeqCst);
    store.set(vec![pair("b", "3")]).await.unwrap();
    assert_eq!(text(&store, "b").await.as_deref(), Some("3"));
    assert!(text(&store, "a").await.is_some());
}
