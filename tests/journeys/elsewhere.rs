//! The same components on a host that is not ours: gate or source route and origin in one file, in plain
//! `wasmtime serve`.

use reelgate_tests::bucket::{Act, Bucket, Object, SECRET_ACCESS_KEY};
use reelgate_tests::portal::SECRET;
use reelgate_tests::source::{self, good};
use reelgate_tests::wasmtime_serve::WasmtimeServe;
use reelgate_tests::world::{PAGE, key, path, path_with_token};

#[tokio::test]
async fn plain_wasmtime_serves_the_composed_file() {
    let bucket = Bucket::start().await;
    let film: Vec<u8> = (0..4_u32 << 20).map(|n| (n % 251) as u8).collect();
    bucket.put(
        &key("master.m3u8"),
        Object::from("#EXTM3U").of_type("application/vnd.apple.mpegurl"),
    );
    bucket.put(&key("film.m4s"), film.clone());
    bucket.put(&key("cut.m4s"), film.clone());
    bucket.always(&key("cut.m4s"), Act::Cut(1_000_000));
    bucket.always(&key("busy.m4s"), Act::Refuse(503, "SlowDown"));
    bucket.always(&key("denied.m4s"), Act::Refuse(403, "AccessDenied"));
    let host = WasmtimeServe::start(bucket.address(), PAGE).await;
    let client = host.client();

    let refused = client
        .get(path("master.m3u8"))
        .header("origin", PAGE)
        .send()
        .await;
    assert_eq!((refused.status, refused.text()), (403, "Forbidden"));
    assert_eq!(refused.header("x-reelgate-reason"), "no_credential");
    assert!(bucket.seen().is_empty());

    let answer = client.get(path_with_token("master.m3u8")).send().await;
    assert_eq!((answer.status, answer.text()), (200, "#EXTM3U"));
    // Nobody takes the header for the log out here, so it must not be there.
    assert_eq!(answer.header("x-reelgate-log"), "");
    let session = answer.session().unwrap().to_owned();
    let get = |file: &str| client.get(path(file)).cookie(&session);
    let whole = get("film.m4s").send().await;
    assert!(whole.status == 200 && whole.body == film);
    let part = get("film.m4s").header("range", "bytes=-1000").send().await;
    assert!(part.status == 206 && part.body == film[film.len() - 1000..]);
    let unchanged = get("film.m4s")
        .header("if-none-match", whole.header("etag"))
        .send()
        .await;
    assert_eq!(unchanged.status, 304);
    let head = client.head(path("film.m4s")).cookie(&session).send().await;
    assert_eq!(
        (head.status, head.header("content-length")),
        (200, "4194304")
    );
    let outside = get("film.m4s")
        .header("range", "bytes=4194304-")
        .send()
        .await;
    assert_eq!(
        (outside.status, outside.header("content-range")),
        (416, "bytes */4194304")
    );
    let by_path = client
        .get(format!("/s/{session}{}", path("master.m3u8")))
        .send()
        .await;
    assert_eq!(by_path.status, 200);
    assert_eq!(get("none.m4s").send().await.status, 404);
    assert_eq!(get("busy.m4s").send().await.status, 503);
    assert_eq!(get("denied.m4s").send().await.status, 502);
    assert!(get("cut.m4s").stream().await.count().await.is_err());

    bucket.assert_saw_no_viewer();
    let log = host.log();
    assert!(
        log.contains("bucket AccessDenied for games/2025001/denied.m4s"),
        "{log}"
    );
    for secret in [SECRET, SECRET_ACCESS_KEY, "eyJ", "X-Amz-"] {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
}

#[tokio::test]
async fn plain_wasmtime_lets_stream_fetch_originals() {
    let bucket = Bucket::start().await;
    let film: Vec<u8> = (0..4_u32 << 20).map(|n| (n % 251) as u8).collect();
    let original = "uploads/Größe (1)+a&b=c%20d~.mp4";
    bucket.put(original, film.clone());
    let host = WasmtimeServe::start_source(bucket.address(), source::SECRET).await;
    let client = host.client();

    let head = client.head(good(original)).send().await;
    assert_eq!(
        (head.status, head.header("content-range")),
        (200, "bytes 0-4194303/4194304")
    );
    let whole = client.get(good(original)).send().await;
    assert!(whole.status == 200 && whole.body == film);
    let ask = client.get(good(original)).header("range", "bytes=-1000");
    let part = ask.send().await;
    assert!(part.status == 206 && part.body == film[film.len() - 1000..]);
    assert_eq!(client.get(good("none.mp4")).send().await.status, 404);
    let forged = good(original).replace("sig=", "sig=0");
    assert_eq!(client.get(forged).send().await.status, 403);
    for secret in [source::SECRET, SECRET_ACCESS_KEY, "sig=", "X-Amz-"] {
        assert!(!host.log().contains(secret), "{secret} in {}", host.log());
    }
}
