use alloc::{
    format,
    string::{String, ToString},
    vec,
    vec::Vec,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{
    Reason, Verified, inspect, playback, read_unverified,
    session::{self, Session},
};
use crate::{key::GameId, scope::Scope, secret::KeyRing, time::UnixTime, vectors};

const SECRET: &str = "reelgate-test-secret-0123456789abcdef";
const SECOND_SECRET: &str = "next-reelgate-secret-fedcba9876543210";
const MINTED: UnixTime = UnixTime(1_760_000_000);
const NOW: UnixTime = UnixTime(1_760_000_100);

/// PyJWT 2.15.1: sub user_2abc, gid 2025001, iat `MINTED`, exp six hours later, sid of the bytes 0 to 15.
const SESSION: &str = concat!(
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJ1c2VyXzJhYmMiLCJnaWQiOiIyMDI1MDAxIiwiaWF0IjoxNzYwMDAwMDAwLCJleHA",
    "iOjE3NjAwMjE2MDAsImlzcyI6InJlZWxnYXRlLWdhdGUiLCJhdWQiOiJyZWVsZ2F0ZS1zZXNzaW9uIiwic2lkIjoiQUFFQ0F3UUZCZ2NJQ1FvTERB",
    "ME9EdyJ9.TP8vcOcnD8Lw0rZfXpMnCxg2aWmSBCzMSQ5EhCYkwTQ",
);
/// The same with ent ["nfl-*"] for gid, under the second secret, called k2.
const SESSION_OF_PATTERNS: &str = concat!(
    "eyJhbGciOiJIUzI1NiIsImtpZCI6ImsyIiwidHlwIjoiSldUIn0.eyJzdWIiOiJ1c2VyXzJhYmMiLCJlbnQiOlsibmZsLSoiXSwiaWF0IjoxNzYwM",
    "DAwMDAwLCJleHAiOjE3NjAwMjE2MDAsImlzcyI6InJlZWxnYXRlLWdhdGUiLCJhdWQiOiJyZWVsZ2F0ZS1zZXNzaW9uIiwic2lkIjoiQUFFQ0F3UUZ",
    "CZ2NJQ1FvTERBME9EdyJ9.fZ_vcJeRk_Graq-shQeL-6GvpKNP1CzbswTapfXK8_Q",
);
/// PyJWT 2.15.1: a playback token like that.
const TOKEN_OF_PATTERNS: &str = concat!(
    "eyJhbGciOiJIUzI1NiIsImtpZCI6ImsyIiwidHlwIjoiSldUIn0.eyJzdWIiOiJ1c2VyXzJhYmMiLCJlbnQiOlsibmZsLSoiXSwiaWF0IjoxNzYwM",
    "DAwMDAwLCJleHAiOjE3NjAwMDA5MDAsImlzcyI6InJlZWxnYXRlLXBvcnRhbCIsImF1ZCI6InJlZWxnYXRlLWdhdGUifQ.QMmKZz6oqLld5Xp5bsZT",
    "blUDXOye5aLttX_qAMV3I50",
);
/// PyJWT 2.15.1: a playback token for gid 2025001 without sub.
const TOKEN_WITHOUT_SUBJECT: &str = concat!(
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJnaWQiOiIyMDI1MDAxIiwiaWF0IjoxNzYwMDAwMDAwLCJleHAiOjE3NjAwMDA5MDAsImlzcyI6",
    "InJlZWxnYXRlLXBvcnRhbCIsImF1ZCI6InJlZWxnYXRlLWdhdGUifQ.g53rjq1vovI_a2x-xfh4rAjlHRVq1eQyb7poE8HTcsU",
);
const SESSION_ID: [u8; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

fn plain() -> KeyRing {
    KeyRing::parse(SECRET).unwrap()
}

fn named() -> KeyRing {
    KeyRing::parse(format!("k2:{SECOND_SECRET},k1:{SECRET}")).unwrap()
}

fn playback_rules() -> playback::Rules {
    playback::Rules {
        issuer: "reelgate-portal".into(),
        audience: "reelgate-gate".into(),
    }
}

fn session_rules() -> session::Rules {
    session::Rules {
        issuer: "reelgate-gate".into(),
        audience: "reelgate-session".into(),
        life_seconds: 21_600,
    }
}

fn play(token: &str) -> Result<Verified<playback::Claims>, Reason> {
    playback::verify(token, &plain(), &playback_rules(), NOW)
}

fn resume(token: &str) -> Result<Verified<session::Claims>, Reason> {
    session::verify(token, &plain(), &session_rules(), NOW)
}

/// A rightly signed token with these parts, whatever they are.
fn signed(header: &[u8], claims: &[u8]) -> String {
    let message = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header),
        URL_SAFE_NO_PAD.encode(claims)
    );
    let tag = plain().sign(message.as_bytes());
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(tag))
}

fn with_claims(claims: &str) -> String {
    signed(br#"{"alg":"HS256","typ":"JWT"}"#, claims.as_bytes())
}

fn with_header(header: &str) -> String {
    signed(header.as_bytes(), playback_claims("").as_bytes())
}

/// Good claims of a playback token, with `more` members before them.
fn playback_claims(more: &str) -> String {
    format!(
        r#"{{{more}"gid":"2025001","exp":1760000900,"iss":"reelgate-portal","aud":"reelgate-gate"}}"#
    )
}

#[test]
fn the_verifier_agrees_with_the_vectors() {
    for vector in vectors::playback_tokens()
        .iter()
        .filter(|vector| !vector.token.is_empty())
    {
        let keys = KeyRing::parse(vector.secrets.clone()).unwrap();
        let claims = playback::verify(
            &vector.token,
            &keys,
            &playback_rules(),
            UnixTime(vector.now),
        );
        let outcome = match claims {
            Ok(claims) if claims.scope.admits(GameId::new(&vector.game_id).unwrap()) => "ok",
            Ok(_) => "wrong_game",
            Err(reason) => reason.as_str(),
        };
        assert_eq!(outcome, vector.expect, "{}", vector.name);
    }
}

#[test]
fn a_token_without_a_subject_is_good() {
    assert_eq!(
        play(TOKEN_WITHOUT_SUBJECT).map(|claims| claims.subject.clone()),
        Ok(None)
    );
}

#[test]
fn mint_writes_what_pyjwt_writes() {
    let scope = Scope::new(None, Some(vec!["nfl-*".into()])).unwrap();
    let grant = playback::Grant {
        subject: Some("user_2abc"),
        scope: &scope,
        life_seconds: 900,
    };
    assert_eq!(
        playback::mint(&grant, &named(), &playback_rules(), MINTED),
        TOKEN_OF_PATTERNS
    );

    let scope = Scope::new(Some("2025001".into()), None).unwrap();
    let grant = playback::Grant {
        subject: None,
        scope: &scope,
        life_seconds: 86_400,
    };
    assert_eq!(
        playback::mint(&grant, &plain(), &playback_rules(), MINTED),
        TOKEN_WITHOUT_SUBJECT
    );
}

#[test]
fn a_session_is_minted_as_pyjwt_would() {
    let valid = &vectors::playback_tokens()[0].token;
    let bought_with = play(valid).unwrap();
    let session = Session::begin(&bought_with, SESSION_ID, &plain(), &session_rules(), MINTED);
    assert_eq!(session.token(), SESSION);
    assert_eq!(session.expires(), UnixTime(1_760_021_600));

    let bought_with =
        playback::verify(TOKEN_OF_PATTERNS, &named(), &playback_rules(), NOW).unwrap();
    let session = Session::begin(&bought_with, SESSION_ID, &named(), &session_rules(), MINTED);
    assert_eq!(session.token(), SESSION_OF_PATTERNS);
}

#[test]
fn a_session_says_what_its_token_said() {
    let claims = resume(SESSION).unwrap();
    assert_eq!(
        *claims,
        session::Claims {
            subject: "user_2abc".into(),
            scope: Scope::new(Some("2025001".into()), None).unwrap(),
            issued: MINTED,
            expires: UnixTime(1_760_021_600),
            id: "AAECAwQFBgcICQoLDA0ODw".into(),
        }
    );
    let anonymous = Session::begin(
        &play(TOKEN_WITHOUT_SUBJECT).unwrap(),
        SESSION_ID,
        &plain(),
        &session_rules(),
        NOW,
    );
    assert_eq!(resume(anonymous.token()).unwrap().subject, "");
}

#[test]
fn a_session_is_renewed_under_its_id() {
    let claims = resume(SESSION).unwrap();
    let half = UnixTime(1_760_010_800);
    assert!(!claims.is_past_half(half));
    assert!(claims.is_past_half(half.plus(1)));
    let renewed = Session::renew(&claims, &named(), &session_rules(), half.plus(1));
    let renewed =
        session::verify(renewed.token(), &named(), &session_rules(), half.plus(1)).unwrap();
    assert_eq!((&renewed.id, renewed.issued), (&claims.id, half.plus(1)));
    assert_eq!(renewed.expires, half.plus(21_601));
}

#[test]
fn a_token_is_no_session_and_a_session_no_token() {
    assert_eq!(
        resume(&vectors::playback_tokens()[0].token).map(drop),
        Err(Reason::TokenIssuer)
    );
    assert_eq!(play(SESSION).map(drop), Err(Reason::TokenLifetime));
    let last_minutes = playback::verify(
        SESSION,
        &plain(),
        &playback_rules(),
        UnixTime(1_760_021_500),
    );
    assert_eq!(last_minutes.map(drop), Err(Reason::TokenIssuer));
}

#[test]
fn a_session_has_all_its_claims() {
    let claims = [
        ("sub", r#""sub":"u""#),
        ("gid", r#""gid":"2025001""#),
        ("iat", r#""iat":1760000000"#),
        ("exp", r#""exp":1760021600"#),
        ("iss", r#""iss":"reelgate-gate""#),
        ("aud", r#""aud":"reelgate-session""#),
        ("sid", r#""sid":"x""#),
    ];
    let without = |left_out: &str| {
        let kept: Vec<&str> = claims
            .iter()
            .filter(|(name, _)| *name != left_out)
            .map(|(_, claim)| *claim)
            .collect();
        resume(&with_claims(&format!("{{{}}}", kept.join(",")))).map(drop)
    };
    assert_eq!(without(""), Ok(()));
    for (left_out, expected) in [
        ("sub", Reason::TokenClaims),
        ("gid", Reason::TokenClaims),
        ("iat", Reason::TokenClaims),
        ("exp", Reason::TokenClaims),
        ("iss", Reason::TokenIssuer),
        ("aud", Reason::TokenAudience),
        ("sid", Reason::TokenClaims),
    ] {
        assert_eq!(without(left_out), Err(expected), "{left_out}");
    }
}

#[test]
fn a_session_lives_no_longer_than_sessions_do() {
    let lasting = |seconds: u64| {
        let exp = NOW.plus(seconds).0;
        resume(&with_claims(&format!(
            r#"{{"sub":"u","gid":"g","iat":1760000000,"exp":{exp},"iss":"reelgate-gate","aud":["reelgate-session"],"sid":"x"}}"#
        )))
        .map(drop)
    };
    assert_eq!(lasting(0), Err(Reason::TokenExpired));
    assert_eq!(lasting(21_660), Ok(()));
    assert_eq!(lasting(21_661), Err(Reason::TokenLifetime));
}

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

/// Good claims of which one is replaced: `claim` is `"name":value`, or empty to leave `name` out.
fn with_one(name: &str, claim: &str) -> String {
    let good = [
        ("gid", r#""gid":"2025001""#),
        ("exp", r#""exp":1760000900"#),
        ("iss", r#""iss":"reelgate-portal""#),
        ("aud", r#""aud":"reelgate-gate""#),
    ];
    let kept = good
        .iter()
        .filter(|(other, _)| *other != name)
        .map(|(_, claim)| *claim);
    let all: Vec<&str> = kept
        .chain([claim])
        .filter(|claim| !claim.is_empty())
        .collect();
    with_claims(&format!("{{{}}}", all.join(",")))
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
        .filter(|token| token.len() <= 8192)
        .last()
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
fn inspection_shows_text_and_verdicts() {
    let token = &vectors::playback_tokens()[2].token;
    let seen = inspect(
        token,
        &plain(),
        &playback_rules(),
        &session_rules(),
        UnixTime(1_760_000_900),
    )
    .unwrap();
    assert_eq!(seen.unverified.header, r#"{"alg":"HS256","typ":"JWT"}"#);
    assert!(
        seen.unverified
            .claims
            .starts_with(r#"{"sub":"user_2abc","gid":"2025001""#)
    );
    assert_eq!(
        (seen.as_playback, seen.as_session),
        (Err(Reason::TokenExpired), Err(Reason::TokenExpired))
    );
    let forged = format!("{}A", &token[..token.len() - 1]);
    assert_eq!(read_unverified(&forged).unwrap(), seen.unverified);
    assert_eq!(read_unverified("a.b"), Err(Reason::TokenMalformed));
    assert_eq!(
        read_unverified(&signed(b"{}", b"1")),
        Err(Reason::TokenMalformed)
    );
}

#[test]
fn a_session_is_never_shown() {
    let session = Session::renew(&resume(SESSION).unwrap(), &plain(), &session_rules(), NOW);
    assert_eq!(
        format!("{session:?}"),
        "Session { token: \"[secret]\", expires: UnixTime(1760021700) }"
    );
}

#[test]
fn reasons_have_stable_names() {
    let names: Vec<&str> = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
    assert_eq!(
        names.join(" "),
        "no_credential token_malformed token_algorithm token_signature token_expired token_lifetime token_claims \
         token_not_yet_valid token_issuer token_audience wrong_game"
    );
    for reason in Reason::ALL {
        assert_eq!(Reason::from_name(&reason.to_string()), Some(reason));
    }
    assert_eq!(Reason::from_name(""), None);
}

proptest::proptest! {
    #[test]
    fn any_text_is_refused(token in ".{0,64}") {
        proptest::prop_assert!(play(&token).is_err());
        proptest::prop_assert!(resume(&token).is_err());
    }

    #[test]
    fn any_signed_claims_are_judged(claims in "\\{(\"(exp|gid|ent|iss|x)\":([0-9]{1,3}|\"a\"|\\[\"a\"\\]|null),?){0,4}\\}") {
        proptest::prop_assert!(play(&with_claims(&claims)).is_err());
    }

    #[test]
    fn a_changed_byte_is_noticed(at in 0..SESSION.len(), byte in 32..127_u8) {
        let mut token = SESSION.as_bytes().to_vec();
        let same = core::mem::replace(&mut token[at], byte) == byte;
        proptest::prop_assert_eq!(resume(&String::from_utf8(token).unwrap()).is_ok(), same);
    }

    #[test]
    fn what_is_minted_is_accepted(subject: Option<String>, game: String, patterns: Vec<String>, life in 1..900_u64) {
        let scope = Scope::new(Some(game), Some(patterns.into_iter().take(64).collect())).unwrap();
        let grant = playback::Grant { subject: subject.as_deref(), scope: &scope, life_seconds: life };
        let token = playback::mint(&grant, &plain(), &playback_rules(), NOW);
        proptest::prop_assume!(token.len() <= 8192);
        let claims = play(&token).unwrap();
        proptest::prop_assert_eq!(&claims.subject, &subject);
        proptest::prop_assert_eq!(&claims.scope, &scope);
        let session = Session::begin(&claims, SESSION_ID, &plain(), &session_rules(), NOW);
        proptest::prop_assume!(session.token().len() <= 8192);
        let resumed = resume(session.token()).unwrap();
        proptest::prop_assert_eq!(&resumed.scope, &scope);
        proptest::prop_assert_eq!(&resumed.subject, &subject.unwrap_or_default());
    }
}
