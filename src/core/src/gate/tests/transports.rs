use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::*;
use crate::vectors::{SECOND_SECRET, SESSION_OF_PATTERNS, TOKEN_OF_PATTERNS};

#[test]
fn the_vectors_have_their_outcome_in_the_query() {
    for vector in vectors::playback_tokens() {
        let secrets = [("playback_token_secret", vector.secrets.as_str())];
        for written in [
            vector.token.clone(),
            utf8_percent_encode(&vector.token, NON_ALPHANUMERIC).to_string(),
        ] {
            let ask =
                get(format!("/games/{}/master.m3u8?t={written}", vector.game_id)).with(&secrets);
            assert_eq!(
                ask.at(UnixTime(vector.now)).outcome(),
                vector.expect,
                "{}",
                vector.name
            );
        }
    }
}

#[test]
fn a_playback_token_is_no_session_whatever_carries_it() {
    for vector in vectors::playback_tokens() {
        let secrets = [("playback_token_secret", vector.secrets.as_str())];
        let cookie = get(format!("/games/{}/a.m4s", vector.game_id))
            .cookie(&vector.token)
            .with(&secrets);
        assert_ne!(
            cookie.at(UnixTime(vector.now)).outcome(),
            "ok",
            "{}",
            vector.name
        );
        let path = get(format!(
            "/s/{}/games/{}/a.m4s",
            vector.token, vector.game_id
        ))
        .with(&secrets);
        assert_ne!(
            path.at(UnixTime(vector.now)).outcome(),
            "ok",
            "{}",
            vector.name
        );
    }
}

#[test]
fn a_session_comes_by_cookie_or_path_and_not_as_token() {
    assert_eq!(get("/games/2025001/a.m4s").cookie(SESSION).outcome(), "ok");
    assert_eq!(
        get(format!("/s/{SESSION}/games/2025001/a.m4s")).outcome(),
        "ok"
    );
    assert_eq!(
        get(format!("/games/2025001/a.m4s?t={SESSION}")).outcome(),
        "token_lifetime"
    );
    let secrets = [(
        "playback_token_secret",
        &*format!("k1:{SECRET},k2:{SECOND_SECRET}"),
    )];
    assert_eq!(
        get("/games/nfl-1/a.m4s")
            .cookie(SESSION_OF_PATTERNS)
            .with(&secrets)
            .outcome(),
        "ok"
    );
    assert_eq!(
        get("/games/ufl-1/a.m4s")
            .cookie(SESSION_OF_PATTERNS)
            .with(&secrets)
            .outcome(),
        "wrong_game"
    );
    assert_eq!(
        get(format!("/games/nfl-1/a.m4s?t={TOKEN_OF_PATTERNS}"))
            .with(&secrets)
            .outcome(),
        "ok"
    );
}

#[test]
fn the_authorization_header_is_no_credential() {
    let ask = get("/games/2025001/a.m4s").header("authorization", &format!("Bearer {}", token()));
    assert_eq!(ask.outcome(), "no_credential");
}

#[test]
fn a_bad_credential_beside_a_good_one_still_plays() {
    let expired = UnixTime(1_760_000_901);
    let good = token();
    for ask in [
        get(format!("/games/2025001/a.m4s?t={good}"))
            .cookie(SESSION)
            .at(expired),
        get("/games/2025001/a.m4s?t=x").cookie(SESSION),
        get("/games/2025001/a.m4s?t=%ff").cookie(SESSION),
        get("/games/2025001/a.m4s?t=").cookie(SESSION),
        get(format!("/games/2025001/a.m4s?t={TOKEN_OF_PATTERNS}")).cookie(SESSION),
        get(format!("/games/2025001/a.m4s?t={good}")).cookie("x"),
        get(format!("/s/x/games/2025001/a.m4s?t={good}")),
        get("/s/x/games/2025001/a.m4s").cookie(SESSION),
        get(format!("/s/{SESSION}/games/2025001/a.m4s?t=x")).cookie("y"),
    ] {
        assert_eq!(ask.outcome(), "ok", "{}", ask.target);
    }
}

#[test]
fn every_cookie_of_the_name_is_tried() {
    let ask = || get("/games/2025001/a.m4s");
    let among = |header: String| ask().header("Cookie", &header).outcome();
    assert_eq!(
        among(format!(
            "a=1; reelgate_session=x; reelgate_session={SESSION}"
        )),
        "ok"
    );
    assert_eq!(among(format!("reelgate_session=\"{SESSION}\"")), "ok");
    assert_eq!(
        among(format!("Reelgate_Session={SESSION}")),
        "no_credential"
    );
    assert_eq!(
        among("reelgate_session=; reelgate_session=\"\"".into()),
        "no_credential"
    );
    assert_eq!(
        ask()
            .cookie("x")
            .header("cookie", "other=1")
            .cookie(SESSION)
            .outcome(),
        "ok"
    );
    let renamed = ask()
        .header("cookie", &format!("s={SESSION}"))
        .with(&[("session_cookie_name", "s")]);
    assert_eq!(renamed.outcome(), "ok");
}

#[test]
fn cookies_beyond_the_thirty_second_are_not_tried() {
    let after = |bad: usize| {
        let header = "reelgate_session=x; ".repeat(bad) + "reelgate_session=" + SESSION;
        get("/games/2025001/a.m4s")
            .header("cookie", &header)
            .outcome()
    };
    assert_eq!(after(31), "ok");
    assert_eq!(after(32), "token_malformed");
}

#[test]
fn the_first_refused_credential_gives_the_reason() {
    let none = "/games/2025002/a.m4s";
    let good = token();
    for (ask, expected) in [
        (get(none), "no_credential"),
        (get(format!("{none}?t=")), "no_credential"),
        (get(format!("{none}?t={good}")), "wrong_game"),
        (
            get(format!("{none}?t=x")).cookie(SESSION),
            "token_malformed",
        ),
        (get(none).cookie(SESSION).cookie("x"), "wrong_game"),
        (get(none).cookie("x").cookie(SESSION), "token_malformed"),
        (get(format!("/s/{SESSION}{none}")), "wrong_game"),
        (get(format!("/s/x{none}")).cookie(SESSION), "wrong_game"),
        (
            get(format!("/s/{SESSION}{none}?t=a.b.c")),
            "token_malformed",
        ),
    ] {
        assert_eq!(ask.outcome(), expected, "{}", ask.target);
    }
}

/// Headers that note which of them are looked at.
struct Watched(Vec<(String, String)>, core::cell::RefCell<Vec<String>>);

impl crate::http::HeaderSource for Watched {
    fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.1.borrow_mut().push(name.into());
        self.0.as_slice().values(name)
    }
}

#[test]
fn a_host_may_leave_out_the_headers_that_are_not_read() {
    let ask = get(format!("/games/2025001/a.m4s?t={}", "no token"))
        .cookie(SESSION)
        .by_the_portal();
    let headers = Watched(ask.headers, core::cell::RefCell::default());
    let request = Request {
        method: Method::Get,
        target: &ask.target,
        headers: &headers,
    };
    let decision = decide(&request, &ask.config, NOW, || SESSION_ID);
    assert!(matches!(decision, Decision::Forward(_)));
    let read = headers.1.into_inner();
    assert_eq!(read.iter().find(|name| !crate::gate::reads(name)), None);
    assert!(read.len() >= 9, "{read:?}");
}
