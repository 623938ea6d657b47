//! What is known of a session changes no answer about it.

use alloc::{string::String, vec::Vec};

use proptest::prelude::*;

use super::*;
use crate::{
    secret::KeyRing,
    time::UnixTime,
    token::{KnownSessions, session::Session},
    vectors::{self, MINTED, SESSION, SESSION_ID},
};

/// Sessions of all sorts: of PyJWT, of ours, of other lives, broken in each of their parts.
fn sessions() -> Vec<String> {
    let bought_with = play(&vectors::playback_tokens()[0].token).unwrap();
    let begun = |id: u8, at: UnixTime| {
        let id = [id; SESSION_ID.len()];
        Session::begin(&bought_with, id, &plain(), &session_rules(), at)
    };
    let mut sessions = alloc::vec![String::from(SESSION), String::new(), "a.b.c".into()];
    sessions.extend((0..4).map(|number| {
        let at = MINTED.plus(u64::from(number) * 10_000);
        begun(number, at).token().into()
    }));
    // The end of a signature names its place: these share one with what is good.
    let (signed, signature) = SESSION.rsplit_once('.').unwrap();
    sessions.push(alloc::format!("{}.{signature}", signed.replace('a', "b")));
    sessions.push(alloc::format!("{signed}.A{}", &signature[1..]));
    sessions
}

proptest! {
    #[test]
    fn what_is_known_changes_no_answer(asked in prop::collection::vec((0..9_usize, 0..80_000_u64), 1..60)) {
        let (sessions, known) = (sessions(), KnownSessions::default());
        for (number, after) in asked {
            let (token, now) = (&sessions[number], UnixTime(MINTED.0 - 20_000).plus(after));
            let right = session::verify(token, &plain(), &session_rules(), now);
            let answer = known.verify(token, &plain(), &session_rules(), now);
            prop_assert_eq!(
                answer.as_deref().map_err(|reason| *reason),
                right.as_deref().map_err(|reason| *reason)
            );
        }
    }
}

/// No secret opens it, so that it is shown that nothing is computed: the key ring is another one.
#[test]
fn a_session_that_is_known_is_not_hashed_again_until_it_expires() {
    let known = KnownSessions::default();
    let good = known
        .verify(SESSION, &plain(), &session_rules(), MINTED)
        .unwrap();
    let ends = good.expires;
    let other = KeyRing::parse("another-secret-of-at-least-32-bytes").unwrap();
    let again = |now| known.verify(SESSION, &other, &session_rules(), now);
    let later = UnixTime(ends.0 - 1);
    assert_eq!(*again(later).unwrap(), *good);
    assert_eq!(again(ends).unwrap_err(), Reason::TokenSignature);
    let earlier = UnixTime(MINTED.0 - 1);
    assert_eq!(again(earlier).unwrap_err(), Reason::TokenSignature);
}

#[test]
fn what_is_known_is_not_shown() {
    let known = KnownSessions::default();
    known
        .verify(SESSION, &plain(), &session_rules(), MINTED)
        .unwrap();
    assert_eq!(alloc::format!("{known:?}"), "KnownSessions { .. }");
}
