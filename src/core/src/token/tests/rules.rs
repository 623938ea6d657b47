use alloc::{format, string::String, vec, vec::Vec};

use super::*;

#[test]
fn a_header_is_read_strictly() {
    for (header, expected) in [
        (r#"{"alg":"HS256"}"#, Ok(())),
        (r#" {"\u0061lg":"HS256"} "#, Ok(())),
        (
            r#"{"alg":"HS256","kid":"k1","jku":"https://evil/","jwk":{"k":"x"},"x5u":1}"#,
            Ok(()),
        ),
        (r#"{"alg":"HS256","kid":7}"#, Ok(())),
        (r#"{"alg":"hs256"}"#, Err(Reason::TokenAlgorithm)),
        (r#"{"alg":"HS256 "}"#, Err(Reason::TokenAlgorithm)),
        (r#"{"alg":["HS256"]}"#, Err(Reason::TokenAlgorithm)),
        (r#"{"alg":null}"#, Err(Reason::TokenAlgorithm)),
        (r#"{}"#, Err(Reason::TokenAlgorithm)),
        (
            r#"{"alg":"HS256","crit":["exp"]}"#,
            Err(Reason::TokenMalformed),
        ),
        (
            r#"{"alg":"HS256","crit":null}"#,
            Err(Reason::TokenMalformed),
        ),
        (r#"{"alg":"none","crit":[]}"#, Err(Reason::TokenMalformed)),
        (
            r#"{"alg":"HS256","alg":"HS256"}"#,
            Err(Reason::TokenMalformed),
        ),
        (
            r#"{"alg":"none","alg":"HS256"}"#,
            Err(Reason::TokenMalformed),
        ),
        (
            r#"{"alg":"HS256","\u0061lg":"none"}"#,
            Err(Reason::TokenMalformed),
        ),
        (
            r#"{"alg":"HS256","x":1,"x":1}"#,
            Err(Reason::TokenMalformed),
        ),
        (r#"["HS256"]"#, Err(Reason::TokenMalformed)),
        (r#""HS256""#, Err(Reason::TokenMalformed)),
        (r#"{"alg":"HS256"} {}"#, Err(Reason::TokenMalformed)),
        (r#"{"alg":"HS256",}"#, Err(Reason::TokenMalformed)),
        (r#"{"alg":"\ud800"}"#, Err(Reason::TokenMalformed)),
        ("", Err(Reason::TokenMalformed)),
    ] {
        assert_eq!(play(&with_header(header)).map(drop), expected, "{header}");
    }
    let not_utf8 = signed(
        b"{\"alg\":\"HS256\",\"x\":\"\xff\"}",
        playback_claims("").as_bytes(),
    );
    assert_eq!(play(&not_utf8).map(drop), Err(Reason::TokenMalformed));
}

#[test]
fn kid_picks_among_named_secrets_only() {
    let with_kid = |kid: &str| {
        let token = with_header(&format!(r#"{{"alg":"HS256"{kid}}}"#));
        playback::verify(&token, &named(), &playback_rules(), NOW).map(drop)
    };
    assert_eq!(with_kid(r#","kid":"k1""#), Ok(()));
    assert_eq!(with_kid(""), Ok(()));
    for kid in ["\"k2\"", "\"k9\"", "\"\"", "7", "null", "[\"k1\"]"] {
        assert_eq!(
            with_kid(&format!(r#","kid":{kid}"#)),
            Err(Reason::TokenSignature),
            "{kid}"
        );
    }
}

#[test]
fn claims_are_read_strictly() {
    for (claims, expected) in [
        (playback_claims(""), Ok(())),
        (
            playback_claims(r#""x":{"a":1,"a":2},"y":[[1.5,"z"]],"z":null,"#),
            Ok(()),
        ),
        (
            playback_claims(r#""x":1,"x":2,"#),
            Err(Reason::TokenMalformed),
        ),
        (
            playback_claims(r#""gid":"2025001","#),
            Err(Reason::TokenMalformed),
        ),
        (
            playback_claims(r#""\u0067id":"2025002","#),
            Err(Reason::TokenMalformed),
        ),
        ("[]".into(), Err(Reason::TokenMalformed)),
        ("null".into(), Err(Reason::TokenMalformed)),
        ("{}{}".into(), Err(Reason::TokenMalformed)),
        ("{}".into(), Err(Reason::TokenClaims)),
        (
            format!(r#"{{"x":{}1{}}}"#, "[".repeat(3000), "]".repeat(3000)),
            Err(Reason::TokenClaims),
        ),
        (
            format!(r#"{{"exp":{}1{}}}"#, "[".repeat(2900), "]".repeat(2900)),
            Err(Reason::TokenMalformed),
        ),
    ] {
        assert_eq!(play(&with_claims(&claims)).map(drop), expected, "{claims}");
    }
}

#[test]
fn each_claim_has_its_rule() {
    let many = |count: usize| format!(r#""ent":[{}]"#, vec![r#""a""#; count].join(","));
    for (name, claim, expected) in [
        ("exp", r#""exp":1760000101"#, Ok(())),
        ("exp", r#""exp":1760000100"#, Err(Reason::TokenExpired)),
        ("exp", r#""exp":1760001060"#, Ok(())),
        ("exp", r#""exp":1760001061"#, Err(Reason::TokenLifetime)),
        ("exp", r#""exp":1760000900.75"#, Ok(())),
        ("exp", r#""exp":1.7600009e9"#, Ok(())),
        ("exp", r#""exp":1760000100.9"#, Err(Reason::TokenExpired)),
        ("exp", r#""exp":-1"#, Err(Reason::TokenExpired)),
        ("exp", r#""exp":-1e300"#, Err(Reason::TokenExpired)),
        ("exp", r#""exp":0"#, Err(Reason::TokenExpired)),
        (
            "exp",
            r#""exp":18446744073709551615"#,
            Err(Reason::TokenLifetime),
        ),
        (
            "exp",
            r#""exp":18446744073709551616"#,
            Err(Reason::TokenLifetime),
        ),
        ("exp", r#""exp":1e300"#, Err(Reason::TokenLifetime)),
        ("exp", r#""exp":null"#, Err(Reason::TokenClaims)),
        ("exp", r#""exp":true"#, Err(Reason::TokenClaims)),
        ("nbf", r#""nbf":1760000160"#, Ok(())),
        ("nbf", r#""nbf":1760000161"#, Err(Reason::TokenNotYetValid)),
        ("nbf", r#""nbf":"1760000000""#, Err(Reason::TokenClaims)),
        ("iat", r#""iat":1760000160"#, Ok(())),
        ("iat", r#""iat":1760000161"#, Err(Reason::TokenNotYetValid)),
        ("iat", r#""iat":{}"#, Err(Reason::TokenClaims)),
        ("iss", "", Err(Reason::TokenIssuer)),
        (
            "iss",
            r#""iss":["reelgate-portal"]"#,
            Err(Reason::TokenIssuer),
        ),
        ("aud", "", Err(Reason::TokenAudience)),
        ("aud", r#""aud":[]"#, Err(Reason::TokenAudience)),
        ("aud", r#""aud":[7,"reelgate-gate",null]"#, Ok(())),
        (
            "aud",
            r#""aud":{"reelgate-gate":1}"#,
            Err(Reason::TokenAudience),
        ),
        ("gid", r#""gid":null"#, Err(Reason::TokenClaims)),
        ("gid", r#""gid":2025001.0"#, Err(Reason::TokenClaims)),
        ("gid", r#""gid":["2025001"]"#, Err(Reason::TokenClaims)),
        ("gid", r#""gid":-5"#, Ok(())),
        ("ent", r#""ent":"*""#, Err(Reason::TokenClaims)),
        ("ent", r#""ent":[1]"#, Err(Reason::TokenClaims)),
        ("ent", r#""ent":["a",null]"#, Err(Reason::TokenClaims)),
        ("ent", r#""ent":null"#, Err(Reason::TokenClaims)),
        ("ent", &many(64), Ok(())),
        ("ent", &many(65), Err(Reason::TokenClaims)),
        ("sub", r#""sub":["x"]"#, Ok(())),
    ] {
        assert_eq!(play(&with_one(name, claim)).map(drop), expected, "{claim}");
    }
}

#[test]
fn refusals_come_in_the_order_of_the_rules() {
    // Each token breaks one rule fewer than the one before.
    let mut claims: Vec<(&str, &str)> = vec![
        ("exp", "0"),
        ("nbf", "9e9"),
        ("iss", "1"),
        ("aud", "1"),
        ("gid", "null"),
    ];
    let mut outcomes = Vec::new();
    for (name, good) in [
        ("exp", "1760086400"),
        ("exp", "1760000900"),
        ("nbf", "0"),
        ("iss", r#""reelgate-portal""#),
        ("aud", r#""reelgate-gate""#),
        ("gid", "7"),
    ] {
        let members: Vec<String> = claims
            .iter()
            .map(|(name, value)| format!("\"{name}\":{value}"))
            .collect();
        outcomes.push(play(&with_claims(&format!("{{{}}}", members.join(",")))).map(drop));
        claims
            .iter_mut()
            .filter(|(other, _)| *other == name)
            .for_each(|(_, value)| *value = good);
    }
    let expected = [
        Reason::TokenExpired,
        Reason::TokenLifetime,
        Reason::TokenNotYetValid,
        Reason::TokenIssuer,
        Reason::TokenAudience,
        Reason::TokenClaims,
    ];
    assert_eq!(outcomes, expected.map(Err));
}

#[test]
fn a_number_for_a_viewer_is_its_text() {
    let subject = |claim: &str| play(&with_one("sub", claim)).unwrap().subject.clone();
    assert_eq!(subject(r#""sub":42"#).as_deref(), Some("42"));
    assert_eq!(subject(r#""sub":"a\nb""#).as_deref(), Some("a\nb"));
    assert_eq!(subject(r#""sub":4.2"#), None);
}

#[test]
fn eight_kibibytes_are_read_and_no_more() {
    let padded = |bytes: usize| {
        with_claims(&playback_claims(&format!(
            r#""x":"{}","#,
            "a".repeat(bytes)
        )))
    };
    let longest = (5900..6100)
        .map(padded)
        .rfind(|token| token.len() <= 8192)
        .unwrap();
    assert!(longest.len() > 8188);
    assert_eq!(play(&longest).map(drop), Ok(()));
    let too_long = (5900..6100)
        .map(padded)
        .find(|token| token.len() > 8192)
        .unwrap();
    assert_eq!(play(&too_long).map(drop), Err(Reason::TokenMalformed));
}

#[test]
fn base64url_has_one_spelling() {
    let token = with_claims(&playback_claims(""));
    assert_eq!(play(&token).map(drop), Ok(()));
    // 32 bytes leave two bits of the last character unused, which have to be zero (RFC 4648 §3.5).
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (rest, last) = token.split_at(token.len() - 1);
    let next = &alphabet[alphabet.find(last).unwrap() + 1..][..1];
    for other in [
        format!("{rest}{next}"),
        format!("{token}="),
        format!("{token}\n"),
        format!(" {token}"),
        format!("{token}."),
        format!(".{token}"),
        token.replacen('.', "..", 1),
    ] {
        assert_eq!(
            play(&other).map(drop),
            Err(Reason::TokenMalformed),
            "{other:?}"
        );
    }
}
