use alloc::{format, string::ToString, vec, vec::Vec};

use super::*;
use crate::{
    key::GameId,
    scope::Scope,
    time::UnixTime,
    token::{inspect, read_unverified},
    vectors::{self, MINTED, TOKEN_OF_PATTERNS, TOKEN_WITHOUT_SUBJECT},
};

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
fn reasons_have_stable_names() {
    let names: Vec<&str> = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
    assert_eq!(
        names.join(" "),
        "no_credential token_malformed token_algorithm token_key token_signature token_expired token_lifetime \
         token_claims token_not_yet_valid token_issuer token_audience token_party token_not_active no_permission \
         no_entitlements wrong_game"
    );
    for reason in Reason::ALL {
        assert_eq!(Reason::from_name(&reason.to_string()), Some(reason));
    }
    assert_eq!(Reason::from_name(""), None);
}
