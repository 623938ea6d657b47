//! Tokens made by PyJWT, with the outcome they must have.

use crate::portal::{now, sign};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;

/// When most vectors are to be verified, in seconds since 1970.
const NOW: u64 = 1_760_000_100;

/// One token, and what is to become of it.
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "the names are the file's own")]
pub struct Vector {
    pub name: String,
    pub token: String,
    pub now: u64,
    pub game_id: String,
    pub expect: String,
    pub secrets: String,
}

/// All playback tokens of `vectors.json`.
///
/// # Panics
///
/// The file is not as it was given to us.
#[must_use]
pub fn playback_tokens() -> Vec<Vector> {
    #[derive(Deserialize)]
    struct File {
        playback_tokens: Vec<Vector>,
    }
    let file: File = serde_json::from_str(include_str!("../vectors.json")).expect("our file");
    assert_eq!(file.playback_tokens.len(), 32);
    file.playback_tokens
}

/// A signed address of the source route.
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "the names are the file's own")]
pub struct SourceSignature {
    pub key: String,
    pub exp: u64,
    pub sig: String,
}

/// The secret of the signed addresses, and all of them.
///
/// # Panics
///
/// The file is not as it was given to us.
#[must_use]
pub fn source_signatures() -> (String, Vec<SourceSignature>) {
    #[derive(Deserialize)]
    struct File {
        source_signatures: Signatures,
    }
    #[derive(Deserialize)]
    struct Signatures {
        secret: String,
        cases: Vec<SourceSignature>,
    }
    let file: File = serde_json::from_str(include_str!("../vectors.json")).expect("our file");
    assert_eq!(file.source_signatures.cases.len(), 2);
    (file.source_signatures.secret, file.source_signatures.cases)
}

/// A webhook of Stream, signed.
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "the names are the file's own")]
pub struct Webhook {
    pub secret: String,
    pub time: i64,
    pub body: String,
    pub sig1: String,
}

/// The one webhook of `vectors.json`.
///
/// # Panics
///
/// The file is not as it was given to us.
#[must_use]
pub fn webhook() -> Webhook {
    #[derive(Deserialize)]
    struct File {
        webhook: Webhook,
    }
    let file: File = serde_json::from_str(include_str!("../vectors.json")).expect("our file");
    file.webhook
}

impl Vector {
    /// The token as it would be, had it been minted lately: every time in it moved, its fault kept.
    #[must_use]
    pub fn of_today(&self) -> String {
        let mut parts: Vec<&str> = self.token.split('.').collect();
        let [header, claims, ..] = parts[..] else {
            return self.token.clone();
        };
        let Some(moved) = self.moved(claims) else {
            return self.token.clone();
        };
        for secret in self.secrets.split(',') {
            let secret = secret.split_once(':').map_or(secret, |(_, secret)| secret);
            // What follows a good signature, a padding or a fourth part, is the fault to be kept.
            if let Some(rest) = self.token.strip_prefix(&sign(header, claims, secret)) {
                return sign(header, &moved, secret) + rest;
            }
        }
        // Nobody's signature stays nobody's.
        parts[1] = &moved;
        parts.join(".")
    }

    /// The claims with all times moved; `None` where there are none, or not even base64.
    fn moved(&self, claims: &str) -> Option<String> {
        let padding = claims.trim_start_matches(|c| c != '=');
        let json = URL_SAFE_NO_PAD.decode(claims.trim_end_matches('=')).ok()?;
        let json = String::from_utf8(json).ok()?;
        // A last second cannot be held over HTTP: it passes.
        let verified_at = if self.expect == "ok" { NOW } else { self.now };
        let mut moved = String::new();
        let mut rest = json.as_str();
        while let Some(at) = rest.find("1760") {
            let time: u64 = rest.get(at..at + 10)?.parse().ok()?;
            moved.push_str(&rest[..at]);
            moved.push_str(&(time + now() - verified_at).to_string());
            rest = &rest[at + 10..];
        }
        Some(URL_SAFE_NO_PAD.encode(moved + rest) + padding)
    }
}
