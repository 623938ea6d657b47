use super::*;
use crate::{
    scope::Scope,
    secret::KeyRing,
    token::{playback, session},
    vectors::{SECOND_SECRET, SESSION_OF_PATTERNS, TOKEN_OF_PATTERNS},
};

/// One second past half the life of `SESSION`.
const PAST_HALF: UnixTime = UnixTime(1_760_010_801);

fn minted(subject: &str, game: Option<&str>, patterns: Option<&[&str]>) -> String {
    let patterns = patterns.map(|patterns| patterns.iter().map(ToString::to_string).collect());
    let scope = Scope::new(game.map(String::from), patterns).unwrap();
    let grant = playback::Grant {
        subject: Some(subject),
        scope: &scope,
        life_seconds: 900,
    };
    let rules = playback::Rules {
        issuer: "reelgate-portal".into(),
        audience: "reelgate-gate".into(),
    };
    playback::mint(&grant, &KeyRing::parse(SECRET).unwrap(), &rules, NOW)
}

/// The attributes of the cookie a token buys at `target`.
fn attributes(target: &str, token: &str, variables: &[(&str, &str)]) -> String {
    let cookie = get(format!("{target}?t={token}"))
        .with(variables)
        .set_cookie()
        .unwrap();
    let (pair, attributes) = cookie.split_once("; ").unwrap();
    assert!(pair.contains('='));
    attributes.into()
}

#[test]
fn a_token_buys_a_session_cookie() {
    let cookie = get(format!("/games/2025001/master.m3u8?t={}", token()))
        .at(UnixTime(1_760_000_000))
        .set_cookie();
    let expected = format!(
        "reelgate_session={SESSION}; Path=/games/2025001/; Max-Age=21600; HttpOnly; Secure; SameSite=None"
    );
    assert_eq!(cookie, Some(expected));
}

#[test]
fn the_cookie_is_set_as_configured() {
    let variables = [
        ("session_cookie_name", "__Secure-s"),
        ("session_ttl_seconds", "60"),
        ("cookie_partitioned", "true"),
    ];
    let cookie = get(format!("/games/2025001/a.m4s?t={}", token()))
        .with(&variables)
        .set_cookie()
        .unwrap();
    assert!(cookie.starts_with("__Secure-s=eyJ"));
    let expected =
        "; Path=/games/2025001/; Max-Age=60; HttpOnly; Secure; SameSite=None; Partitioned";
    assert!(cookie.ends_with(expected), "{cookie}");
}

#[test]
fn the_cookies_path_is_the_game_as_written_or_all_games() {
    let rest = "Max-Age=21600; HttpOnly; Secure; SameSite=None";
    for (target, token, path) in [
        (
            "/games/2025001/a.m4s",
            minted("u", Some("2025001"), None),
            "/games/2025001/",
        ),
        (
            "/games/%32025001/a.m4s",
            minted("u", Some("2025001"), None),
            "/games/%32025001/",
        ),
        (
            "/games/a%20b/a.m4s",
            minted("u", Some("a b"), None),
            "/games/a%20b/",
        ),
        (
            "/games/a,b=c/a.m4s",
            minted("u", Some("a,b=c"), None),
            "/games/a,b=c/",
        ),
        (
            "/games/a;Domain=x/a.m4s",
            minted("u", Some("a;Domain=x"), None),
            "/games/",
        ),
        ("/games/ö/a.m4s", minted("u", Some("ö"), None), "/games/"),
        ("/games/a/a.m4s", minted("u", None, Some(&["*"])), "/games/"),
        (
            "/games/a/a.m4s",
            minted("u", Some("a"), Some(&[])),
            "/games/",
        ),
        (
            "/s/x/games/a/a.m4s",
            minted("u", Some("a"), None),
            "/games/a/",
        ),
    ] {
        assert_eq!(
            attributes(target, &token, &[]),
            format!("Path={path}; {rest}"),
            "{target}"
        );
    }
}

#[test]
fn a_session_alone_sets_no_cookie() {
    assert_eq!(
        get("/games/2025001/master.m3u8")
            .cookie(SESSION)
            .set_cookie(),
        None
    );
    assert_eq!(
        get(format!("/s/{SESSION}/games/2025001/master.m3u8")).set_cookie(),
        None
    );
    let refused_token = get(format!("/s/{SESSION}/games/2025001/master.m3u8?t=x"));
    assert_eq!(refused_token.set_cookie(), None);
}

#[test]
fn an_old_cookie_session_is_renewed_with_a_playlist() {
    let playlist = || get("/games/2025001/720p/index.m3u8").cookie(SESSION);
    assert_eq!(playlist().at(UnixTime(PAST_HALF.0 - 1)).set_cookie(), None);
    for ask in [
        playlist().at(PAST_HALF),
        playlist().at(PAST_HALF).method(Method::Head),
    ] {
        let cookie = ask.set_cookie().unwrap();
        let renewed = cookie
            .strip_prefix("reelgate_session=")
            .unwrap()
            .split(';')
            .next()
            .unwrap();
        assert!(
            cookie.ends_with(
                "; Path=/games/2025001/; Max-Age=21600; HttpOnly; Secure; SameSite=None"
            )
        );
        let rules = ask.config.session_rules();
        let claims = session::verify(renewed, ask.config.keys(), rules, PAST_HALF).unwrap();
        assert_eq!(
            (claims.issued, claims.expires),
            (PAST_HALF, PAST_HALF.plus(21_600))
        );
        assert_eq!(
            (&*claims.id, &*claims.subject),
            ("AAECAwQFBgcICQoLDA0ODw", "user_2abc")
        );
        assert_eq!(claims.scope.game(), Some("2025001"));
    }
}

#[test]
fn nothing_else_is_renewed() {
    assert_eq!(
        get("/games/2025001/a.m4s")
            .cookie(SESSION)
            .at(PAST_HALF)
            .set_cookie(),
        None
    );
    let by_path = get(format!("/s/{SESSION}/games/2025001/index.m3u8"));
    assert_eq!(by_path.at(PAST_HALF).set_cookie(), None);
}

#[test]
fn a_session_of_patterns_is_renewed_for_all_games() {
    let secrets = [(
        "playback_token_secret",
        &*format!("k2:{SECOND_SECRET},k1:{SECRET}"),
    )];
    let ask = get("/games/nfl-1/index.m3u8")
        .cookie(SESSION_OF_PATTERNS)
        .with(&secrets)
        .at(PAST_HALF);
    assert!(ask.set_cookie().unwrap().contains("; Path=/games/; "));
    let bought = get(format!("/games/nfl-1/a.m4s?t={TOKEN_OF_PATTERNS}")).with(&secrets);
    let cookie = bought.at(UnixTime(1_760_000_000)).set_cookie().unwrap();
    assert!(cookie.starts_with(&format!(
        "reelgate_session={SESSION_OF_PATTERNS}; Path=/games/; "
    )));
}

#[test]
fn a_session_that_browsers_would_drop_is_not_minted() {
    let asked = |length: usize| {
        get(format!(
            "/games/g/a.m4s?t={}",
            minted(&"u".repeat(length), Some("g"), None)
        ))
    };
    let longest = (2400..2800)
        .rev()
        .find(|length| asked(*length).outcome() == "ok")
        .unwrap();
    assert!((3797..=3800).contains(&asked(longest).set_cookie().unwrap().len()));
    assert_eq!(asked(longest + 1).outcome(), "token_claims");
    assert_eq!(asked(longest + 1).cookie(SESSION).outcome(), "token_claims");
    let own = get(format!(
        "/games/2025001/a.m4s?t={}",
        minted(&"u".repeat(3000), Some("2025001"), None)
    ));
    assert_eq!(own.cookie(SESSION).set_cookie(), None);
    let info = get(format!(
        "/games/g/session.json?t={}",
        minted(&"u".repeat(3000), Some("g"), None)
    ));
    assert_eq!(info.outcome(), "token_claims");
}

#[test]
fn session_json_gives_a_prefix_that_plays() {
    let ask = get(format!("/games/2025001/session.json?t={}", token())).at(UnixTime(1_760_000_000));
    let answer = ask.reply().render();
    let expected = format!(
        r#"{{"prefix":"/s/{SESSION}/games/2025001/","expires_at":"2025-10-09T14:53:20Z"}}"#
    );
    assert_eq!(core::str::from_utf8(&answer.body), Ok(&*expected));
    assert_eq!(answer.head.status, 200);
    assert_eq!(
        value(&answer.head, "content-type").as_deref(),
        Some("application/json")
    );
    assert_eq!(
        value(&answer.head, "cache-control").as_deref(),
        Some("private, no-store")
    );
    let cookie = value(&answer.head, "set-cookie").unwrap();
    assert!(cookie.starts_with(&format!(
        "reelgate_session={SESSION}; Path=/games/2025001/; "
    )));
    assert_eq!(
        get(format!("/s/{SESSION}/games/2025001/720p/a.m4s")).outcome(),
        "ok"
    );
}

#[test]
fn session_json_gives_back_a_session_that_is_there() {
    for ask in [
        get("/games/2025001/session.json").cookie(SESSION),
        get(format!("/s/{SESSION}/games/2025001/session.json")),
        get("/games/2025001/sess%69on.json")
            .cookie(SESSION)
            .at(PAST_HALF),
    ] {
        let answer = ask.reply().render();
        let expected = format!(
            r#"{{"prefix":"/s/{SESSION}/games/2025001/","expires_at":"2025-10-09T14:53:20Z"}}"#
        );
        assert_eq!(core::str::from_utf8(&answer.body), Ok(&*expected));
        assert_eq!(value(&answer.head, "set-cookie"), None);
    }
}

#[test]
fn session_json_is_reserved_in_the_games_root_alone() {
    assert_eq!(
        get("/games/2025001/session.json").outcome(),
        "no_credential"
    );
    assert_eq!(
        get("/games/2025002/session.json").cookie(SESSION).outcome(),
        "wrong_game"
    );
    assert_eq!(
        get("/games/2025001/x/session.json")
            .cookie(SESSION)
            .outcome(),
        "ok"
    );
    assert_eq!(
        get("/games/2025001/Session.json").cookie(SESSION).outcome(),
        "ok"
    );
    assert_eq!(
        get("/games/2025001/session.json")
            .method(Method::Options)
            .outcome(),
        "preflight"
    );
    assert_eq!(
        get("/games/2025001/session.json")
            .method(Method::Other)
            .outcome(),
        "method_not_allowed"
    );
}

#[test]
fn the_prefix_is_escaped() {
    let token = minted("u", Some("a \"b"), None);
    let answer = get(format!("/games/a%20\"b/session.json?t={token}"))
        .reply()
        .render();
    let body = core::str::from_utf8(&answer.body).unwrap();
    assert!(body.contains("/games/a%20%22b/\""), "{body}");
}

#[test]
fn a_cookie_is_never_shown() {
    let ask = get(format!("/games/2025001/a.m4s?t={}", token()));
    assert!(format!("{:?}", ask.pass()).contains("set_cookie: Some([secret])"));
}
