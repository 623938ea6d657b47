use proptest::prelude::*;

use super::*;

fn any_method() -> impl Strategy<Value = Method> {
    prop_oneof![
        Just(Method::Get),
        Just(Method::Head),
        Just(Method::Options),
        Just(Method::Other)
    ]
}

fn any_target() -> impl Strategy<Value = String> {
    prop_oneof![
        ".{0,60}",
        "/games/[^ ]{0,12}/[^ ]{0,20}(\\?t=[^ ]{0,30})?",
        "/s/[^ ]{0,20}/games/[a-z%0-9]{0,6}/[^ ]{0,12}",
        Just(format!("/games/2025001/a.m4s?t={}", token())),
        Just(format!("/s/{SESSION}/games/2025001/%61.m3u8")),
        "/games/2025001/[a-z.%0-9]{0,12}",
        "/games/2025001/clip.m3u8\\?start=[0-9.]{1,4}&end=[0-9]{1,4}(&rendition=[a-z./%0-9]{0,12}m3u8)?",
    ]
}

fn any_headers() -> impl Strategy<Value = Vec<(String, Vec<u8>)>> {
    let name = prop_oneof![
        Just("cookie"),
        Just("Origin"),
        Just("range"),
        Just("if-none-match"),
        Just("authorization"),
        Just("x-request-id"),
    ];
    let value = prop_oneof![
        any::<Vec<u8>>(),
        Just(format!("reelgate_session={SESSION}").into_bytes()),
        Just(Vec::from(PORTAL.as_bytes())),
        "(reelgate_session=[a-zA-Z0-9._\"]{0,20};? ?){0,3}".prop_map(String::into_bytes),
    ];
    prop::collection::vec((name.prop_map(String::from), value), 0..5)
}

proptest! {
    #[test]
    fn any_request_is_decided(method in any_method(), target in any_target(), headers in any_headers(), now: u64, status: u16) {
        let config = config_with(&[("log_header", "x-reelgate-log")]);
        for now in [NOW, UnixTime(now)] {
            let request = Request { method, target: &target, headers: &headers };
            match decide(&request, &config, now, || SESSION_ID) {
                Decision::Reply(reply) => {
                    let answer = reply.render();
                    prop_assert!(answer.head.headers.iter().any(|(name, value)| *name == "vary" && **value == *b"Origin"));
                    prop_assert!(method != Method::Head || answer.body.is_empty());
                }
                Decision::Forward(pass) => {
                    prop_assert!(matches!(method, Method::Get | Method::Head));
                    prop_assert!(target.contains("2025001"), "{}", target);
                    let path = pass.target().split('?').next().unwrap_or_default();
                    prop_assert!(path == pass.target() || path.ends_with("/clip.m3u8"), "{}", target);
                    prop_assert!(!path.contains('\\') && !pass.target().contains("eyJ"));
                    prop_assert_eq!(pass.respond(status, &headers).status, status);
                }
            }
        }
    }

    #[test]
    fn nobody_without_our_secret_gets_through(target in any_target(), headers in any_headers(), secret in "[!-+\\--9;-~]{32,40}") {
        prop_assume!(secret != SECRET);
        let config = config_with(&[("playback_token_secret", &secret)]);
        let request = Request { method: Method::Get, target: &target, headers: &headers };
        let decision = decide(&request, &config, NOW, || SESSION_ID);
        prop_assert!(matches!(decision, Decision::Reply(_)), "{}", target);
    }

    #[test]
    fn the_next_handler_never_sees_a_credential(headers in any_headers(), by_path: bool) {
        let mut headers = headers;
        // What a player writes into a header that is passed on is the player's own affair.
        headers.retain(|(name, _)| ["cookie", "Origin", "authorization"].contains(&&**name));
        headers.push(("Cookie".into(), format!("reelgate_session={SESSION}").into_bytes()));
        headers.push(("Range".into(), b"bytes=0-1".to_vec()));
        let target = if by_path { format!("/s/{SESSION}/games/2025001/a.ts") } else { format!("/games/2025001/a.ts?t={}", token()) };
        let request = Request { method: Method::Get, target: &target, headers: &headers };
        let Decision::Forward(pass) = decide(&request, &config_with(&[]), NOW, || SESSION_ID) else {
            return Err(TestCaseError::fail("refused"));
        };
        prop_assert_eq!(pass.target(), "/games/2025001/a.ts");
        prop_assert_eq!(pass.headers().len(), 1);
        prop_assert_eq!(&*pass.headers()[0].1, b"bytes=0-1");
    }
}
