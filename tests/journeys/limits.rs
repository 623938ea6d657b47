//! Clients that dawdle, hoard or shout harm nobody but themselves.

use reelgate_tests::bucket::{Act, Gate, Object};
use reelgate_tests::client::Client;
use reelgate_tests::deadline::within;
use reelgate_tests::host::Origin;
use reelgate_tests::tls::Certificate;
use reelgate_tests::world::{World, key, path, session};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// How long until the server hangs up on a client that first says `words`, and then a letter every half
/// second, or nothing more.
async fn patience_with(client: &Client, words: &[u8], trickle: bool) -> Duration {
    let started = Instant::now();
    let mut socket = client.socket().await;
    socket.write_all(words).await.unwrap();
    let (mut reading, mut writing) = socket.split();
    let trickling = async {
        let mut pace = tokio::time::interval(Duration::from_millis(500));
        while trickle && writing.write_all(b"x").await.is_ok() {
            pace.tick().await;
        }
        std::future::pending::<()>().await;
    };
    let mut answer = Vec::new();
    tokio::select! {
        () = trickling => unreachable!("never ends"),
        // Closed or reset, with an answer or without: it is over.
        ended = within("the server hangs up", reading.read_to_end(&mut answer)) => drop(ended),
    }
    started.elapsed()
}

#[tokio::test]
async fn a_head_must_be_there_within_ten_seconds() {
    let certificate = Certificate::make();
    let plain = World::start(Origin::Native).await;
    let secret = World::start_with(|settings| settings.arguments(certificate.arguments())).await;
    let (plain_client, secret_client) = (plain.client(), secret.client());
    let head = b"GET /healthz HTTP/1.1\r\nhost: x\r\nx-slow: ";
    let times = tokio::join!(
        patience_with(&plain_client, b"", false),
        patience_with(&plain_client, head, false),
        patience_with(&plain_client, head, true),
        patience_with(&plain_client, b"PRI * HTTP/2.0\r\n", false),
        // It never shakes hands.
        patience_with(&secret_client, b"", false),
    );
    for time in <[Duration; 5]>::from(times) {
        assert!((9..20).contains(&time.as_secs()), "{times:?}");
    }
    let healthy = plain.client().get("/healthz").send().await;
    assert_eq!(healthy.status, 200);
    plain.finish().await;
    secret.finish().await;
}

#[tokio::test]
async fn an_oversized_head_is_refused() {
    let world = World::start(Origin::Native).await;
    world.put("a.m4s", "pictures");
    let big = "x".repeat(100_000);
    for request in [
        format!("GET /healthz HTTP/1.1\r\nhost: x\r\nx-big: {big}\r\n\r\n"),
        format!("GET /{big} HTTP/1.1\r\nhost: x\r\n\r\n"),
        format!(
            "GET /healthz HTTP/1.1\r\nhost: x\r\n{}\r\n",
            "a: b\r\n".repeat(1000)
        ),
    ] {
        let answer = world.client().raw(request.as_bytes()).await;
        let status = answer.split(' ').nth(1).unwrap_or_default();
        assert!(matches!(status, "431" | "414" | "400"), "{answer}");
    }
    let ask = world
        .client()
        .http2()
        .get("/healthz")
        .header("x-big", &big[..40_000]);
    let refused = match ask.try_stream().await {
        Ok(answer) => answer.status == 431,
        Err(_) => true,
    };
    assert!(refused);
    // A head that fits is heard: a long token and some cookies.
    let padding = "p".repeat(8000);
    let ask = world.client().get(path("a.m4s")).cookie(&session());
    let answer = ask
        .header("cookie", &format!("padding={padding}"))
        .send()
        .await;
    assert_eq!(answer.status, 200);
    world.finish().await;
}

#[tokio::test]
async fn what_is_no_http_is_refused() {
    let world = World::start(Origin::Native).await;
    for (request, status) in [
        (&b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..], ""),
        (b"GET\r\n\r\n", "400"),
        (b"GET / HTTP/9.9\r\nhost: x\r\n\r\n", "400"),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", "400"),
        (
            b"GET / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
            "400",
        ),
        (
            b"GET / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: x\r\n\r\n",
            "400",
        ),
    ] {
        let answer = world.client().raw(request).await;
        let told = answer.split(' ').nth(1).unwrap_or_default();
        assert!(
            told == status || told == "400" || told.is_empty(),
            "{request:?}: {answer}"
        );
    }
    world.finish().await;
}

/// A request smuggled in the body of another is not answered, or answered as a request of its own.
#[tokio::test]
async fn a_body_that_nobody_wants_is_no_second_request() {
    let world = World::start(Origin::Native).await;
    world.put("a.m4s", "pictures");
    let cookie = session();
    let inner = format!("GET {} HTTP/1.1\r\nhost: x\r\n\r\n", path("a.m4s"));
    let outer = format!(
        "GET {} HTTP/1.1\r\nhost: x\r\ncookie: reelgate_session={cookie}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{inner}",
        path("a.m4s"),
        inner.len()
    );
    let answer = world.client().raw(outer.as_bytes()).await;
    assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
    assert!(
        answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("pictures"),
        "{answer}"
    );
    world.finish().await;
}

#[tokio::test]
async fn who_stops_reading_holds_up_nobody() {
    let world = World::start(Origin::Component).await;
    world.put("film.m4s", Object::zeros(1 << 30));
    world.put("a.m4s", "pictures");
    let mut stopped = Vec::new();
    for client in [world.client(), world.client().http2()] {
        for _ in 0..8 {
            let mut film = client
                .get(path("film.m4s"))
                .cookie(&session())
                .stream()
                .await;
            film.piece().await.unwrap();
            stopped.push(film);
        }
    }
    let before = world.host.memory();
    for _ in 0..50 {
        let answer = world
            .client()
            .get(path("a.m4s"))
            .cookie(&session())
            .send()
            .await;
        assert_eq!(answer.text(), "pictures");
    }
    let growth = world.host.memory().saturating_sub(before);
    assert!(
        growth < 64 << 20,
        "{growth} bytes more for those who do not read"
    );
    drop(stopped);
    world.finish().await;
}

#[tokio::test]
async fn one_connection_too_many_waits_for_its_turn() {
    let world = World::start_with(|settings| {
        settings.arguments(["--workers", "1", "--max-connections", "4"])
    })
    .await;
    world.put("film.m4s", vec![7; 200_000]);
    let gate = Gate::of_pieces(100_000);
    world
        .bucket
        .always(&key("film.m4s"), Act::Through(gate.clone()));
    let mut viewers = Vec::new();
    for _ in 0..3 {
        viewers.push(
            world
                .client()
                .get(path("film.m4s"))
                .cookie(&session())
                .stream()
                .await,
        );
    }
    let mut fourth = world.client().connect().await;
    let healthz = world.client().get("/healthz");
    assert_eq!(
        fourth
            .send(&healthz)
            .await
            .unwrap()
            .finish()
            .await
            .unwrap()
            .status,
        200
    );
    let fifth = tokio::spawn(world.client().get("/healthz").send());
    // The one worker does other things meanwhile, and would have come to the fifth among them.
    for _ in 0..100 {
        let answer = fourth.send(&healthz).await.unwrap().finish().await.unwrap();
        assert_eq!(answer.status, 200);
    }
    assert!(!fifth.is_finished());
    drop(fourth);
    let answer = within("a place is free", fifth).await.unwrap();
    assert_eq!(answer.status, 200);
    gate.open_wide();
    for mut viewer in viewers {
        assert_eq!(viewer.count().await.unwrap(), 200_000);
    }
    world.finish().await;
}
