use alloc::{format, vec::Vec};

use super::*;
use crate::{
    scope::Scope,
    time::UnixTime,
    token::session::Session,
    vectors::{
        self, MINTED, SESSION, SESSION_ID, SESSION_OF_PATTERNS, TOKEN_OF_PATTERNS,
        TOKEN_WITHOUT_SUBJECT,
    },
};

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
fn a_session_is_never_shown() {
    let session = Session::renew(&resume(SESSION).unwrap(), &plain(), &session_rules(), NOW);
    assert_eq!(
        format!("{session:?}"),
        "Session { token: \"[secret]\", expires: UnixTime(1760021700) }"
    );
}
