use super::*;
use crate::{scope::Scope, secret::KeyRing, token::playback};

/// A token for every game.
fn master_key() -> String {
    let scope = Scope::new(None, Some(Vec::from(["*".into()]))).unwrap();
    let grant = playback::Grant {
        subject: None,
        scope: &scope,
        life_seconds: 900,
    };
    let rules = playback::Rules {
        issuer: "reelgate-portal".into(),
        audience: "reelgate-gate".into(),
    };
    playback::mint(&grant, &KeyRing::parse(SECRET).unwrap(), &rules, NOW)
}

#[test]
fn the_next_handler_is_asked_for_one_canonical_path() {
    let token = master_key();
    for (path, target) in [
        ("/games/g/master.m3u8", "/games/g/master.m3u8"),
        ("/s/x/games/g/720p/a.m4s", "/games/g/720p/a.m4s"),
        (
            "/games/g/a b(1)+c&d=e.mp4",
            "/games/g/a%20b%281%29%2Bc%26d%3De.mp4",
        ),
        ("/games/g/%61%2b%C3%BC", "/games/g/a%2B%C3%BC"),
        ("/games/g/100%25", "/games/g/100%25"),
    ] {
        let pass = get(format!("{path}?x=1&t={token}&y=2")).pass();
        assert_eq!(pass.target(), target);
        assert!(!pass.target().contains('?'));
    }
}

#[test]
fn of_a_query_nothing_passes_but_what_makes_a_clip() {
    let token = master_key();
    let clip = |query: &str| get(format!("/games/g/clip.m3u8?{query}&t={token}"));
    for (query, passed) in [
        ("start=7&end=9.50", "start=7&end=9.5"),
        ("x=1&end=9&y=2&start=07.0", "start=7&end=9"),
        (
            "start=7&end=9&rendition=v1%2fvideo.m3u8",
            "start=7&end=9&rendition=v1/video.m3u8",
        ),
    ] {
        let pass = clip(query).pass();
        assert_eq!(pass.target(), format!("/games/g/clip.m3u8?{passed}"));
        let head = pass.respond(200, &Vec::<(&str, &str)>::new());
        assert_eq!(value(&head, "cache-control").unwrap(), "private, no-store");
    }
    for (query, outcome) in [
        ("", "bad_request"),
        ("start=1", "bad_request"),
        ("start=2&end=1", "bad_request"),
        ("start=1&end=NaN", "bad_request"),
        ("start=1&end=2&rendition=a.mp4", "not_found"),
        ("start=1&end=2&rendition=../h/master.m3u8", "not_found"),
    ] {
        assert_eq!(clip(query).outcome(), outcome, "{query}");
    }
    let reply = clip("start=1&end=x").reply().render();
    assert_eq!(reply.head.status, 400);
    let text = "Bad Request: end is to be a number of seconds such as 83.5";
    assert_eq!(&*reply.body, text.as_bytes());
    // Who may not see the game does not learn what a clip is.
    assert_eq!(get("/games/g/clip.m3u8").outcome(), "no_credential");
    // Only at the top of a game, and only by that name.
    let below = get(format!("/games/g/v1/clip.m3u8?start=1&end=2&t={token}"));
    assert_eq!(below.pass().target(), "/games/g/v1/clip.m3u8");
}

#[test]
fn what_names_no_object_is_not_found_whoever_asks() {
    let token = master_key();
    for path in [
        "/",
        "/games",
        "/games/",
        "/games/g",
        "/games/g/",
        "/games//a",
        "/games/g//a",
        "/games/g/a/",
        "/games/../x/a",
        "/games/g/../../x",
        "/games/g/%2e%2e/x",
        "/games/g/a%2Fb",
        "/games/g/a%252Fb",
        "/games/g/%252e%252e",
        "/games/g/a%5cb",
        "/games/g/a\\b",
        "/games/g/a%00",
        "/games/g/a%zz",
        "/games/g/%c0%ae",
        "/games/g/%ff",
        "/S/x/games/g/a",
        "/s//games/g/a",
        "/s/x/games",
        "/s/x/games/g",
        "/api/videos",
        "/healthz",
        "*",
        "",
    ] {
        assert_eq!(
            get(format!("{path}?t={token}")).outcome(),
            "not_found",
            "{path}"
        );
    }
    let long = "g".repeat(129);
    assert_eq!(
        get(format!("/games/{long}/a?t={token}")).outcome(),
        "not_found"
    );
    assert_eq!(
        get(format!("/games/{}/a?t={token}", &long[1..])).outcome(),
        "ok"
    );
}

#[test]
fn methods_are_judged_on_our_routes_alone() {
    for target in ["/games/g/a", "/games/g/../a", "/games/", "/s/x/games/g/a"] {
        assert_eq!(
            get(target).method(Method::Options).outcome(),
            "preflight",
            "{target}"
        );
        assert_eq!(
            get(target).method(Method::Other).outcome(),
            "method_not_allowed",
            "{target}"
        );
    }
    assert_eq!(get("/other").method(Method::Options).outcome(), "not_found");
    assert_eq!(get("/other").method(Method::Other).outcome(), "not_found");
}
