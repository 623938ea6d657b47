//! A portal's page comes with its sign-in, and gets what plays.

use http::Method;
use reelgate_tests::bucket::Act;
use reelgate_tests::client::{Answer, Ask};
use reelgate_tests::host::{Origin, Settings};
use reelgate_tests::issuer::{Issuer, Key, Manner, NAME, PATH, claims};
use reelgate_tests::portal;
use reelgate_tests::world::{GAME, PAGE, World, key, path_with_token};
use serde_json::{Value, json};
use tokio::task::JoinSet;

const SESSION: &str = "/api/playback/session";

fn of_game() -> String {
    format!("/api/games/{GAME}/playback")
}

/// A host that believes `issuer`, and a film.
async fn world(issuer: &Issuer, change: impl FnOnce(Settings) -> Settings) -> World {
    let world = World::start_with(|settings| {
        change(
            settings
                .variable("clerk_jwks_url", &issuer.origin())
                .variable("clerk_issuer", NAME)
                .variable("clerk_authorized_parties", PAGE)
                .variable("video_origin_url", "https://video.portal.example"),
        )
    })
    .await;
    world.put("master.m3u8", "#EXTM3U\n");
    world
}

async fn get(world: &World, target: &str, token: &str) -> Answer {
    world.client().get(target).bearer(token).send().await
}

/// Status and reason of a refusal.
async fn refused(ask: Ask) -> (u16, String) {
    let answer = ask.send().await;
    assert!(!answer.problem().is_empty());
    let reason = answer.json()["reason"].as_str().map(str::to_owned);
    (answer.status, reason.unwrap_or_default())
}

#[tokio::test]
async fn a_signed_in_viewer_plays() {
    let (issuer_key, issuer) = (Key::first(), Issuer::start(&[&Key::first()]).await);
    let world = world(&issuer, |settings| settings).await;
    let ask = world.client().get(of_game());
    let ask = ask.bearer(&issuer_key.sign(&claims(json!({}))));
    let answer = ask.header("origin", PAGE).send().await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("cache-control"), "private, no-store");
    assert_eq!(answer.header("access-control-allow-origin"), PAGE);
    let body = answer.json();
    assert_eq!(body["type"], "hls");
    let url = body["url"].as_str().unwrap();
    let (address, token) = url.split_once("?t=").unwrap();
    assert_eq!(
        address,
        format!("https://video.portal.example/games/{GAME}/master.m3u8")
    );
    assert!(portal::is_signed_with(token, portal::SECRET));
    let said = portal::claims(token);
    assert_eq!(said["sub"], "user_2abc");
    assert_eq!(said["gid"], GAME);
    assert_eq!(said["exp"], said["iat"].as_u64().unwrap() + 900);
    // The gate takes it.
    let film = world
        .client()
        .get(url.trim_start_matches("https://video.portal.example"));
    assert_eq!(film.send().await.status, 200);
    // Who asked is in the log, and nothing that opens anything.
    let line = world.journal().request(answer.header("x-request-id")).await;
    assert_eq!((&*line.game, &*line.subject), (GAME, "user_2abc"));
    // The bucket was asked whether there is a manifest, and the service once for its keys.
    let seen = world.bucket.seen_for(&key("master.m3u8"));
    assert_eq!((seen[0].method.as_str(), seen.len()), ("HEAD", 2));
    let asked = issuer.asked();
    assert!(
        asked[0].starts_with(&format!("GET {PATH} HTTP/1.1\r\n")),
        "{asked:?}"
    );
    assert!(
        !asked[0].to_lowercase().contains("authorization"),
        "{asked:?}"
    );
    world.finish().await;
}

#[tokio::test]
async fn one_token_for_all_that_a_viewer_may_watch() {
    let issuer = Issuer::start(&[&Key::first()]).await;
    let world = world(&issuer, |settings| {
        settings.variable("playback_entitlements_claim", "games")
    })
    .await;
    let with = |games: Value| Key::first().sign(&claims(json!({ "games": games })));
    let answer = get(&world, SESSION, &with(json!(["2025*", "other"]))).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let body = answer.json();
    assert_eq!(body["type"], "session");
    let token = body["token"].as_str().unwrap();
    assert_eq!(portal::claims(token)["ent"], json!(["2025*", "other"]));
    let template = body["url_template"].as_str().unwrap();
    let target = template.trim_start_matches("https://video.portal.example");
    let film = world
        .client()
        .get(target.replace("{id}", GAME))
        .send()
        .await;
    assert_eq!(film.status, 200);
    assert!(film.header("set-cookie").contains("Path=/games/;"));
    let other = world.client().get(target.replace("{id}", "2024001"));
    assert_eq!(other.send().await.status, 403);
    // Nobody is let in by a list that opens nothing, or is none.
    let many: Vec<String> = (0..65).map(|number| format!("g{number}")).collect();
    for games in [json!([]), json!(null), json!({}), json!([1]), json!(many)] {
        let ask = world.client().get(SESSION).bearer(&with(games.clone()));
        assert_eq!(
            refused(ask).await,
            (403, "no_entitlements".into()),
            "{games}"
        );
    }
    world.finish().await;
}

#[tokio::test]
async fn a_viewer_gets_the_games_of_their_claim_and_no_other() {
    let issuer = Issuer::start(&[&Key::first()]).await;
    let world = world(&issuer, |settings| settings).await;
    let other = Key::first().sign(&claims(json!({ "entitlements": ["other-*"] })));
    let ask = world.client().get(of_game()).bearer(&other);
    assert_eq!(refused(ask).await, (403, "wrong_game".into()));
    assert!(world.bucket.seen_for(&key("master.m3u8")).is_empty());
    let mut without = claims(json!({}));
    without.as_object_mut().unwrap().remove("entitlements");
    let answer = get(&world, &of_game(), &Key::first().sign(&without)).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    world.finish().await;
}

#[tokio::test]
async fn whoever_cannot_prove_it_gets_nothing() {
    let (first, second) = (Key::first(), Key::second());
    let issuer = Issuer::start(&[&first]).await;
    let world = world(&issuer, |settings| settings).await;
    let good = first.sign(&claims(json!({})));
    assert_eq!(get(&world, &of_game(), &good).await.status, 200);
    let header = |more: Value| {
        let mut header = json!({ "alg": "RS256", "typ": "JWT", "kid": "first" });
        for (name, value) in more.as_object().unwrap() {
            header[name] = value.clone();
        }
        header
    };
    let now = portal::now();
    let plain = |more| first.sign(&claims(more));
    let under = |more| first.sign_under(&header(more), &claims(json!({})));
    let foreign = |more| second.sign_under(&header(more), &claims(json!({})));
    let hs256 = |secret: &str| {
        let parts: Vec<&str> = good.split('.').collect();
        let confused = base64_of(&header(json!({ "alg": "HS256" })));
        portal::sign(&confused, parts[1], secret)
    };
    let public = first.jwk()["n"].as_str().unwrap().to_owned();
    for (token, reason) in [
        (hs256(&public), "token_algorithm"),
        (hs256(&first.jwk().to_string()), "token_algorithm"),
        (hs256(portal::SECRET), "token_algorithm"),
        (under(json!({ "alg": "none" })), "token_algorithm"),
        (under(json!({ "alg": "PS256" })), "token_algorithm"),
        (under(json!({ "alg": "ES256" })), "token_algorithm"),
        (under(json!({ "crit": ["exp"] })), "token_malformed"),
        (under(json!({ "kid": "../first" })), "token_key"),
        (foreign(json!({})), "token_signature"),
        (foreign(json!({ "jwk": second.jwk() })), "token_signature"),
        (
            foreign(json!({ "jku": issuer.origin() })),
            "token_signature",
        ),
        (
            foreign(json!({ "x5u": issuer.origin() })),
            "token_signature",
        ),
        (foreign(json!({ "x5c": ["MIIC"] })), "token_signature"),
        (plain(json!({ "exp": now - 60 })), "token_expired"),
        (plain(json!({ "exp": null })), "token_claims"),
        (plain(json!({ "nbf": now + 90 })), "token_not_yet_valid"),
        (
            plain(json!({ "iss": "https://clerk.evil.example" })),
            "token_issuer",
        ),
        (
            plain(json!({ "azp": "https://evil.example" })),
            "token_party",
        ),
        (plain(json!({ "azp": null })), "token_party"),
        (plain(json!({ "sts": "pending" })), "token_not_active"),
        (plain(json!({ "sub": "" })), "token_claims"),
        (good[..good.len() - 22].to_owned(), "token_signature"),
        (good.replace('.', ".."), "token_malformed"),
        (format!("{good}{}", "A".repeat(9_000)), "token_malformed"),
        (portal::Jwt::for_game(GAME).mint(), "token_algorithm"),
    ] {
        for target in [of_game().as_str(), SESSION] {
            let ask = world.client().get(target).bearer(&token);
            assert_eq!(refused(ask).await, (401, reason.into()), "{token}");
        }
    }
    let without = plain(json!({ "permissions": ["video:upload"] }));
    let ask = world.client().get(of_game()).bearer(&without);
    assert_eq!(refused(ask).await, (403, "no_permission".into()));
    let nobody = world.client().get(of_game());
    assert_eq!(refused(nobody).await, (401, "no_credential".into()));
    // A refused request never reaches the bucket.
    assert_eq!(world.bucket.seen().len(), 1);
    let heads = issuer.asked();
    assert!(
        heads
            .iter()
            .all(|head| head.starts_with(&format!("GET {PATH} "))),
        "{heads:?}"
    );
    world.finish().await;
}

fn base64_of(header: &Value) -> String {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    URL_SAFE_NO_PAD.encode(header.to_string())
}

#[tokio::test]
async fn a_rotated_key_is_found_and_strange_ones_are_not_searched_for_again_and_again() {
    let (first, second) = (Key::first(), Key::second());
    let issuer = Issuer::start(&[&first]).await;
    let world = world(&issuer, |settings| settings).await;
    let (old, new) = (
        first.sign(&claims(json!({}))),
        second.sign(&claims(json!({}))),
    );
    // One connection is one worker, and so one cache.
    let mut connection = world.client().connect().await;
    let mut ask = async |token: &str| {
        let ask = world.client().get(of_game()).bearer(token);
        let answer = connection.send(&ask).await.unwrap().finish().await.unwrap();
        answer.status
    };
    assert_eq!(ask(&old).await, 200);
    issuer.publish(&[&second]);
    assert_eq!(ask(&old).await, 200, "cached");
    assert_eq!(issuer.asked().len(), 1);
    assert_eq!(ask(&new).await, 200, "rotated");
    assert_eq!(issuer.asked().len(), 2);
    assert_eq!(ask(&old).await, 401, "taken back");
    for number in 0..20 {
        let header = json!({ "alg": "RS256", "kid": format!("strange-{number}") });
        let strange = first.sign_under(&header, &claims(json!({})));
        assert_eq!(ask(&strange).await, 401);
    }
    assert_eq!(issuer.asked().len(), 2);
    assert_eq!(ask(&new).await, 200);
    world.finish().await;
}

#[tokio::test]
async fn many_strange_keys_at_once_are_searched_for_once() {
    let key = Key::first();
    let issuer = Issuer::start(&[&key]).await;
    let world = world(&issuer, |settings| settings).await;
    issuer.pause();
    let mut strangers = JoinSet::new();
    for number in 0..300 {
        let header = json!({ "alg": "RS256", "kid": format!("strange-{number}") });
        let strange = key.sign_under(&header, &claims(json!({})));
        strangers.spawn(world.client().get(of_game()).bearer(&strange).send());
    }
    issuer.is_asked(1).await;
    // The host goes on meanwhile: whoever has come by now waits for the same answer.
    let other = world
        .client()
        .get(path_with_token("master.m3u8"))
        .send()
        .await;
    assert_eq!(other.status, 200);
    issuer.resume();
    for answer in strangers.join_all().await {
        assert_eq!(answer.status, 401);
    }
    assert!(issuer.asked().len() <= 6, "{}", issuer.asked().len());
    world.finish().await;
}

#[tokio::test]
async fn a_service_that_gives_no_keys_is_a_problem_that_passes() {
    let issuer = Issuer::start(&[]).await;
    let answer =
        |status, headers: &str, body: &str| Manner::Answer(status, headers.into(), body.into());
    let elsewhere = format!("location: {}{PATH}\r\n", issuer.origin());
    let huge = format!("{{\"keys\":[],\"x\":\"{}\"}}", "x".repeat(2_000_000));
    for (manner, says) in [
        (
            answer(200, "content-type: text/html\r\n", "<html>Welcome</html>"),
            "no JSON object",
        ),
        (answer(200, "", "{\"keys\":[]}"), "no RSA key"),
        (answer(200, "", &huge), "longer than 64 KiB"),
        (answer(500, "", "Internal Server Error"), "answered 500"),
        (answer(404, "", ""), "answered 404"),
        (answer(302, &elsewhere, ""), "answered 302"),
        (Manner::Close, "cannot be reached"),
        (Manner::Hang, "did not answer in time"),
        (Manner::Drip, "did not answer in time"),
    ] {
        issuer.behave(manner);
        let world = world(&issuer, |settings| settings).await;
        let ask = world.client().get(of_game()).header("origin", PAGE);
        let ask = ask.bearer(&Key::first().sign(&claims(json!({}))));
        let answer = ask.send().await;
        assert_eq!(
            (answer.status, &*answer.problem()),
            (503, "keys-unavailable"),
            "{says}"
        );
        assert_eq!(answer.header("retry-after"), "5");
        assert_eq!(answer.header("access-control-allow-origin"), PAGE);
        let message = world.journal().message(says).await;
        assert!(message.message.contains("clerk_jwks_url"), "{message:?}");
        world.finish().await;
    }
    // A redirect is not followed: one question for each of the nine.
    assert_eq!(issuer.asked().len(), 9);
}

#[tokio::test]
async fn a_film_that_is_not_there_is_missing_and_a_bucket_in_trouble_is_no_answer() {
    let issuer = Issuer::start(&[&Key::first()]).await;
    let world = world(&issuer, |settings| settings.origin(Origin::Component)).await;
    let token = Key::first().sign(&claims(json!({})));
    let missing = get(&world, "/api/games/2025999/playback", &token).await;
    assert_eq!((missing.status, &*missing.problem()), (404, "not-found"));
    world
        .bucket
        .always(&key("master.m3u8"), Act::Refuse(500, "InternalError"));
    let trouble = get(&world, &of_game(), &token).await;
    assert_eq!(
        (trouble.status, &*trouble.problem()),
        (503, "film-unavailable")
    );
    assert_eq!(trouble.header("retry-after"), "5");
    world.finish().await;
}

#[tokio::test]
async fn without_its_variables_the_host_starts_and_says_what_is_missing() {
    let world = World::start(Origin::Native).await;
    for target in [of_game().as_str(), SESSION] {
        let answer = get(&world, target, "x").await;
        assert_eq!((answer.status, &*answer.problem()), (503, "not-configured"));
        assert_eq!(answer.json()["detail"], "clerk_jwks_url is not set");
    }
    world.finish().await;
}

#[tokio::test]
async fn a_page_may_ask_with_its_token() {
    let issuer = Issuer::start(&[&Key::first()]).await;
    let world = world(&issuer, |settings| settings).await;
    let ask = world.client().ask(Method::OPTIONS, of_game());
    let answer = ask
        .header("origin", PAGE)
        .header("access-control-request-method", "GET")
        .header("access-control-request-headers", "authorization")
        .send()
        .await;
    assert_eq!(answer.status, 204);
    assert_eq!(answer.header("access-control-allow-origin"), PAGE);
    assert_eq!(
        answer.header("access-control-allow-headers"),
        "Authorization, Content-Type, traceparent, tracestate, baggage, sentry-trace"
    );
    assert_eq!(
        answer.header("access-control-allow-methods"),
        "GET, HEAD, OPTIONS"
    );
    let post = world.client().post(of_game()).send().await;
    assert_eq!(
        (post.status, post.header("allow")),
        (405, "GET, HEAD, OPTIONS")
    );
    world.finish().await;
}
