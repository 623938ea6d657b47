//! The log: a line a request, with what an operator wants to know and nothing that a thief would.

use reelgate_tests::host::Origin;
use reelgate_tests::portal::Jwt;
use reelgate_tests::tls::Certificate;
use reelgate_tests::world::{GAME, World, path, session};
use std::collections::BTreeSet;

with_each_origin! {
    every_request_has_its_line
}

async fn every_request_has_its_line(origin: Origin) {
    let world = World::start(origin).await;
    world.put("a.m4s", "pictures");
    let client = world.client();
    let token = Jwt::for_game(GAME).claim("sub", "Jo \"x\"\nö").mint();
    let file = path("a.m4s");
    let under_path = format!("/s/{}{file}", session());
    let old = Jwt::session_aged(30_000).claim("gid", GAME).mint();
    let other = Jwt::session().claim("gid", "other").mint();
    for (id, ask, expected) in [
        (
            "by-token",
            client.get(format!("{file}?t={token}")),
            ("GET", "/games/...", 200, 8, "Jo \"x\"\nö", ""),
        ),
        (
            "by-cookie",
            client.get(&file).cookie(&session()),
            ("GET", "/games/...", 200, 8, "user-1", ""),
        ),
        (
            "by-path",
            client.get(under_path),
            ("GET", "/s/...", 200, 8, "user-1", ""),
        ),
        (
            "head",
            client.head(&file).cookie(&session()),
            ("HEAD", "/games/...", 200, 0, "user-1", ""),
        ),
        (
            "part",
            client
                .get(&file)
                .cookie(&session())
                .header("range", "bytes=1-2"),
            ("GET", "/games/...", 206, 2, "user-1", ""),
        ),
        (
            "nothing",
            client.get(&file),
            ("GET", "/games/...", 403, 9, "", "no_credential"),
        ),
        (
            "expired",
            client.get(&file).cookie(&old),
            ("GET", "/games/...", 403, 9, "", "token_expired"),
        ),
        (
            "wrong-game",
            client.get(&file).cookie(&other),
            ("GET", "/games/...", 403, 9, "user-1", "wrong_game"),
        ),
    ] {
        let answer = ask.header("x-request-id", id).send().await;
        assert_eq!(answer.header("x-request-id"), id);
        assert_eq!(answer.header("x-reelgate-log"), "");
        let line = world.journal().request(id).await;
        let told = (
            &*line.method,
            &*line.route,
            line.status,
            line.bytes,
            &*line.subject,
            &*line.reason,
        );
        assert_eq!(told, expected, "{id}");
        assert_eq!(line.game, GAME, "{id}");
        assert!(line.complete, "{id}");
        assert_eq!(line.client, "127.0.0.1");
        assert!(line.duration_ms > 0.0 && line.duration_ms < 60_000.0);
        // RFC 3339, in UTC.
        assert!(line.time.len() >= 20 && line.time.ends_with('Z') && line.time.contains('T'));
    }
    for (id, target, status, route) in [
        ("health", "/healthz", 200, "/healthz"),
        ("none", "/none", 404, ""),
    ] {
        client.get(target).header("x-request-id", id).send().await;
        let line = world.journal().request(id).await;
        assert_eq!(
            (line.status, &*line.route, &*line.game),
            (status, route, "")
        );
    }
    world.finish().await;
}

#[tokio::test]
async fn a_request_says_how_it_came() {
    let certificate = Certificate::make();
    let world = World::start_with(|settings| settings.arguments(certificate.arguments())).await;
    let long = format!("VLC/3.0 {}", "x".repeat(5000));
    let one = world.client().tls(&certificate.client());
    let two = world.client().http2().tls(&certificate.client());
    for (id, client, agent, http) in [
        ("one", one, "Mozilla/5.0 \"x\"", "1.1"),
        ("two", two, long.as_str(), "2"),
    ] {
        let ask = client.get("/healthz").header("x-request-id", id);
        ask.header("user-agent", agent).send().await;
        let line = world.journal().request(id).await;
        assert_eq!((&*line.http, &*line.tls), (http, "1.3"));
        assert_eq!(line.host, world.host.address().to_string());
        assert_eq!(line.user_agent, agent[..agent.len().min(256)]);
    }
    world.finish().await;
    let world = World::start(Origin::Native).await;
    let secret = b"GET / HTTP/1.1\r\nhost: jo:s3cret@films\r\nx-request-id: none\r\nconnection: close\r\n\r\n";
    world.client().raw(secret).await;
    let line = world.journal().request("none").await;
    assert_eq!((&*line.host, &*line.tls, &*line.user_agent), ("", "", ""));
    world.finish().await;
}

#[tokio::test]
async fn a_request_has_an_identity() {
    let world = World::start(Origin::Native).await;
    let longest = "a".repeat(128);
    for good in ["7f3a-1.b:2_c", longest.as_str()] {
        let ask = world.client().get("/healthz").header("x-request-id", good);
        assert_eq!(ask.send().await.header("x-request-id"), good);
    }
    let mut made = BTreeSet::new();
    let too_long = "a".repeat(129);
    for odd in [
        "",
        "a b",
        "a\"b",
        "ä",
        "{\"a\":1}",
        too_long.as_str(),
        "a\tb",
    ] {
        let ask = world.client().get("/healthz").header("x-request-id", odd);
        let answer = ask.send().await;
        let id = answer.header("x-request-id");
        assert!(id.len() >= 8 && id != odd, "{odd}: {id}");
        world.journal().request(id).await;
        assert!(made.insert(id.to_owned()), "{id} was there before");
    }
    world.finish().await;
}

#[tokio::test]
async fn the_log_for_people_says_the_same() {
    let world = World::start_with(|settings| settings.text_log()).await;
    world.put("a.m4s", "pictures");
    let token = Jwt::for_game(GAME).claim("sub", "Jo B").mint();
    let ask = world.client().get(format!("{}?t={token}", path("a.m4s")));
    assert_eq!(
        ask.header("x-request-id", "journey").send().await.status,
        200
    );
    let refused = world.client().get(path("a.m4s")).send().await;
    assert_eq!(refused.status, 403);
    let log = world.host.stopped().await;
    let lines: Vec<&str> = log
        .lines()
        .filter(|line| line.contains("status="))
        .collect();
    let [seen, refused] = lines[..] else {
        panic!("two lines: {log}")
    };
    for part in [
        "request_id=journey",
        "status=200",
        "bytes=8",
        "game=2025001",
        "subject=\"Jo B\"",
        "route=/games/...",
    ] {
        assert!(seen.contains(part), "no {part} in {seen}");
    }
    assert!(refused.contains("reason=no_credential"), "{refused}");
    assert!(!log.contains("eyJ") && !log.contains("X-Amz"), "{log}");
}
