use super::*;

struct Asked {
    method: Method,
    target: String,
    headers: Vec<(String, String)>,
    config: Config,
}

fn get(target: &str) -> Asked {
    Asked {
        method: Method::Get,
        target: target.into(),
        headers: Vec::new(),
        config: config(&[]).unwrap(),
    }
}

impl Asked {
    fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    fn method(self, method: Method) -> Self {
        Self { method, ..self }
    }

    fn with(self, variables: &[(&str, &str)]) -> Self {
        Self {
            config: config(variables).unwrap(),
            ..self
        }
    }

    /// The answer where the origin has `manifest` to say.
    fn answer(&self, manifest: Option<u16>) -> Answer {
        let request = Request {
            method: self.method,
            target: &self.target,
            headers: &self.headers,
        };
        let answer = match route(&request, &self.config) {
            Err(answer) => answer,
            Ok(question) => match question.permit(&key_set(), NOW) {
                Err(refusal) => refusal.render(),
                Ok(permit) => permit.answer(manifest, NOW),
            },
        };
        self.config.finish(answer, &request, &LogFields::default())
    }

    /// Status and reason, or status and kind of problem.
    fn refusal(&self) -> (u16, String) {
        let answer = self.answer(Some(200));
        let body = json(&answer);
        let word = body["reason"].as_str().or(body["type"].as_str());
        (answer.head.status, word.unwrap().into())
    }
}

#[test]
fn a_game_is_answered_with_an_address() {
    let answer = get("/api/games/nfl-%20001/playback").bearer(&token());
    let answer = answer.answer(Some(200));
    assert_eq!(answer.head.status, 200);
    assert_eq!(header(&answer, "cache-control"), Some("private, no-store"));
    let body = json(&answer);
    assert_eq!(body["type"], "hls");
    // `date -u -d @1760000900 +%FT%TZ`
    assert_eq!(body["expires_at"], "2025-10-09T09:08:20Z");
    let url = body["url"].as_str().unwrap();
    let (address, token) = url.split_once("?t=").unwrap();
    assert_eq!(
        address,
        "https://video.portal.example/games/nfl-%20001/master.m3u8"
    );
    let shown = crate::token::read_unverified(token).unwrap();
    let claims: Value = serde_json::from_str(&shown.claims).unwrap();
    assert_eq!(
        claims,
        serde_json::json!({
            "sub": "user_2abc", "gid": "nfl- 001", "iat": NOW.0, "exp": NOW.0 + 900,
            "iss": "reelgate-portal", "aud": "reelgate-gate",
        })
    );
}

#[test]
fn a_session_is_answered_with_a_token_for_all_entitlements() {
    let answer = get("/api/playback/session?x=1").bearer(&token());
    let body = json(&answer.answer(None));
    assert_eq!(body["type"], "session");
    let token = body["token"].as_str().unwrap();
    assert_eq!(
        body["url_template"],
        format!("https://video.portal.example/games/{{id}}/master.m3u8?t={token}")
    );
    let shown = crate::token::read_unverified(token).unwrap();
    let claims: Value = serde_json::from_str(&shown.claims).unwrap();
    assert_eq!(claims["ent"], serde_json::json!(["nfl-*", "2025001"]));
    assert_eq!(claims["gid"], Value::Null);
}

#[test]
fn a_token_lives_fifteen_minutes_at_most() {
    for (seconds, life) in [("60", 60), ("900", 900), ("86400", 900)] {
        let asked = get("/api/playback/session").bearer(&token());
        let body = json(
            &asked
                .with(&[("playback_token_ttl_seconds", seconds)])
                .answer(None),
        );
        assert_eq!(body["expires_at"], UnixTime(NOW.0 + life).to_rfc3339());
    }
}

#[test]
fn each_refusal_has_its_status() {
    let unauthorized = |word: &str| (401, word.to_string());
    for target in ["/api/games/nfl-7/playback", "/api/playback/session"] {
        assert_eq!(get(target).refusal(), unauthorized("no_credential"));
        let basic = get(target).header("authorization", "Basic dXNlcjpwYXNz");
        assert_eq!(basic.refusal(), unauthorized("no_credential"));
        let two = get(target).bearer(&token()).bearer(&token());
        assert_eq!(two.refusal(), unauthorized("no_credential"));
        let garbled = get(target).bearer("x");
        assert_eq!(garbled.refusal(), unauthorized("token_malformed"));
        let other = get(target)
            .bearer(&token())
            .with(&[("playback_permission", "admin")]);
        assert_eq!(other.refusal(), (403, "no_permission".into()));
        let elsewhere = get(target)
            .bearer(&token())
            .with(&[("playback_permissions_claim", "roles")]);
        assert_eq!(elsewhere.refusal(), (403, "no_permission".into()));
    }
    for claim in ["fva", "nobody", "v"] {
        let none = get("/api/playback/session")
            .bearer(&token())
            .with(&[("playback_entitlements_claim", claim)]);
        assert_eq!(none.refusal(), (403, "no_entitlements".into()));
    }
    let other = get("/api/games/7/playback").bearer(&token());
    assert_eq!(other.refusal(), (403, "wrong_game".into()));
    let challenge = get("/api/games/nfl-7/playback").answer(None);
    assert_eq!(header(&challenge, "www-authenticate"), Some("Bearer"));
}

#[test]
fn a_claim_that_is_there_must_admit_the_game() {
    let refused = |word: &str| Some((403, word.to_string()));
    let asked = |game: &str, variables: &[(&str, &str)]| {
        let asked = get(&format!("/api/games/{game}/playback")).bearer(&token());
        let asked = asked.with(variables);
        let granted = asked.answer(Some(200)).head.status == 200;
        (!granted).then(|| asked.refusal())
    };
    // The claim of the vectors lists `nfl-*` and `2025001`.
    for (game, refusal) in [
        ("nfl-1", None),
        ("2025001", None),
        ("20250010", refused("wrong_game")),
        ("other-1", refused("wrong_game")),
        ("NFL-1", refused("wrong_game")),
    ] {
        assert_eq!(asked(game, &[]), refusal, "{game}");
        let required = [("playback_entitlements_required", "true")];
        assert_eq!(asked(game, &required), refusal, "{game}");
    }
    for (claim, required, refusal) in [
        // Nobody has this claim.
        ("nobody", "false", None),
        ("nobody", "", None),
        ("nobody", "true", refused("no_entitlements")),
        // A list of numbers and a number are there, and open nothing.
        ("fva", "false", refused("no_entitlements")),
        ("v", "false", refused("no_entitlements")),
        // One text is a list of its words.
        ("sid", "false", refused("wrong_game")),
    ] {
        let variables = [
            ("playback_entitlements_claim", claim),
            ("playback_entitlements_required", required),
        ];
        assert_eq!(asked("nfl-1", &variables), refusal, "{claim} {required}");
    }
    let of_the_session = [("playback_entitlements_claim", "sid")];
    assert_eq!(asked("sess_2abc", &of_the_session), None);
}

#[test]
fn what_the_origin_says_of_the_manifest_is_the_answer() {
    for (manifest, status) in [
        (Some(200), 200),
        (Some(404), 404),
        (Some(403), 503),
        (Some(502), 503),
        (Some(503), 503),
        (None, 503),
    ] {
        let answer = get("/api/games/nfl-7/playback").bearer(&token());
        let answer = answer.answer(manifest);
        assert_eq!(answer.head.status, status, "{manifest:?}");
        let retry = (status == 503).then_some("5");
        assert_eq!(header(&answer, "retry-after"), retry);
    }
}

#[test]
fn another_path_is_not_here() {
    for target in [
        "/api/games/7",
        "/api/games/playback",
        "/api/games//playback",
        "/api/games/7/playback/",
        "/api/games/7/8/playback",
        "/api/games/../playback",
        "/api/games/%2e%2e/playback",
        "/api/games/a%2Fb/playback",
        "/api/games/a%00/playback",
        "/api/games/%zz/playback",
        "/api/playback/session/",
        "/api/playback",
        "/games/7/playback",
        "/",
    ] {
        let (status, word) = get(target).bearer(&token()).refusal();
        assert_eq!(
            (status, &*word),
            (404, "urn:reelgate:problem:not-found"),
            "{target}"
        );
    }
    let long = format!("/api/games/{}/playback", "a".repeat(129));
    assert_eq!(get(&long).bearer(&token()).refusal().0, 404);
}

#[test]
fn methods_are_get_head_and_options() {
    let target = "/api/games/nfl-7/playback";
    for method in [Method::Post, Method::Put, Method::Delete, Method::Other] {
        let answer = get(target).bearer(&token()).method(method).answer(None);
        assert_eq!(answer.head.status, 405);
        assert_eq!(header(&answer, "allow"), Some("GET, HEAD, OPTIONS"));
    }
    let head = get(target).bearer(&token()).method(Method::Head);
    let head = head.answer(Some(200));
    assert_eq!((head.head.status, head.body.len()), (200, 0));
}

#[test]
fn the_portals_page_may_read_every_answer() {
    let target = "/api/games/nfl-7/playback";
    let asked = |asked: Asked| asked.header("origin", PAGE).answer(Some(200));
    for answer in [
        asked(get(target)),
        asked(get(target).bearer(&token())),
        asked(get("/api/games/7")),
        asked(get(target).method(Method::Post)),
        asked(get(target).method(Method::Options)),
    ] {
        let status = answer.head.status;
        assert_eq!(
            header(&answer, "access-control-allow-origin"),
            Some(PAGE),
            "{status}"
        );
        assert_eq!(header(&answer, "vary"), Some("Origin"), "{status}");
    }
    let preflight = asked(get(target).method(Method::Options));
    assert_eq!(preflight.head.status, 204);
    assert_eq!(
        header(&preflight, "access-control-allow-headers"),
        Some("Authorization, Content-Type, traceparent, tracestate, baggage, sentry-trace")
    );
    let more = get(target)
        .method(Method::Options)
        .with(&[("allowed_headers", "X-Client")]);
    let more = asked(more);
    let allowed = header(&more, "access-control-allow-headers").unwrap();
    assert!(allowed.ends_with(", sentry-trace, X-Client"), "{allowed}");
    let stranger = get(target).header("origin", "https://evil.example");
    let stranger = stranger.answer(None);
    assert_eq!(header(&stranger, "access-control-allow-origin"), None);
}

#[test]
fn without_its_variables_it_says_which_is_missing() {
    for name in ["clerk_jwks_url", "video_origin_url"] {
        let answer = get("/api/games/nfl-7/playback")
            .with(&[(name, "")])
            .answer(None);
        assert_eq!(answer.head.status, 503);
        assert_eq!(json(&answer)["detail"], format!("{name} is not set"));
    }
    let nothing = Config::from_lookup(&|_: &str| None);
    assert!(nothing.is_ok_and(|config| config.access.is_err()));
}

#[test]
fn all_that_is_wrong_is_said_at_once() {
    let problems = config(&[
        ("clerk_jwks_url", ""),
        ("video_origin_url", "video.portal.example"),
        ("playback_token_ttl_seconds", "0"),
        ("playback_entitlements_required", "yes"),
        ("playback_token_secret", "short"),
        ("allowed_origins", "*"),
    ]);
    let expected = [
        "allowed_origins",
        "video_origin_url",
        "playback_token_ttl_seconds",
        "playback_entitlements_required",
        "playback_token_secret",
    ];
    assert_eq!(problems.map(|_| ()), Err(expected.map(String::from).into()));
}

#[test]
fn what_cannot_be_used_is_a_problem() {
    for (name, value) in [
        ("clerk_jwks_url", "clerk.portal.example"),
        ("clerk_jwks_url", "https://clerk.portal.example/?x=1"),
        ("video_origin_url", "https://video.portal.example/films"),
        ("playback_token_ttl_seconds", "0"),
        ("playback_token_ttl_seconds", "15m"),
        ("playback_entitlements_required", "yes"),
        ("playback_token_secret", "short"),
        ("allowed_origins", "*"),
        ("allowed_headers", "Cookie"),
    ] {
        let problems = config(&[(name, value)]).map(|_| ());
        assert_eq!(problems, Err(alloc::vec![name.into()]), "{value}");
    }
    let shown = format!("{:?}", config(&[]).unwrap());
    assert!(!shown.contains(SECRET), "{shown}");
}

#[test]
fn keys_lie_where_the_variable_says_or_where_clerk_has_them() {
    for (url, path) in [
        ("https://clerk.portal.example", "/.well-known/jwks.json"),
        ("https://clerk.portal.example/", "/.well-known/jwks.json"),
        ("https://id.example/realms/x/certs", "/realms/x/certs"),
    ] {
        let config = config(&[("clerk_jwks_url", url)]).unwrap();
        assert_eq!(config.access.unwrap().keys.path, path);
    }
}

#[test]
fn the_order_of_checks_gives_nothing_away() {
    // Who has no token learns nothing of the film: the origin is not asked without a permit.
    let asked = get("/api/games/nfl-7/playback").bearer("a.b.c");
    let request = Request {
        method: Method::Get,
        target: &asked.target,
        headers: &asked.headers,
    };
    assert!(route(&request, &asked.config).is_err());
    let refusal = Refusal::from(Reason::NoPermission);
    assert_eq!(refusal.render().head.status, 403);
}
