//! The three ways to carry a credential, and what each buys.

use reelgate_tests::client::Answer;
use reelgate_tests::host::Origin;
use reelgate_tests::portal::{self, Jwt, SECRET};
use reelgate_tests::world::{GAME, PAGE, World, key, path, path_with_token, session};

with_each_origin! {
    a_token_buys_a_cookie_and_the_cookie_plays
    a_session_in_the_path_plays_without_cookies
    the_first_good_credential_counts
    an_old_session_is_renewed_with_a_playlist
    a_list_of_patterns_opens_what_it_names
    every_secret_verifies_and_the_first_one_signs
}

async fn world(origin: Origin) -> World {
    let world = World::start(origin).await;
    world.put("master.m3u8", "#EXTM3U");
    world.put("seg_00000.m4s", "pictures");
    world
}

/// The cookie to the letter: portals and proxies read it.
fn assert_sets_cookie(answer: &Answer, path: &str, secret: &str) -> String {
    let session = answer.session().unwrap_or_default().to_owned();
    assert_eq!(
        answer.header("set-cookie"),
        format!(
            "reelgate_session={session}; Path={path}; Max-Age=21600; HttpOnly; Secure; SameSite=None"
        )
    );
    assert_eq!(answer.header("cache-control"), "private, no-store");
    assert!(portal::is_signed_with(&session, secret));
    session
}

async fn a_token_buys_a_cookie_and_the_cookie_plays(origin: Origin) {
    let world = world(origin).await;
    let client = world.client();
    let before = portal::now();
    let answer = client.get(path_with_token("master.m3u8")).send().await;
    assert_eq!((answer.status, answer.text()), (200, "#EXTM3U"));
    let session = assert_sets_cookie(&answer, "/games/2025001/", SECRET);

    // What a session claims.
    let claims = portal::claims(&session);
    let minted = claims["iat"].as_u64().unwrap();
    assert!((before..=portal::now()).contains(&minted));
    assert_eq!(claims["exp"], minted + 21_600);
    assert_eq!(claims["sub"], "user-1");
    assert_eq!(claims["gid"], GAME);
    assert_eq!(claims["iss"], "reelgate-gate");
    assert_eq!(claims["aud"], "reelgate-session");
    assert_eq!(claims["sid"].as_str().unwrap().len(), 22);
    assert!(!claims.contains_key("ent"));
    assert!(!portal::header(&session).contains_key("kid"));

    for file in ["master.m3u8", "seg_00000.m4s"] {
        let answer = client.get(path(file)).cookie(&session).send().await;
        assert_eq!((answer.status, answer.session()), (200, None), "{file}");
    }
    // Every answer below 400 has the cookie, and no other.
    let again = || client.get(path_with_token("seg_00000.m4s"));
    let part = again().header("range", "bytes=0-3").send().await;
    assert_eq!((part.status, part.text()), (206, "pict"));
    assert_sets_cookie(&part, "/games/2025001/", SECRET);
    let tag = part.header("etag").to_owned();
    let unchanged = again().header("if-none-match", &tag).send().await;
    assert_eq!((unchanged.status, unchanged.text()), (304, ""));
    assert_sets_cookie(&unchanged, "/games/2025001/", SECRET);
    let head = client.head(path_with_token("seg_00000.m4s")).send().await;
    assert_eq!((head.status, head.header("content-length")), (200, "8"));
    let one = assert_sets_cookie(&head, "/games/2025001/", SECRET);
    assert_ne!(portal::claims(&one)["sid"], claims["sid"]);
    let missing = client.get(path_with_token("nothing.m4s")).send().await;
    assert_eq!((missing.status, missing.session()), (404, None));
    world.finish().await;
}

async fn a_session_in_the_path_plays_without_cookies(origin: Origin) {
    let world = world(origin).await;
    let client = world.client();
    let before = portal::now();
    let answer = client.get(path_with_token("session.json")).send().await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "application/json");
    let session = assert_sets_cookie(&answer, "/games/2025001/", SECRET);
    let told: serde_json::Value = serde_json::from_str(answer.text()).unwrap();
    assert_eq!(told["prefix"], format!("/s/{session}/games/{GAME}/"));
    let expires = told["expires_at"].as_str().unwrap();
    assert!(expires.ends_with('Z'), "{expires}");
    assert!(portal::claims(&session)["exp"].as_u64().unwrap() >= before + 21_600);
    assert_eq!(told.as_object().unwrap().len(), 2);
    assert!(world.bucket.seen().is_empty(), "the name is the gate's own");

    for file in ["master.m3u8", "seg_00000.m4s"] {
        let target = format!("{}{file}", told["prefix"].as_str().unwrap());
        let answer = client.get(target).send().await;
        assert_eq!((answer.status, answer.session()), (200, None), "{file}");
    }
    // The path of another game is closed to it.
    let target = format!("/s/{session}/games/other/master.m3u8");
    let answer = client.get(target).header("origin", PAGE).send().await;
    assert_eq!(answer.header("x-reelgate-reason"), "wrong_game");
    // Asked for with a session, the same session is told.
    for ask in [
        client.get(path("session.json")).cookie(&session),
        client.get(format!("/s/{session}{}", path("session.json"))),
    ] {
        let answer = ask.send().await;
        assert_eq!((answer.status, answer.session()), (200, None));
        let again: serde_json::Value = serde_json::from_str(answer.text()).unwrap();
        assert_eq!(again, told);
    }
    world.finish().await;
}

async fn the_first_good_credential_counts(origin: Origin) {
    let world = world(origin).await;
    let client = world.client();
    let good = session();
    let other = Jwt::session().claim("gid", "other").mint();
    let old = Jwt::session_aged(30_000).claim("gid", GAME).mint();
    let token_for_other = Jwt::for_game("other").mint();
    let playback = Jwt::for_game(GAME).mint();
    let file = path("seg_00000.m4s");
    for (what, ask, status) in [
        (
            "a bad token beside a good cookie",
            client.get(format!("{file}?t=x")).cookie(&good),
            200,
        ),
        (
            "a token for another game beside a good cookie",
            client
                .get(format!("{file}?t={token_for_other}"))
                .cookie(&good),
            200,
        ),
        (
            "a bad cookie beside a good path",
            client.get(format!("/s/{good}{file}")).cookie("x"),
            200,
        ),
        (
            "the third cookie of the name",
            client
                .get(&file)
                .header(
                    "cookie",
                    &format!("a=b; reelgate_session={other}; reelgate_session={old}"),
                )
                .header(
                    "cookie",
                    &format!("reelgate_session={good}; reelgate_session=x"),
                ),
            200,
        ),
        (
            "an escaped token",
            client.get(format!("{file}?a=1&t={}&b=2", playback.replace('.', "%2E"))),
            200,
        ),
        (
            "a session as a token",
            client.get(format!("{file}?t={good}")),
            403,
        ),
        (
            "a token as a cookie",
            client.get(&file).cookie(&playback),
            403,
        ),
        (
            "a token in the path",
            client.get(format!("/s/{playback}{file}")),
            403,
        ),
        ("a session of the past", client.get(&file).cookie(&old), 403),
        (
            "a token in a header",
            client
                .get(&file)
                .header("authorization", &format!("Bearer {playback}")),
            403,
        ),
        (
            "a cookie of another name",
            client.get(&file).header("cookie", &format!("s={good}")),
            403,
        ),
        ("nothing", client.get(&file), 403),
    ] {
        let answer = ask.send().await;
        assert_eq!(answer.status, status, "{what}");
    }
    // The reason is that of the first credential that was refused.
    let ask = client
        .get(format!("/s/{other}{file}?t={token_for_other}"))
        .cookie(&old);
    let answer = ask.header("origin", PAGE).send().await;
    assert_eq!(answer.header("x-reelgate-reason"), "wrong_game");
    let ask = client.get(format!("/s/{other}{file}")).cookie(&old);
    let answer = ask.header("origin", PAGE).send().await;
    assert_eq!(answer.header("x-reelgate-reason"), "token_expired");
    world.finish().await;
}

async fn an_old_session_is_renewed_with_a_playlist(origin: Origin) {
    let world = world(origin).await;
    let client = world.client();
    let young = Jwt::session_aged(10_700).claim("gid", GAME).mint();
    let old = Jwt::session_aged(10_900).claim("gid", GAME).mint();
    let renewed = client.get(path("master.m3u8")).cookie(&old).send().await;
    let new = assert_sets_cookie(&renewed, "/games/2025001/", SECRET);
    let claims = portal::claims(&new);
    assert_eq!(claims["sid"], portal::claims(&old)["sid"]);
    assert_eq!(claims["sub"], "user-1");
    assert!(claims["exp"].as_u64().unwrap() > portal::now() + 21_500);
    for (what, ask) in [
        (
            "before half its life",
            client.get(path("master.m3u8")).cookie(&young),
        ),
        (
            "with a segment",
            client.get(path("seg_00000.m4s")).cookie(&old),
        ),
        (
            "in the path",
            client.get(format!("/s/{old}{}", path("master.m3u8"))),
        ),
    ] {
        let answer = ask.send().await;
        assert_eq!((answer.status, answer.session()), (200, None), "{what}");
    }
    world.finish().await;
}

async fn a_list_of_patterns_opens_what_it_names(origin: Origin) {
    let world = world(origin).await;
    let client = world.client();
    for game in ["nfl-1", "nfl-", "cup", "nfl", "cup-2"] {
        world.bucket.put(&format!("games/{game}/a.m4s"), "pictures");
    }
    let token = Jwt::playback()
        .claim("ent", serde_json::json!(["nfl-*", "cup"]))
        .mint();
    let answer = client
        .get(format!("/games/nfl-1/a.m4s?t={token}"))
        .send()
        .await;
    let session = assert_sets_cookie(&answer, "/games/", SECRET);
    for (game, status) in [
        ("nfl-1", 200),
        ("nfl-", 200),
        ("cup", 200),
        ("nfl", 403),
        ("cup-2", 403),
    ] {
        let answer = client
            .get(format!("/games/{game}/a.m4s"))
            .cookie(&session)
            .send()
            .await;
        assert_eq!(answer.status, status, "{game}");
    }
    world.finish().await;
}

async fn every_secret_verifies_and_the_first_one_signs(origin: Origin) {
    const NEW: &str = "next-secret-fedcba98765432100123456789";
    let secrets = format!("k2:{NEW}, k1:{SECRET}");
    let world = World::start_with(|settings| {
        settings
            .origin(origin)
            .variable("playback_token_secret", &secrets)
    })
    .await;
    world.bucket.put(&key("a.m4s"), "pictures");
    let client = world.client();
    let base = Jwt::for_game(GAME);
    for (token, status) in [
        (base.clone().signed_with(NEW, Some("k2")), 200),
        (base.clone().signed_with(SECRET, Some("k1")), 200),
        (base.clone().signed_with(SECRET, None), 200),
        (base.clone().signed_with(SECRET, Some("k2")), 403),
        (base.signed_with(NEW, Some("k3")), 403),
    ] {
        let target = format!("{}?t={}", path("a.m4s"), token.mint());
        let answer = client.get(target).send().await;
        assert_eq!(answer.status, status);
        if status == 200 {
            let session = assert_sets_cookie(&answer, "/games/2025001/", NEW);
            assert_eq!(portal::header(&session)["kid"], "k2");
        }
    }
    // A session of the time before the new secret still plays.
    let answer = client.get(path("a.m4s")).cookie(&session()).send().await;
    assert_eq!(answer.status, 200);
    world.finish().await;
}
