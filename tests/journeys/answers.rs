//! Whole answers: every header that a player gets, and none beside.

use reelgate_tests::client::Answer;
use reelgate_tests::host::Origin;
use reelgate_tests::world::{PAGE, World, path, path_with_token, session};

with_each_origin! {
    headers_are_these_and_no_others
    every_answer_can_be_read_by_the_portals_page
    a_preflight_allows_what_players_need
}

/// The header lines in order of name, but for date and request id, which are never the same.
fn lines(answer: &Answer) -> Vec<String> {
    let headers = answer.headers.iter();
    let lines = headers.filter(|(name, _)| *name != "date" && *name != "x-request-id");
    let mut lines: Vec<String> = lines
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    lines.sort();
    lines
}

async fn headers_are_these_and_no_others(origin: Origin) {
    let world = World::start(origin).await;
    let client = world.client();
    let films = |kind| reelgate_tests::bucket::Object::from("0123456789").of_type(kind);
    world.put("master.m3u8", films("application/vnd.apple.mpegurl"));
    world.put("init.mp4", films("video/mp4"));
    world.put("poster.jpg", films("image/jpeg"));
    let by_cookie = |file: &str| client.get(path(file)).cookie(&session());
    for (file, kind, cache) in [
        (
            "master.m3u8",
            "application/vnd.apple.mpegurl",
            "private, max-age=60",
        ),
        (
            "init.mp4",
            "video/mp4",
            "private, max-age=31536000, immutable",
        ),
        ("poster.jpg", "image/jpeg", "private, max-age=3600"),
    ] {
        let answer = by_cookie(file).send().await;
        let expected = [
            "accept-ranges: bytes",
            &format!("cache-control: {cache}"),
            "content-length: 10",
            &format!("content-type: {kind}"),
            "cross-origin-resource-policy: cross-origin",
            "etag: \"0123456789abcdef0123456789abcdef\"",
            "last-modified: Sat, 01 Nov 2025 12:00:00 GMT",
            "referrer-policy: no-referrer",
            "vary: Origin",
            "x-content-type-options: nosniff",
        ];
        assert_eq!(lines(&answer), expected, "{file}");
        let head = client.head(path(file)).cookie(&session()).send().await;
        assert_eq!(lines(&head), expected, "HEAD {file}");
        assert!(head.body.is_empty());
    }
    let part = by_cookie("init.mp4")
        .header("range", "bytes=2-4")
        .send()
        .await;
    assert!(lines(&part).contains(&"content-range: bytes 2-4/10".into()));
    assert!(lines(&part).contains(&"content-length: 3".into()));

    let unchanged = by_cookie("init.mp4");
    let unchanged = unchanged
        .header("if-none-match", part.header("etag"))
        .send()
        .await;
    let expected = [
        "cache-control: private, max-age=31536000, immutable",
        "cross-origin-resource-policy: cross-origin",
        "etag: \"0123456789abcdef0123456789abcdef\"",
        "last-modified: Sat, 01 Nov 2025 12:00:00 GMT",
        "referrer-policy: no-referrer",
        "vary: Origin",
        "x-content-type-options: nosniff",
    ];
    assert_eq!(
        (unchanged.status, lines(&unchanged)),
        (304, expected.map(String::from).into())
    );

    let refused = client.get(path("init.mp4")).send().await;
    let error = |length: &str| {
        [
            "cache-control: private, no-store".to_owned(),
            format!("content-length: {length}"),
            "content-type: text/plain; charset=utf-8".into(),
            "cross-origin-resource-policy: cross-origin".into(),
            "referrer-policy: no-referrer".into(),
            "vary: Origin".into(),
            "x-content-type-options: nosniff".into(),
        ]
    };
    assert_eq!((refused.status, lines(&refused)), (403, error("9").into()));
    let missing = by_cookie("nothing").send().await;
    assert_eq!((missing.status, lines(&missing)), (404, error("9").into()));
    assert_eq!(missing.text(), "Not Found");
    world.finish().await;
}

async fn every_answer_can_be_read_by_the_portals_page(origin: Origin) {
    let world = World::start(origin).await;
    let client = world.client();
    world.put("a.m4s", "pictures");
    let file = path("a.m4s");
    let cookie = || client.get(&file).cookie(&session());
    for (ask, status) in [
        (cookie(), 200),
        (cookie().header("range", "bytes=0-1"), 206),
        (cookie().header("range", "bytes=99-"), 416),
        (cookie().header("if-match", "\"other\""), 412),
        (cookie().header("if-none-match", "*"), 304),
        (client.get(path_with_token("nothing")), 404),
        (client.get(path_with_token("session.json")), 200),
        (client.get(&file), 403),
        (client.get("/games/"), 404),
        (client.get("/s/x/y"), 404),
        (client.ask(http::Method::POST, &file), 405),
    ] {
        let of_page = ask.clone().header("origin", PAGE).send().await;
        assert_eq!(of_page.status, status);
        assert_eq!(
            of_page.header("access-control-allow-origin"),
            PAGE,
            "{status}"
        );
        assert_eq!(of_page.header("access-control-allow-credentials"), "true");
        assert_eq!(
            of_page.header("access-control-expose-headers"),
            "Content-Length, Content-Range, Accept-Ranges, ETag, X-Reelgate-Reason"
        );
        assert_eq!(of_page.header("vary"), "Origin", "{status}");
        let reason = if status == 403 { "no_credential" } else { "" };
        assert_eq!(of_page.header("x-reelgate-reason"), reason);

        for stranger in ["https://evil.example", "http://portal.example", "null"] {
            let answer = ask.clone().header("origin", stranger).send().await;
            assert_eq!(answer.status, status);
            assert_eq!(answer.header("vary"), "Origin");
            let told = lines(&answer);
            let told = told
                .iter()
                .any(|line| line.starts_with("access-control") || line.starts_with("x-reelgate"));
            assert!(!told, "{stranger} {status}");
        }
    }
    world.finish().await;
}

async fn a_preflight_allows_what_players_need(origin: Origin) {
    let world = World::start(origin).await;
    let ask = |target: &str, page: &str| {
        let ask = world.client().ask(http::Method::OPTIONS, target);
        ask.header("origin", page)
            .header("access-control-request-method", "GET")
            .header("access-control-request-headers", "range")
    };
    let under_path = format!("/s/x{}", path("a.m4s"));
    for target in [&path("a.m4s"), &under_path] {
        let answer = ask(target, PAGE).send().await;
        assert_eq!((answer.status, answer.text()), (204, ""));
        assert_eq!(answer.header("access-control-allow-origin"), PAGE);
        assert_eq!(answer.header("access-control-allow-credentials"), "true");
        assert_eq!(
            answer.header("access-control-allow-methods"),
            "GET, HEAD, OPTIONS"
        );
        assert_eq!(
            answer.header("access-control-allow-headers"),
            "Range, Content-Type, If-Range, If-None-Match, CMCD-Request, CMCD-Object, CMCD-Status, \
             CMCD-Session, traceparent, tracestate, baggage, sentry-trace"
        );
        assert_eq!(answer.header("access-control-max-age"), "86400");
        assert_eq!(answer.header("vary"), "Origin");
        let stranger = ask(target, "https://evil.example").send().await;
        assert_eq!(stranger.status, 204);
        assert_eq!(stranger.header("access-control-allow-origin"), "");
        assert_eq!(stranger.header("access-control-allow-methods"), "");
    }
    assert!(world.bucket.seen().is_empty());
    world.finish().await;
    let world = World::start_with(|settings| {
        settings
            .origin(origin)
            .variable("allowed_headers", "X-Player-Version, x-b3-traceid")
    })
    .await;
    let ask = world.client().ask(http::Method::OPTIONS, path("a.m4s"));
    let answer = ask.header("origin", PAGE).send().await;
    let allowed = answer.header("access-control-allow-headers").to_lowercase();
    assert!(
        allowed.ends_with("sentry-trace, x-player-version, x-b3-traceid"),
        "{allowed}"
    );
    // What a page sends so goes nowhere.
    world.put("a.m4s", "pictures");
    let ask = world.client().get(path("a.m4s")).cookie(&session());
    let ask = ask
        .header("x-player-version", "7")
        .header("traceparent", "00-1-2-3");
    assert_eq!(ask.send().await.status, 200);
    let seen = world.bucket.seen();
    let forwarded = seen.iter().flat_map(|seen| &seen.headers);
    assert!(
        !forwarded
            .into_iter()
            .any(|(name, _)| name == "x-player-version" || name == "traceparent")
    );
    world.finish().await;
}
