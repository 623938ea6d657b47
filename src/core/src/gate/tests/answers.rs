use super::*;
use crate::{gate::misconfigured, http::Headers};

const COMMON: &str = "cross-origin-resource-policy: cross-origin\n\
    referrer-policy: no-referrer\n\
    vary: Origin\n\
    x-content-type-options: nosniff\n";

#[test]
fn a_preflight_names_what_a_page_may_do() {
    let answer = get("/games/g/a.m4s")
        .method(Method::Options)
        .by_the_portal()
        .reply()
        .render();
    let expected = "204\n\
        access-control-allow-credentials: true\n\
        access-control-allow-headers: Range, Content-Type, If-Range, If-None-Match, CMCD-Request, \
        CMCD-Object, CMCD-Status, CMCD-Session, traceparent, tracestate, baggage, sentry-trace\n\
        access-control-allow-methods: GET, HEAD, OPTIONS\n\
        access-control-allow-origin: https://portal.example\n\
        access-control-expose-headers: Content-Length, Content-Range, Accept-Ranges, ETag, X-Reelgate-Reason\n\
        access-control-max-age: 86400\n\
        allow: GET, HEAD, OPTIONS\n\
        cross-origin-resource-policy: cross-origin\n\
        referrer-policy: no-referrer\n\
        vary: Origin\n\
        x-content-type-options: nosniff\n\n";
    assert_eq!(text(&answer), expected);
    let stranger = get("/games/g/a.m4s")
        .method(Method::Options)
        .header("origin", "https://evil.example");
    assert_eq!(
        text(&stranger.reply().render()),
        format!("204\nallow: GET, HEAD, OPTIONS\n{COMMON}\n")
    );
}

#[test]
fn what_a_page_may_send_goes_nowhere() {
    let more = [("allowed_headers", "X-Client, range")];
    let preflight = get("/games/g/a.m4s")
        .method(Method::Options)
        .by_the_portal();
    let answer = preflight.with(&more).reply().render();
    let allowed = value(&answer.head, "access-control-allow-headers").unwrap();
    assert!(allowed.ends_with(", sentry-trace, X-Client"), "{allowed}");
    let mut ask = get("/games/2025001/a.m4s").cookie(SESSION).with(&more);
    for name in allowed.split(", ") {
        ask = ask.header(name, "bytes=0-1");
    }
    let pass = ask.pass();
    let names: Vec<&str> = pass.headers().iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["range", "if-range", "if-none-match"]);
}

#[test]
fn a_refusal_tells_the_portal_why_and_nobody_else() {
    let answer = get("/games/g/a.m4s?t=x").by_the_portal().reply().render();
    let expected = "403\n\
        access-control-allow-credentials: true\n\
        access-control-allow-origin: https://portal.example\n\
        access-control-expose-headers: Content-Length, Content-Range, Accept-Ranges, ETag, X-Reelgate-Reason\n\
        cache-control: private, no-store\n\
        content-length: 9\n\
        content-type: text/plain; charset=utf-8\n\
        cross-origin-resource-policy: cross-origin\n\
        referrer-policy: no-referrer\n\
        vary: Origin\n\
        x-content-type-options: nosniff\n\
        x-reelgate-reason: token_malformed\n\nForbidden";
    assert_eq!(text(&answer), expected);
    let plain = format!(
        "403\ncache-control: private, no-store\ncontent-length: 9\ncontent-type: text/plain; charset=utf-8\n{COMMON}\nForbidden"
    );
    assert_eq!(text(&get("/games/g/a.m4s?t=x").reply().render()), plain);
    let stranger = get("/games/other/b.m3u8")
        .header("origin", "https://evil.example")
        .cookie(SESSION);
    assert_eq!(text(&stranger.reply().render()), plain);
}

#[test]
fn errors_are_short_and_kept_by_nobody() {
    let error = |status: u16, length: usize, more: &str, body: &str| {
        format!(
            "{status}\n{more}cache-control: private, no-store\ncontent-length: {length}\n\
             content-type: text/plain; charset=utf-8\n{COMMON}\n{body}"
        )
    };
    assert_eq!(
        text(&get("/nothing").reply().render()),
        error(404, 9, "", "Not Found")
    );
    let post = get("/games/g/a.m4s").method(Method::Other).reply().render();
    assert_eq!(
        text(&post),
        error(405, 18, "allow: GET, HEAD, OPTIONS\n", "Method Not Allowed")
    );
    assert_eq!(
        text(&misconfigured(Method::Get)),
        error(500, 13, "", "misconfigured")
    );
    assert_eq!(text(&misconfigured(Method::Head)), error(500, 13, "", ""));
    let pass = get("/games/2025001/a.m4s").cookie(SESSION).pass();
    assert_eq!(text(&pass.unavailable()), error(502, 11, "", "Bad Gateway"));
    let head = get("/games/2025001/a.m4s")
        .cookie(SESSION)
        .method(Method::Head)
        .pass();
    assert_eq!(text(&head.unavailable()), error(502, 11, "", ""));
}

#[test]
fn every_answer_has_cors_and_security_headers() {
    let good = token();
    let asks = [
        get("/games/g/a").method(Method::Options),
        get("/games/g/a").method(Method::Other),
        get("/nothing"),
        get("/games/g/a"),
        get(format!("/games/2025001/session.json?t={good}")),
        get(format!("/games/2025001/session.json?t={good}")).method(Method::Head),
    ];
    let mut heads: Vec<Head> = asks
        .into_iter()
        .map(|ask| ask.by_the_portal().reply().render().head)
        .collect();
    for credential in [
        get(format!("/games/2025001/a.ts?t={good}")),
        get("/games/2025001/a.ts").cookie(SESSION),
    ] {
        let pass = credential.by_the_portal().pass();
        heads.push(pass.unavailable().head);
        heads.extend(
            [200, 206, 304, 404, 412, 416, 502, 503, 504]
                .map(|status| pass.respond(status, &Headers::new())),
        );
    }
    for head in heads {
        for line in [
            "access-control-allow-credentials: true",
            "access-control-allow-origin: https://portal.example",
            "access-control-expose-headers: Content-Length, Content-Range, Accept-Ranges, ETag, X-Reelgate-Reason",
            "cross-origin-resource-policy: cross-origin",
            "referrer-policy: no-referrer",
            "vary: Origin",
            "x-content-type-options: nosniff",
        ] {
            assert!(
                head_text(&head).lines().any(|other| other == line),
                "{line} in {}",
                head.status
            );
        }
    }
}

#[test]
fn a_head_request_gets_the_headers_of_get() {
    for target in [
        "/nothing",
        "/games/g/a",
        &format!("/games/2025001/session.json?t={}", token()),
    ] {
        let [get, head] =
            [Method::Get, Method::Head].map(|method| get(target).method(method).reply().render());
        assert_eq!(get.head, head.head, "{target}");
        assert!(!get.body.is_empty() && head.body.is_empty());
    }
}

/// What a bucket's answer may look like once the origin has passed it on.
fn upstream() -> Vec<(&'static str, &'static str)> {
    Vec::from([
        ("Content-Type", "video/iso.segment"),
        ("Content-Length", "16384"),
        ("Content-Range", "bytes 0-16383/99999"),
        ("Accept-Ranges", "bytes"),
        ("ETag", "\"abc\""),
        ("Last-Modified", "Thu, 09 Oct 2025 08:53:20 GMT"),
        ("Content-Encoding", "identity"),
        ("Retry-After", "2"),
        ("Server", "S3"),
        ("x-amz-request-id", "4442587FB7D0A2F9"),
        ("Set-Cookie", "a=b"),
        ("Cache-Control", "public"),
        ("Vary", "*"),
        ("Access-Control-Allow-Origin", "*"),
        ("X-Reelgate-Log", "game=forged"),
        ("Location", "https://elsewhere/"),
    ])
}

#[test]
fn the_player_gets_what_it_needs_and_nothing_of_the_buckets() {
    let pass = get("/games/2025001/a.m4s").cookie(SESSION).pass();
    let expected = format!(
        "206\naccept-ranges: bytes\ncache-control: private, max-age=31536000, immutable\ncontent-encoding: identity\n\
         content-length: 16384\ncontent-range: bytes 0-16383/99999\ncontent-type: video/iso.segment\n\
         cross-origin-resource-policy: cross-origin\netag: \"abc\"\nlast-modified: Thu, 09 Oct 2025 08:53:20 GMT\n{}",
        COMMON.split_once('\n').unwrap().1
    );
    assert_eq!(head_text(&pass.respond(206, &upstream())), expected);
    assert!(
        head_text(&pass.respond(304, &upstream()))
            .contains("cache-control: private, max-age=31536000, immutable\n")
    );
    assert_eq!(
        value(&pass.respond(304, &upstream()), "content-length"),
        None
    );
}

#[test]
fn an_error_from_next_keeps_its_text_and_little_else() {
    let pass = get(format!("/games/2025001/a.m4s?t={}", token())).pass();
    let head = |status: u16, more: &str| {
        let own = "cache-control: private, no-store\ncontent-length: 16384\n";
        let last = if status == 503 {
            "retry-after: 2\n"
        } else {
            ""
        };
        let policies = "cross-origin-resource-policy: cross-origin\nreferrer-policy: no-referrer\n";
        let tail = "vary: Origin\nx-content-type-options: nosniff\n";
        format!("{status}\n{own}{more}content-type: video/iso.segment\n{policies}{last}{tail}")
    };
    for status in [404, 412, 502, 503, 504] {
        assert_eq!(
            head_text(&pass.respond(status, &upstream())),
            head(status, "")
        );
    }
    let range = "content-range: bytes 0-16383/99999\n";
    assert_eq!(head_text(&pass.respond(416, &upstream())), head(416, range));
}

#[test]
fn no_cache_keeps_an_error() {
    let pass = get("/games/2025001/a.m4s").cookie(SESSION).pass();
    let kept = |status: u16| value(&pass.respond(status, &upstream()), "cache-control").unwrap();
    assert_eq!(kept(399), "private, max-age=31536000, immutable");
    assert_eq!(kept(400), "private, no-store");
    assert_eq!(kept(503), "private, no-store");
}

#[test]
fn a_header_that_must_not_repeat_is_left_out_when_it_does() {
    let pass = get("/games/2025001/a.m4s").cookie(SESSION).pass();
    let twice = Vec::from([
        ("content-length", "1"),
        ("content-length", "2"),
        ("etag", "\"x\""),
    ]);
    let head = pass.respond(200, &twice);
    assert_eq!(value(&head, "content-length"), None);
    assert_eq!(value(&head, "etag").as_deref(), Some("\"x\""));
}

#[test]
fn a_cookie_goes_with_every_answer_below_400_and_no_cache_keeps_it() {
    let good = token();
    for method in [Method::Get, Method::Head] {
        let pass = get(format!("/games/2025001/a.m4s?t={good}"))
            .method(method)
            .pass();
        for status in [200, 206, 304] {
            let head = pass.respond(status, &upstream());
            assert!(
                value(&head, "set-cookie")
                    .unwrap()
                    .starts_with("reelgate_session=eyJ")
            );
            assert_eq!(
                value(&head, "cache-control").as_deref(),
                Some("private, no-store")
            );
        }
        for status in [400, 404, 416, 503] {
            assert_eq!(
                value(&pass.respond(status, &upstream()), "set-cookie"),
                None
            );
        }
        assert_eq!(value(&pass.unavailable().head, "set-cookie"), None);
    }
}

#[test]
fn the_next_handler_sees_ranges_conditions_and_the_requests_id() {
    let seen = [
        ("range", "bytes=0-1"),
        ("if-range", "\"abc\""),
        ("if-match", "*"),
        ("if-none-match", "\"a\""),
        ("if-none-match", "\"b\""),
        ("if-modified-since", "Thu, 09 Oct 2025 08:53:20 GMT"),
        ("if-unmodified-since", "Thu, 09 Oct 2025 08:53:21 GMT"),
        ("x-request-id", "r1"),
    ];
    let unseen = [
        ("Cookie", "other=1"),
        ("Authorization", "Bearer x"),
        ("User-Agent", "hls.js"),
        ("X-Forwarded-For", "192.0.2.1"),
        ("spin-client-addr", "192.0.2.1:1"),
        ("Referer", "https://portal.example/?t=x"),
        ("Origin", "https://portal.example"),
        ("Host", "video.example"),
        ("Accept-Encoding", "gzip"),
        ("x-reelgate-log", "game=x"),
    ];
    let mut ask = get(format!("/games/2025001/a.m4s?t={}", token()));
    for (name, value) in seen.iter().chain(&unseen) {
        ask = ask.header(&name.to_uppercase(), value);
    }
    let pass = ask.cookie(SESSION).pass();
    let headers: Vec<(&str, &str)> = pass
        .headers()
        .iter()
        .map(|(name, value)| (*name, core::str::from_utf8(value).unwrap()))
        .collect();
    assert_eq!(headers, seen);
    assert_eq!(pass.method(), Method::Get);
}

#[test]
fn the_log_is_told_in_a_header_where_a_host_asks_for_it() {
    let asked = [("log_header", "x-reelgate-log")];
    let log = |head: &Head| value(head, "x-reelgate-log").unwrap();
    let pass = get("/games/2025001/a.m4s")
        .cookie(SESSION)
        .with(&asked)
        .pass();
    assert_eq!(
        log(&pass.respond(200, &upstream())),
        "game=2025001;sub=user_2abc"
    );
    assert_eq!(log(&pass.unavailable().head), "game=2025001;sub=user_2abc");
    for (ask, expected) in [
        (get("/nothing"), ""),
        (get("/games/g/a.m4s"), "game=g;reason=no_credential"),
        (
            get("/games/a%3Bb/a.m4s?t=x"),
            "game=a%3Bb;reason=token_malformed",
        ),
        (
            get("/games/g/a.m4s").cookie(SESSION),
            "game=g;sub=user_2abc;reason=wrong_game",
        ),
        (
            get("/games/2025001/session.json").cookie(SESSION),
            "game=2025001;sub=user_2abc",
        ),
        (get("/games/g/a.m4s").method(Method::Options), ""),
    ] {
        assert_eq!(log(&ask.with(&asked).reply().render().head), expected);
    }
    let unasked = get("/games/2025001/a.m4s")
        .cookie(SESSION)
        .pass()
        .respond(200, &upstream());
    assert_eq!(value(&unasked, "x-reelgate-log"), None);
}

#[test]
fn nothing_that_is_printed_holds_a_credential() {
    let good = token();
    let signature = SESSION.rsplit('.').next().unwrap();
    for ask in [
        get(format!("/games/2025001/a.m4s?t={good}")).at(UnixTime(1_760_000_000)),
        get("/games/2025001/a.m3u8")
            .cookie(SESSION)
            .at(UnixTime(1_760_020_000)),
        get(format!("/s/{SESSION}/games/2025001/a.m4s")),
        get(format!("/games/2025001/session.json?t={good}")).at(UnixTime(1_760_000_000)),
        get(format!("/s/{SESSION}/games/2025001/session.json")),
        get(format!("/s/{SESSION}/games/2025002/a.m4s")),
    ] {
        let request = Request {
            method: ask.method,
            target: &ask.target,
            headers: &ask.headers,
        };
        let shown = format!("{request:?} {:?} {:?}", ask.decide(), ask.config);
        assert!(
            !shown.contains("eyJ") && !shown.contains(signature) && !shown.contains(SECRET),
            "{shown}"
        );
    }
}
