//! Hostile clients with no secret of ours, and a viewer beside them who must not notice.

use bytes::Bytes;
use http::{Request, Version};
use http_body::{Body, Frame, SizeHint};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use reelgate_fake_stream::signature;
use reelgate_tests::bucket::Object;
use reelgate_tests::client::Client;
use reelgate_tests::deadline::within;
use reelgate_tests::portal::now;
use reelgate_tests::studio::WEBHOOK;
use reelgate_tests::viewer::{CONTENTS, SEGMENT, Viewer};
use reelgate_tests::world::{World, path, session};
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

const WEBHOOK_SECRET: &str = "webhook-secret-of-the-siege";
/// What viewers may wait for, 99 of 100 times.
const PATIENCE: Duration = Duration::from_secs(1);

/// Clients of a crowd. Each takes two sockets of the host and one of the test.
const CROWD: usize = 1_000;

/// The product with all its routes, a film, and a file for [`Viewer`].
async fn world(arguments: &[&str]) -> World {
    let world = World::start_with(|settings| {
        settings
            .variable("cf_stream_webhook_secret", WEBHOOK_SECRET)
            .arguments(arguments)
    })
    .await;
    world.put(SEGMENT, CONTENTS);
    world.put("film.m4s", Object::zeros(1 << 30));
    world
}

/// A signature of the right form and age, by somebody who does not know the secret.
fn forged() -> String {
    signature("a guess", i64::try_from(now()).unwrap(), b"")
}

/// A body that is announced and never comes.
struct Announced(u64);

impl Body for Announced {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Pending
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0)
    }
}

/// A connection of HTTP/2 that grants `window` bytes to each answer and pings every second.
async fn http2<B>(client: &Client, window: u32) -> (http2::SendRequest<B>, JoinSet<()>)
where
    B: Body<Data = Bytes, Error = Infallible> + Unpin + Send + 'static,
{
    let (sender, connection) = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .initial_stream_window_size(window)
        .keep_alive_interval(Duration::from_secs(1))
        .keep_alive_while_idle(true)
        .handshake(TokioIo::new(client.socket().await))
        .await
        .unwrap();
    let mut ending = JoinSet::new();
    ending.spawn(async move { drop(connection.await) });
    (sender, ending)
}

fn to(world: &World, method: &str, path: &str) -> http::request::Builder {
    let uri = format!("http://{}{path}", world.host.address());
    Request::builder()
        .method(method)
        .version(Version::HTTP_2)
        .uri(uri)
}

/// Posts `count` bodies that never come, over connections of 110 streams; the statuses of the answers.
async fn post_nothing(world: &World, connections: usize) -> Vec<u16> {
    let mut answers = JoinSet::new();
    let mut open = Vec::new();
    for _ in 0..connections {
        let (sender, ending) = http2(&world.client(), 65_535).await;
        for _ in 0..110 {
            let mut sender = sender.clone();
            let post = to(world, "POST", WEBHOOK)
                .header("content-length", "200000")
                .header("webhook-signature", forged());
            let post = post.body(Announced(200_000)).unwrap();
            answers.spawn(async move {
                sender.ready().await.unwrap();
                within("an answer", sender.send_request(post))
                    .await
                    .unwrap()
            });
        }
        open.push((sender, ending));
    }
    let mut statuses = Vec::new();
    while let Some(answer) = answers.join_next().await {
        let answer = answer.unwrap();
        if answer.status() == 503 {
            assert!(answer.headers().contains_key("retry-after"));
        }
        statuses.push(answer.status().as_u16());
    }
    statuses
}

#[tokio::test]
async fn bodies_that_never_come_are_given_up_and_take_nobodys_room() {
    let world = world(&[]).await;
    let viewer = Viewer::play(world.client());
    for _ in 0..2 {
        let statuses = post_nothing(&world, 5).await;
        assert_eq!(statuses.len(), 550);
        let expected = |status: &u16| matches!(status, 408 | 503);
        assert!(statuses.iter().all(expected), "{statuses:?}");
    }
    // Cloudflare's own report is heard as soon as they are gone.
    let body = "{}";
    let signature = signature(
        WEBHOOK_SECRET,
        i64::try_from(now()).unwrap(),
        body.as_bytes(),
    );
    let report = world
        .client()
        .post(WEBHOOK)
        .header("webhook-signature", &signature);
    let answer = report.body(body).send().await;
    assert!(matches!(answer.status, 200 | 400), "{}", answer.text());
    assert!(viewer.stop().await < PATIENCE);
    world.finish().await;
}

#[tokio::test]
async fn who_is_not_even_signed_is_refused_before_the_body() {
    let world = world(&[]).await;
    let (mut sender, _ending) = http2(&world.client(), 65_535).await;
    let post = to(&world, "POST", WEBHOOK).header("content-length", "200000");
    let post = post.body(Announced(200_000)).unwrap();
    let answer = within("an answer", sender.send_request(post))
        .await
        .unwrap();
    assert_eq!(answer.status(), 401);
    world.finish().await;
}

/// A letter every second, over HTTP/1.1.
#[tokio::test]
async fn bodies_that_drip_are_given_up() {
    let world = world(&[]).await;
    let viewer = Viewer::play(world.client());
    let mut posts = JoinSet::new();
    for _ in 0..500 {
        let client = world.client();
        posts.spawn(async move {
            let mut socket = client.socket().await;
            let head = format!(
                "POST {WEBHOOK} HTTP/1.1\r\nhost: x\r\nwebhook-signature: {}\r\ncontent-length: 200000\r\n\r\n",
                forged()
            );
            socket.write_all(head.as_bytes()).await.unwrap();
            let (mut reading, mut writing) = socket.split();
            let dripping = async {
                let mut pace = tokio::time::interval(Duration::from_secs(1));
                while writing.write_all(b"{").await.is_ok() {
                    pace.tick().await;
                }
                std::future::pending::<()>().await;
            };
            let mut answer = [0; 12];
            tokio::select! {
                () = dripping => unreachable!("never ends"),
                read = within("an answer", reading.read_exact(&mut answer)) => drop(read.unwrap()),
            }
            String::from_utf8_lossy(&answer[9..]).into_owned()
        });
    }
    while let Some(status) = posts.join_next().await {
        let status = status.unwrap();
        assert!(matches!(status.as_str(), "408" | "503"), "{status}");
    }
    assert!(viewer.stop().await < PATIENCE);
    world.finish().await;
}

/// How a connection answered last does not matter.
#[tokio::test]
async fn silent_connections_end() {
    let world = world(&["--idle-timeout", "2"]).await;
    let session = session();
    let mut ended = JoinSet::new();
    for (target, method, status) in [
        ("/healthz".to_owned(), "GET", "200"),
        ("/healthz".to_owned(), "HEAD", "200"),
        ("/nowhere".to_owned(), "GET", "404"),
        (path(SEGMENT), "GET", "200"),
        (path(SEGMENT), "HEAD", "200"),
        (path("none.m4s"), "GET", "404"),
        (path(SEGMENT), "OPTIONS", "204"),
        (path(SEGMENT), "DELETE", "405"),
        (path(SEGMENT), "PROPFIND", "501"),
    ] {
        let mut socket = world.client().socket().await;
        let head = format!(
            "{method} {target} HTTP/1.1\r\nhost: x\r\ncookie: reelgate_session={session}\r\n\r\n"
        );
        ended.spawn(async move {
            socket.write_all(head.as_bytes()).await.unwrap();
            let mut answer = Vec::new();
            let read = within("the server hangs up", socket.read_to_end(&mut answer)).await;
            drop(read);
            let answer = String::from_utf8_lossy(&answer);
            assert_eq!(answer.split(' ').nth(1), Some(status), "{head}: {answer}");
        });
    }
    for target in ["/healthz".to_owned(), path(SEGMENT)] {
        let (mut sender, ending) = http2::<Announced>(&world.client(), 65_535).await;
        let get =
            to(&world, "GET", &target).header("cookie", format!("reelgate_session={session}"));
        let answer = sender
            .send_request(get.body(Announced(0)).unwrap())
            .await
            .unwrap();
        assert_eq!(answer.status(), 200);
        drop(answer);
        // It pings on.
        ended.spawn(async move {
            let over = within("the server says goodbye", ending.join_all()).await;
            drop((over, sender));
        });
    }
    ended.join_all().await;
    world.finish().await;
}

#[tokio::test]
async fn silent_connections_make_room() {
    let world = world(&["--max-connections", "64"]).await;
    let mut silent: Vec<TcpStream> = Vec::new();
    for _ in 0..64 {
        let mut socket = world.client().socket().await;
        socket
            .write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
            .await
            .unwrap();
        let mut first = [0; 15];
        within("an answer", socket.read_exact(&mut first))
            .await
            .unwrap();
        silent.push(socket);
    }
    let mut viewer = Viewer::play(world.client());
    // And others that say nothing from the beginning.
    for _ in 0..128 {
        silent.push(world.client().socket().await);
    }
    let mut pings = Vec::new();
    for _ in 0..16 {
        pings.push(http2::<Announced>(&world.client(), 65_535).await);
    }
    viewer.plays(100).await;
    assert!(viewer.stop().await < PATIENCE);
    world.finish().await;
}

/// Windows stay shut: what stands behind the answers is given back, and a neighbour on the same connection
/// reads on.
#[tokio::test]
async fn answers_that_nobody_takes_are_given_up() {
    let world = world(&["--stall-timeout", "2", "--idle-timeout", "5"]).await;
    let viewer = Viewer::play(world.client());
    let (sender, ending) = http2::<Announced>(&world.client(), 0).await;
    let cookie = format!("reelgate_session={}", session());
    let mut answers = Vec::new();
    for number in 0..100 {
        let get = to(&world, "GET", &path("film.m4s"))
            .header("cookie", &cookie)
            .header("x-request-id", format!("stalled-{number}"));
        let answer = sender.clone().send_request(get.body(Announced(0)).unwrap());
        answers.push(within("a head", answer).await.unwrap());
    }
    for number in 0..100 {
        let line = world.journal().request(&format!("stalled-{number}")).await;
        assert_eq!((line.status, line.complete), (200, false));
    }
    world.bucket.abandoned(100).await;
    // With nothing left in flight the connection idles, whatever it pings.
    within("the server says goodbye", ending.join_all()).await;
    assert!(viewer.stop().await < PATIENCE);
    world.finish().await;
}

#[tokio::test]
async fn who_takes_some_answers_keeps_those() {
    let world = world(&["--stall-timeout", "2", "--idle-timeout", "5"]).await;
    let (sender, _ending) = http2::<Announced>(&world.client(), 65_535).await;
    let cookie = format!("reelgate_session={}", session());
    let ask = |id: &str| {
        let get = to(&world, "GET", &path("film.m4s"))
            .header("cookie", &cookie)
            .header("x-request-id", id);
        sender.clone().send_request(get.body(Announced(0)).unwrap())
    };
    let left_alone = ask("left-alone").await.unwrap();
    let mut taken = ask("taken").await.unwrap().into_body();
    let line = {
        let journal = world.journal();
        let mut given_up = Box::pin(journal.request("left-alone"));
        loop {
            let frame = std::future::poll_fn(|cx| Pin::new(&mut taken).poll_frame(cx));
            tokio::select! {
                line = &mut given_up => break line,
                frame = within("a piece", frame) => drop(frame.unwrap().unwrap()),
            }
        }
    };
    assert!(!line.complete);
    let frame = std::future::poll_fn(|cx| Pin::new(&mut taken).poll_frame(cx));
    within("a piece", frame).await.unwrap().unwrap();
    drop((left_alone, taken));
    world.finish().await;
}

#[tokio::test]
async fn one_address_may_hold_so_many_requests() {
    let world = world(&["--max-requests-per-address", "3"]).await;
    let ask = || world.client().get(path("film.m4s")).cookie(&session());
    let mut films = Vec::new();
    for _ in 0..3 {
        films.push(ask().stream().await);
    }
    let refused = ask().send().await;
    assert_eq!((refused.status, refused.header("retry-after")), (429, "1"));
    drop(films.pop());
    within("one is over", async {
        while ask().stream().await.status != 200 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    drop(films);
    world.finish().await;
}

#[tokio::test]
async fn strangers_do_not_fill_the_log() {
    let world = world(&[]).await;
    let method = "M".repeat(60_000);
    let request = format!("{method} /games/x HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    for _ in 0..50 {
        let answer = world.client().raw(request.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 501 "), "{answer}");
    }
    let log = world.finish().await;
    assert!(log.len() < 100_000, "{} bytes", log.len());
}

/// 256 files are enough for 96 connections, each with one to the bucket.
#[tokio::test]
async fn few_files_are_told_at_the_start_and_do_not_stop_the_host() {
    let world = World::start_with(|settings| settings.open_files(256)).await;
    world.put(SEGMENT, CONTENTS);
    let told = world.journal().message("ulimit -n").await;
    assert_eq!(told.level, "error");
    assert!(told.message.contains("--max-connections 96"), "{told:?}");
    let mut silent = Vec::new();
    for _ in 0..400 {
        silent.push(world.client().socket().await);
    }
    let mut viewer = Viewer::play(world.client());
    viewer.plays(50).await;
    viewer.stop().await;
    drop(silent);
    let log = world.finish().await;
    assert!(!log.contains("cannot accept"), "{log}");
}

/// A burst on routes that are answered by components takes memory, for a while.
/// Clients ask for a film and read nothing of it.
#[tokio::test]
async fn the_memory_of_a_crowd_is_given_back() {
    let world = world(&[]).await;
    let get = format!(
        "GET {} HTTP/1.1\r\nhost: x\r\ncookie: reelgate_session={}\r\n\r\n",
        path("film.m4s"),
        session()
    );
    let before = world.host.memory();
    let mut crowd = Vec::new();
    for _ in 0..CROWD {
        let mut socket = world.client().socket().await;
        socket.write_all(get.as_bytes()).await.unwrap();
        crowd.push(socket);
    }
    until("the memory is taken", || {
        world.host.memory() > before + (128 << 20)
    })
    .await;
    drop(crowd);
    until("the memory is back", || {
        world.host.memory() < before + (48 << 20)
    })
    .await;
    world.finish().await;
}

async fn until(what: &str, is_true: impl Fn() -> bool) {
    within(what, async {
        let mut look = tokio::time::interval(Duration::from_millis(200));
        while !is_true() {
            look.tick().await;
        }
    })
    .await;
}
