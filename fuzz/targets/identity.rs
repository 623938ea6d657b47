//! Key sets and tokens of a sign-in service: whoever has no private key proves nothing.
#![no_main]

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use libfuzzer_sys::fuzz_target;
use reelgate_core::time::UnixTime;
use reelgate_core::token::Reason;
use reelgate_core::token::identity::{KeySet, MAX_KEY_SET_BYTES, Presented, Rules, verify};

const NOW: UnixTime = UnixTime(1_700_000_000);

/// A key whose private half nobody kept.
const KEYS: &[u8] = include_bytes!("../seeds/identity/set");

fuzz_target!(|input: &[u8]| {
    let keys = KeySet::parse(KEYS).expect("our own set");
    if let Ok(theirs) = KeySet::parse(input) {
        assert!(input.len() <= MAX_KEY_SET_BYTES);
        let _ = theirs.has(None);
    }
    if let Ok(token) = std::str::from_utf8(input) {
        check(token, &keys);
    }
    // Encoded, so that what is behind the parts is reached: header, claims and signature, parted by line ends.
    let mut parts = input.splitn(3, |&byte| byte == b'\n');
    if let (Some(header), Some(claims), Some(signature)) =
        (parts.next(), parts.next(), parts.next())
    {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let token = format!(
            "{}.{}.{}",
            encode(header),
            encode(claims),
            encode(signature)
        );
        check(&token, &keys);
    }
});

fn check(token: &str, keys: &KeySet) {
    let Ok(presented) = Presented::read(token) else {
        return;
    };
    let known = keys.has(presented.key_name());
    let refused =
        verify(&presented, keys, &Rules::default(), NOW).expect_err("no signature is good");
    let expected = if known {
        Reason::TokenSignature
    } else {
        Reason::TokenKey
    };
    assert_eq!(refused, expected);
}
