//! HTTP/1.1 and HTTP/2, with TLS and without: the same answers.

use reelgate_tests::client::Client;
use reelgate_tests::portal::now;
use reelgate_tests::studio::WEBHOOK;
use reelgate_tests::tls::Certificate;
use reelgate_tests::world::{World, path, path_with_token, session};

async fn works(client: Client, film: &[u8]) {
    let mut connection = client.connect().await;
    let get = || client.get(path("film.m4s")).cookie(&session());
    for (ask, status) in [
        (client.get(path_with_token("master.m3u8")), 200),
        (get(), 200),
        (get().header("range", "bytes=100-199"), 206),
        (get().header("range", "bytes=99999999-"), 416),
        (get().header("if-none-match", "*"), 304),
        (client.head(path("film.m4s")).cookie(&session()), 200),
        (client.get(path("film.m4s")), 403),
        (client.ask(http::Method::POST, path("film.m4s")), 405),
        (client.ask(http::Method::OPTIONS, path("film.m4s")), 204),
        (client.get(path("none.m4s")).cookie(&session()), 404),
        (client.get("/healthz"), 200),
    ] {
        // One connection serves them all.
        let answer = connection.send(&ask).await.unwrap().finish().await.unwrap();
        assert_eq!(answer.status, status);
        if status == 206 {
            assert_eq!(answer.body, film[100..200]);
        }
    }
    let whole = connection
        .send(&get())
        .await
        .unwrap()
        .finish()
        .await
        .unwrap();
    assert!(whole.body == film);
}

#[tokio::test]
async fn all_four_ways_give_the_same() {
    let certificate = Certificate::make();
    let film: Vec<u8> = (0..1_000_000_u32).map(|n| (n % 251) as u8).collect();
    let plain = World::start_with(|settings| settings).await;
    let secret = World::start_with(|settings| settings.arguments(certificate.arguments())).await;
    for world in [&plain, &secret] {
        world.put("film.m4s", film.clone());
        world.put("master.m3u8", "#EXTM3U");
    }
    works(plain.client(), &film).await;
    works(plain.client().http2(), &film).await;
    works(secret.client().tls(&certificate.client()), &film).await;
    works(secret.client().http2().tls(&certificate.client()), &film).await;
    plain.finish().await;
    secret.finish().await;
}

#[tokio::test]
async fn a_client_without_tls_learns_nothing_from_a_server_with() {
    let certificate = Certificate::make();
    let world = World::start_with(|settings| settings.arguments(certificate.arguments())).await;
    world.put("a.m4s", "pictures");
    let answer = world
        .client()
        .raw(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
        .await;
    assert!(!answer.contains("HTTP/1.1"), "{answer}");
    let client = world.client().tls(&certificate.client());
    let answer = client.get(path("a.m4s")).cookie(&session()).send().await;
    assert_eq!(answer.text(), "pictures");
    world.finish().await;
}

/// RFC 9112, section 3.2, and RFC 9113, section 8.3.1.
#[tokio::test]
async fn a_request_names_its_host_once() {
    let world = World::start_with(|settings| settings).await;
    world.put("a.m4s", "pictures");
    let head = format!(
        "cookie: reelgate_session={}\r\nconnection: close\r\n\r\n",
        session()
    );
    let get = |hosts: &str| format!("GET {} HTTP/1.1\r\n{hosts}{head}", path("a.m4s"));
    for (request, status) in [
        (get("host: films.example\r\n"), "200"),
        (get(""), "400"),
        (get("host: films.example\r\nhost: films.example\r\n"), "400"),
        (get("host: user@films.example\r\n"), "400"),
        (get("host: films.example/a\r\n"), "400"),
        (get("").replace("HTTP/1.1", "HTTP/1.0"), "200"),
        (get("host: a\r\n").replace("GET", "PROPFIND"), "501"),
    ] {
        let answer = world.client().raw(request.as_bytes()).await;
        assert_eq!(
            answer.split(' ').nth(1),
            Some(status),
            "{request}: {answer}"
        );
    }
    let client = world.client().http2();
    let get = || client.get(path("a.m4s")).cookie(&session());
    let same = world.host.address().to_string();
    assert_eq!(get().header("host", &same).send().await.status, 200);
    let other = get().header("host", "other.example").send().await;
    assert_eq!(other.status, 400);
    world.finish().await;
}

#[tokio::test]
async fn chunks_that_are_none_are_the_clients_fault() {
    let world = World::start_with(|settings| {
        settings.variable("cf_stream_webhook_secret", "webhook-secret-of-the-journey")
    })
    .await;
    let signature = reelgate_fake_stream::signature("a guess", now().cast_signed(), b"");
    for chunks in ["ZZZ\r\n", "5\r\nabcdefgh\r\n", "-1\r\n"] {
        let request = format!(
            "POST {WEBHOOK} HTTP/1.1\r\nhost: a\r\nwebhook-signature: {signature}\r\n\
             transfer-encoding: chunked\r\nconnection: close\r\n\r\n{chunks}"
        );
        let answer = world.client().raw(request.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{chunks}: {answer}");
    }
    world.finish().await;
}
