//! Signed and unsigned tokens: whatever is accepted is in its time, and of one kind only.
#![no_main]

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use libfuzzer_sys::fuzz_target;
use reelgate_core::secret::KeyRing;
use reelgate_core::time::UnixTime;
use reelgate_core::token::{playback, session};

const NOW: UnixTime = UnixTime(1_700_000_000);
/// How far behind `NOW` an end may lie: a session's life and the leeway of TOKENS.
const LONGEST_LIFE: u64 = 21_600 + 60;

fuzz_target!(|input: &[u8]| {
    let keys = KeyRing::parse("0123456789abcdef0123456789abcdef").expect("a long enough secret");
    // As it comes, which hardly ever passes the signature.
    if let Ok(token) = std::str::from_utf8(input) {
        check(token, &keys);
    }
    // Signed, so that what is behind the signature is reached: header and claims, parted by a line end.
    let mut parts = input.splitn(2, |&byte| byte == b'\n');
    let (Some(header), Some(claims)) = (parts.next(), parts.next()) else {
        return;
    };
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let signed = format!("{}.{}", encode(header), encode(claims));
    let signature = encode(&keys.sign(signed.as_bytes()));
    check(&format!("{signed}.{signature}"), &keys);
});

fn check(token: &str, keys: &KeyRing) {
    let as_playback = playback::verify(token, keys, &playback_rules(), NOW);
    let as_session = session::verify(token, keys, &session_rules(), NOW);
    assert!(as_playback.is_err() || as_session.is_err(), "both kinds");
    let ends = [
        as_playback.map(|claims| claims.expires),
        as_session.map(|claims| claims.expires),
    ];
    for end in ends.into_iter().flatten() {
        assert!(end.0 > NOW.0, "accepted after its end");
        assert!(end.0 <= NOW.0 + LONGEST_LIFE, "accepted for too long");
    }
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
