use alloc::string::String;

use super::*;
use crate::{
    scope::Scope,
    token::session::Session,
    vectors::{SESSION, SESSION_ID},
};

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
    fn what_is_minted_is_accepted(
        subject: Option<String>,
        game in ".{0,16}",
        patterns in proptest::collection::vec(".{0,8}", 0..8),
        life in 1..900_u64,
    ) {
        let scope = Scope::new(Some(game), Some(patterns)).unwrap();
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
