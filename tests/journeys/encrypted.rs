//! A bucket that speaks TLS, as R2 does and nothing else: whole films, a line that is cut, a stranger in its place.

use reelgate_tests::bucket::Bucket;
use reelgate_tests::host::Origin;
use reelgate_tests::terminator::Terminator;
use reelgate_tests::tls::Certificate;
use reelgate_tests::world::{key, path, session};

with_each_origin! {
    a_film_comes_whole_from_behind_openssl
    a_line_that_is_cut_is_a_broken_transfer
    a_stranger_in_the_place_of_the_bucket_is_asked_for_nothing
}

/// Bytes that tell where they belong.
fn film() -> Vec<u8> {
    (0..3_000_000_u32).map(|at| (at % 251) as u8).collect()
}

async fn a_film_comes_whole_from_behind_openssl(origin: Origin) {
    for version in ["TLSv1.2", "TLSv1.3"] {
        let (bucket, certificate) = (Bucket::start().await, Certificate::make());
        bucket.put(&key("film.m4s"), film());
        let terminator = Terminator::start(&bucket, &certificate, version).await;
        let settings = terminator.settings(&certificate).origin(origin);
        // Each worker has connections of its own.
        let host = settings.arguments(["--workers", "1"]).start().await;
        let ask = || {
            let ask = host.client().get(path("film.m4s"));
            ask.cookie(&session())
        };
        for _ in 0..3 {
            let answer = ask().send().await;
            assert_eq!(answer.status, 200);
            assert!(answer.body == film(), "{version}: another film");
        }
        let part = ask().header("range", "bytes=999990-2000009").send().await;
        assert_eq!(part.status, 206);
        assert!(
            part.body == film()[999_990..=2_000_009],
            "{version}: another part"
        );
        let all: Vec<_> = (0..10).map(|_| tokio::spawn(ask().send())).collect();
        for answer in all {
            assert!(answer.await.unwrap().body == film(), "{version}, at once");
        }

        host.finish().await;
        bucket.assert_saw_no_viewer();
        let handshakes = terminator.handshakes().await;
        assert_eq!(handshakes[0], format!("shook hands by {version}"));
        // Each connection is kept and used again.
        assert!(handshakes.len() <= 11, "{handshakes:?}");
    }
}

async fn a_line_that_is_cut_is_a_broken_transfer(origin: Origin) {
    let (bucket, certificate) = (Bucket::start().await, Certificate::make());
    bucket.put(&key("film.m4s"), film());
    let terminator = Terminator::cutting(&bucket, &certificate, "TLSv1.3", 1_000_000).await;
    let host = terminator.settings(&certificate).origin(origin);
    let host = host.start().await;
    let ask = host.client().get(path("film.m4s")).cookie(&session());
    let mut broken = ask.header("x-request-id", "cut").stream().await;
    assert_eq!(broken.status, 200);
    assert!(broken.count().await.is_err());
    let line = host.journal().request("cut").await;
    assert_eq!((line.status, line.complete), (200, false));
    assert!(line.bytes < 1_000_000);
    host.finish().await;
}

async fn a_stranger_in_the_place_of_the_bucket_is_asked_for_nothing(origin: Origin) {
    let (bucket, certificate) = (Bucket::start().await, Certificate::make());
    bucket.put(&key("film.m4s"), film());
    let terminator = Terminator::start(&bucket, &certificate, "TLSv1.3").await;
    // It has a certificate for this name, by nobody who is known.
    let host = terminator.settings(&Certificate::make()).origin(origin);
    let host = host.start().await;
    let ask = host.client().get(path("film.m4s")).cookie(&session());
    assert_eq!(ask.send().await.status, 502);
    let log = host.finish().await;
    assert!(log.contains("bucket has no TLS that is trusted"), "{log}");
    assert_eq!(bucket.seen().len(), 0);
}
