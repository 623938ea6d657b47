//! Buckets that answer as no bucket should: never is another film read than the one that was asked for.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use super::*;

/// Bytes of the film: more than are sampled.
const SIZE: u64 = 4096;

/// Far below the hour that an outage may take.
const SOON: Duration = Duration::from_secs(60);

fn film() -> Vec<u8> {
    (0..SIZE).map(|at| (at * 7 % 251) as u8).collect()
}

/// What a server does with a GET: the range that was asked for, and how many came before.
type Answer = fn(Option<Range<u64>>, usize) -> Vec<u8>;

fn answer(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\nConnection: close\r\n{headers}\r\n\r\n");
    [head.as_bytes(), body].concat()
}

fn part(range: &Range<u64>) -> Vec<u8> {
    film()[range.start as usize..range.end as usize].to_vec()
}

/// As S3 does.
fn honest(range: Option<Range<u64>>) -> Vec<u8> {
    match range {
        None => answer(
            "200 OK",
            &format!("ETag: \"a\"\r\nContent-Length: {SIZE}"),
            &film(),
        ),
        Some(range) => partial("206 Partial Content", "\"a\"", &range, &part(&range)),
    }
}

fn partial(status: &str, tag: &str, range: &Range<u64>, body: &[u8]) -> Vec<u8> {
    let (first, last, length) = (range.start, range.end - 1, range.end - range.start);
    let headers = format!(
        "ETag: {tag}\r\nContent-Range: bytes {first}-{last}/{SIZE}\r\nContent-Length: {length}"
    );
    answer(status, &headers, body)
}

/// A first half of the film, and then nothing.
fn half() -> Vec<u8> {
    let headers = format!("ETag: \"a\"\r\nContent-Length: {SIZE}");
    answer("200 OK", &headers, &film()[..SIZE as usize / 2])
}

async fn serve(mut socket: TcpStream, gets: &AtomicUsize, answer_of: Answer) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if socket.read_buf(&mut head).await.unwrap_or(0) == 0 {
            return;
        }
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    let range = head.split_once("range: bytes=").map(|(_, range)| {
        let (first, last) = range.split_once("\r\n").unwrap().0.split_once('-').unwrap();
        let last = last.parse().unwrap_or(SIZE - 1);
        first.parse().unwrap()..last + 1
    });
    let said = match head.starts_with("head") {
        true => answer(
            "200 OK",
            &format!("ETag: \"a\"\r\nContent-Length: {SIZE}"),
            b"",
        ),
        false => answer_of(range, gets.fetch_add(1, Ordering::Relaxed)),
    };
    // A client that has read enough may be gone.
    let _ = socket.write_all(&said).await;
    let _ = socket.shutdown().await;
}

/// A bucket that answers every GET as `answer_of` says, and counts them.
async fn bucket(answer_of: Answer) -> (Bucket, Arc<AtomicUsize>) {
    // As the command does; every test but the first finds it done.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let config = Config {
        endpoint: format!("http://{}", listener.local_addr().unwrap()),
        bucket: "films".to_owned(),
        region: "auto".to_owned(),
        access_key_id: "id".to_owned(),
        secret_access_key: "secret".to_owned(),
        session_token: None,
    };
    let gets = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&gets);
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let counted = Arc::clone(&counted);
            tokio::spawn(async move { serve(socket, &counted, answer_of).await });
        }
    });
    let hour = Duration::from_secs(3600);
    let mut bucket = Bucket::new(&config, hour, Progress::quiet()).unwrap();
    bucket.patience.first_pause = Duration::from_millis(5);
    (bucket, gets)
}

async fn sample(answer_of: Answer) -> Result<Vec<u8>, Error> {
    let (bucket, _) = bucket(answer_of).await;
    let film = bucket.look("film.mp4").await?;
    let read = tokio::time::timeout(SOON, bucket.sample(&film, 100..200)).await;
    Ok(read.expect("it does not wait for an hour")?.to_vec())
}

async fn download(answer_of: Answer) -> Result<Vec<u8>, Error> {
    let (bucket, _) = bucket(answer_of).await;
    let film = bucket.look("film.mp4").await?;
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("film.mp4");
    let fetch = bucket.download(&film, &target, &|_| ());
    let hash = tokio::time::timeout(SOON, fetch).await;
    let hash = hash.expect("it does not wait for an hour")?;
    let fetched = std::fs::read(target).unwrap();
    assert_eq!(hash, blake3::hash(&fetched));
    Ok(fetched)
}

fn disagrees<T: std::fmt::Debug>(read: Result<T, Error>, reason: &str) {
    let error = read.unwrap_err();
    assert!(error.to_string().contains(reason), "{error}");
    assert!(error.help().unwrap().contains("does not answer as S3 does"));
    assert!(!error.concerns_all());
}

#[tokio::test]
async fn who_breaks_off_is_asked_for_the_rest() {
    let answer_of: Answer = |range, before| match before {
        0 => half(),
        _ => honest(range),
    };
    assert_eq!(download(answer_of).await.unwrap(), film());
    assert_eq!(
        sample(|range, _| honest(range)).await.unwrap(),
        part(&(100..200))
    );
}

#[tokio::test]
async fn a_part_that_is_called_all_of_it_is_read_as_the_part() {
    // As rclone answers.
    let answer_of: Answer = |range, before| match (range, before) {
        (None, _) => half(),
        (Some(range), _) => partial("200 OK", "\"a\"", &range, &part(&range)),
    };
    assert_eq!(sample(answer_of).await.unwrap(), part(&(100..200)));
    assert_eq!(download(answer_of).await.unwrap(), film());
}

#[tokio::test]
async fn a_part_is_not_taken_for_the_film() {
    for status in ["200 OK", "206 Partial Content"] {
        let first: Answer = match status {
            "200 OK" => |_, _| partial("200 OK", "\"a\"", &(0..100), &part(&(0..100))),
            _ => |_, _| partial("206 Partial Content", "\"a\"", &(0..100), &part(&(0..100))),
        };
        disagrees(download(first).await, "it was asked for all bytes");
    }
}

#[tokio::test]
async fn another_part_is_refused() {
    let first: Answer = |_, _| partial("206 Partial Content", "\"a\"", &(0..100), &part(&(0..100)));
    disagrees(sample(first).await, "it was asked for bytes 100-199");
    let all: Answer = |_, _| honest(None);
    disagrees(sample(all).await, "it was asked for bytes 100-199");
    let begins_anew: Answer = |_, before| match before {
        0 => half(),
        _ => honest(None),
    };
    disagrees(
        download(begins_anew).await,
        "it was asked for bytes 2048 to the end",
    );
}

#[tokio::test]
async fn a_length_that_is_not_the_ranges_is_refused() {
    let short: Answer = |_, _| {
        let headers =
            format!("ETag: \"a\"\r\nContent-Range: bytes 100-199/{SIZE}\r\nContent-Length: 50");
        answer("206 Partial Content", &headers, &part(&(100..150)))
    };
    disagrees(sample(short).await, "Content-Length 50");
    let none: Answer = |_, _| {
        let headers = format!("ETag: \"a\"\r\nContent-Range: bytes 100-199/{SIZE}");
        answer("206 Partial Content", &headers, &part(&(100..200)))
    };
    disagrees(sample(none).await, "it does not say how long its answer is");
}

#[tokio::test]
async fn who_breaks_off_every_time_is_not_asked_for_an_hour() {
    let empty: Answer = |range, _| partial("206 Partial Content", "\"a\"", &range.unwrap(), b"");
    let since = Instant::now();
    disagrees(sample(empty).await, "break off before they are complete");
    assert!(since.elapsed() < SOON);
}

#[tokio::test]
async fn a_film_that_becomes_another_is_not_put_together_of_both() {
    let other: Answer = |range, before| match (range, before) {
        (_, 0) => half(),
        (Some(range), _) => partial("206 Partial Content", "\"b\"", &range, &part(&range)),
        (None, _) => half(),
    };
    let error = download(other).await.unwrap_err();
    assert!(matches!(error, Error::Changed(_)), "{error}");
    let error = sample(|range, _| {
        let range = range.unwrap();
        partial("206 Partial Content", "\"b\"", &range, &part(&range))
    });
    let error = error.await.unwrap_err();
    assert!(matches!(error, Error::Changed(_)), "{error}");
}

#[tokio::test]
async fn a_connection_that_ends_before_an_answer_is_no_wrong_endpoint() {
    let once: Answer = |range, before| match before {
        0 => Vec::new(),
        _ => honest(range),
    };
    let (bucket_, gets) = bucket(once).await;
    let read = bucket_.get("film.mp4").await.unwrap();
    assert_eq!(read.unwrap(), film());
    assert_eq!(gets.load(Ordering::Relaxed), 2);

    let (bucket, gets) = bucket(|_, _| Vec::new()).await;
    // Asked once, for somebody waits for a page.
    let error = bucket.below("games").await.unwrap_err();
    assert!(
        error.to_string().contains("the connection broke off"),
        "{error}"
    );
    assert!(!error.help().unwrap().contains("--endpoint"));
    assert_eq!(gets.load(Ordering::Relaxed), 2);
}
