//! Tokens and key sets, held against vectors that PyJWT made.

use alloc::{
    collections::BTreeMap,
    format,
    string::{String, ToString},
    vec::Vec,
};

use serde::Deserialize;
use serde_json::{Value, json};

use super::*;

#[derive(Deserialize)]
struct Vectors {
    now: u64,
    issuer: String,
    parties: Vec<String>,
    sets: BTreeMap<String, Value>,
    unusable_sets: BTreeMap<String, Value>,
    tokens: Vec<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    name: String,
    set: String,
    token: String,
    expect: String,
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("vectors.json")).unwrap()
}

impl Vectors {
    fn rules(&self) -> Rules {
        Rules {
            issuer: Some(self.issuer.clone()),
            parties: self.parties.clone(),
            permissions_claim: "permissions".into(),
            entitlements_claim: "entitlements".into(),
        }
    }

    fn keys(&self, set: &str) -> KeySet {
        KeySet::parse(self.sets[set].to_string().as_bytes()).unwrap()
    }

    fn verify(&self, vector: &Vector, rules: &Rules) -> Result<Verified<Claims>, Reason> {
        let presented = Presented::read(&vector.token)?;
        verify(
            &presented,
            &self.keys(&vector.set),
            rules,
            UnixTime(self.now),
        )
    }
}

#[test]
fn the_verifier_agrees_with_the_vectors() {
    let vectors = vectors();
    assert_eq!(vectors.tokens.len(), 106);
    for vector in &vectors.tokens {
        let outcome = match vectors.verify(vector, &vectors.rules()) {
            Ok(_) => "ok",
            Err(reason) => reason.as_str(),
        };
        assert_eq!(outcome, vector.expect, "{}", vector.name);
    }
}

#[test]
fn a_good_token_says_who_may_do_what() {
    let vectors = vectors();
    let claims = vectors
        .verify(&vectors.tokens[0], &vectors.rules())
        .unwrap();
    let texts = |texts: &[&str]| -> Vec<String> { texts.iter().map(ToString::to_string).collect() };
    assert_eq!(claims.subject, "user_2abc");
    assert_eq!(
        claims.permissions,
        texts(&["video:playback", "video:upload"])
    );
    assert_eq!(claims.entitlements, Some(texts(&["nfl-*", "2025001"])));
    let elsewhere = Rules {
        permissions_claim: "sub".into(),
        entitlements_claim: "fva".into(),
        ..vectors.rules()
    };
    let claims = vectors.verify(&vectors.tokens[0], &elsewhere).unwrap();
    assert_eq!(claims.permissions, texts(&["user_2abc"]));
    assert_eq!(claims.entitlements, Some(Vec::new()));
    let nowhere = Rules {
        entitlements_claim: "nobody".into(),
        ..vectors.rules()
    };
    let claims = vectors.verify(&vectors.tokens[0], &nowhere).unwrap();
    assert_eq!(claims.entitlements, None);
}

#[test]
fn what_is_not_configured_is_not_asked_for() {
    let vectors = vectors();
    let lax = Rules {
        issuer: None,
        parties: Vec::new(),
        ..vectors.rules()
    };
    for vector in &vectors.tokens {
        if matches!(vector.expect.as_str(), "token_issuer" | "token_party") {
            assert!(vectors.verify(vector, &lax).is_ok(), "{}", vector.name);
        }
    }
}

#[test]
fn no_changed_byte_passes() {
    let vectors = vectors();
    let good = &vectors.tokens[0].token;
    let keys = vectors.keys("main");
    for at in (0..good.len()).step_by(7) {
        let mut changed = good.clone().into_bytes();
        // The neighbour in the alphabet, so that it stays base64url where it was.
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        if changed == *good {
            continue;
        }
        let outcome = Presented::read(&changed)
            .and_then(|token| verify(&token, &keys, &vectors.rules(), UnixTime(vectors.now)));
        assert!(outcome.is_err(), "byte {at}");
    }
}

#[test]
fn weak_keys_are_no_keys() {
    let vectors = vectors();
    assert_eq!(vectors.unusable_sets.len(), 2);
    for (name, set) in &vectors.unusable_sets {
        let set = KeySet::parse(set.to_string().as_bytes());
        assert_eq!(set.err(), Some(BadKeySet::NoKey), "{name}");
    }
    let mut key = vectors.sets["one"]["keys"][0].clone();
    for (name, value) in [
        // 65536, 1, 2^32 + 1, nothing.
        ("e", json!("AQAA")),
        ("e", json!("AQ")),
        ("e", json!("AQAAAAE")),
        ("e", json!("")),
        ("e", json!("AQAB=")),
        ("n", json!("")),
        ("n", json!("A".repeat(342))),
        // Even; more than 8,192 bits.
        ("n", json!("_".repeat(340) + "_g")),
        ("n", json!("_".repeat(1400))),
        ("kty", json!("rsa")),
        ("kty", json!("EC")),
        ("kty", Value::Null),
        ("use", json!("enc")),
        ("use", json!(1)),
        ("alg", json!("RS512")),
        ("key_ops", json!("verify")),
        ("kid", json!("")),
    ] {
        let good = core::mem::replace(&mut key[name], value);
        let document = json!({ "keys": [key] }).to_string();
        let parsed = KeySet::parse(document.as_bytes());
        assert_eq!(
            parsed.err(),
            Some(BadKeySet::NoKey),
            "{name}: {}",
            key[name]
        );
        key[name] = good;
        for absent in ["use", "alg", "key_ops", "kid"] {
            if key[absent].is_null() {
                key.as_object_mut().unwrap().remove(absent);
            }
        }
    }
    let document = json!({ "keys": [key] }).to_string();
    assert!(KeySet::parse(document.as_bytes()).unwrap().has(None));
}

#[test]
fn a_document_is_a_key_set_or_refused() {
    for (document, expected) in [
        ("", BadKeySet::NotASet),
        ("<html><body>Not found</body></html>", BadKeySet::NotASet),
        ("[]", BadKeySet::NotASet),
        ("null", BadKeySet::NotASet),
        ("{}", BadKeySet::NotASet),
        (r#"{"keys":{}}"#, BadKeySet::NotASet),
        (r#"{"keys":[],"keys":[]}"#, BadKeySet::NotASet),
        (r#"{"keys":[]}"#, BadKeySet::NoKey),
        (r#"{"keys":[null,1,"x",[],{}]}"#, BadKeySet::NoKey),
    ] {
        assert_eq!(
            KeySet::parse(document.as_bytes()).err(),
            Some(expected),
            "{document}"
        );
    }
    let long = format!(r#"{{"keys":[]}}{}"#, " ".repeat(MAX_KEY_SET_BYTES));
    assert_eq!(
        KeySet::parse(long.as_bytes()).err(),
        Some(BadKeySet::TooLong)
    );
    let deep = format!(r#"{{"keys":{}"#, "[".repeat(60_000));
    assert_eq!(
        KeySet::parse(deep.as_bytes()).err(),
        Some(BadKeySet::NotASet)
    );
}

proptest::proptest! {
    #[test]
    fn nothing_makes_it_panic(token: String, document: Vec<u8>) {
        let _ = Presented::read(&token);
        proptest::prop_assert!(KeySet::parse(&document).is_err());
    }
}
