//! A sign-in service for a developer's machine: it lets anybody be anybody, so it must be reached from
//! this machine alone.

use crate::exit::{Failure, Kind};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use getrandom::SysRng;
use rsa::rand_core::UnwrapErr;
use rsa::traits::PublicKeyParts as _;
use rsa::{Pkcs1v15Sign, RsaPrivateKey};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use std::net::SocketAddr;

/// Bits of the key: the least that RFC 7518 §3.3 allows.
const KEY_BITS: usize = 2048;

/// Seconds that a session token lives, as Clerk's do.
const LIFE: u64 = 60;

/// Seconds that `nbf` lies back, as Clerk's does.
const BACK: u64 = 10;

/// Who signs in by this name may not watch: to see what such a viewer sees.
pub(super) const GUEST: &str = "guest";

/// Signs session tokens with a key that is as old as this process.
pub(super) struct Identity {
    key: RsaPrivateKey,
    key_name: String,
    issuer: String,
}

impl Identity {
    /// A service at `address`.
    ///
    /// # Errors
    /// When the address can be reached from elsewhere, or no key can be made.
    pub(super) fn new(address: SocketAddr) -> Result<Self, Failure> {
        if !address.ip().is_loopback() {
            return Err(Failure::new(
                Kind::Configuration,
                format!("the identity for development must not be served at {address}"),
            )
            .with_help(
                "anybody can be anybody there; only addresses of this machine are allowed",
            ));
        }
        let key = RsaPrivateKey::new(&mut UnwrapErr(SysRng), KEY_BITS)
            .map_err(|error| Failure::new(Kind::Failed, error.to_string()))?;
        let key_name = super::secret()?.chars().take(16).collect();
        Ok(Self {
            key,
            key_name,
            issuer: format!("http://{address}"),
        })
    }

    /// Who the tokens are by.
    pub(super) fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The public key, as a key set (RFC 7517 §5).
    pub(super) fn key_set(&self) -> String {
        let modulus = self.key.n().to_be_bytes();
        let exponent = self.key.e().to_be_bytes();
        let number = |bytes: &[u8]| {
            let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
            URL_SAFE_NO_PAD.encode(&bytes[zeros..])
        };
        json!({ "keys": [{
            "kty": "RSA",
            "use": "sig",
            "alg": "RS256",
            "kid": self.key_name,
            "n": number(&modulus),
            "e": number(&exponent),
        }] })
        .to_string()
    }

    /// A session token for `name`, as Clerk makes them; the page that asks is on `party`.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub(super) fn token(&self, name: &str, party: &str, now: u64) -> Result<String, Failure> {
        let permissions: &[&str] = if name == GUEST {
            &[]
        } else {
            &["video:playback"]
        };
        let header = json!({ "alg": "RS256", "typ": "JWT", "kid": self.key_name });
        let claims = json!({
            "iss": self.issuer,
            "sub": format!("user_{name}"),
            "sid": format!("sess_{name}"),
            "azp": party,
            "iat": now,
            "nbf": now.saturating_sub(BACK),
            "exp": now + LIFE,
            "permissions": permissions,
        });
        let encode = |part: &serde_json::Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let signed = format!("{}.{}", encode(&header), encode(&claims));
        let hash = Sha256::digest(&signed);
        let padding = Pkcs1v15Sign::new::<Sha256>();
        let signature = self
            .key
            .sign_with_rng(&mut UnwrapErr(SysRng), padding, &hash);
        let signature = signature.map_err(|error| Failure::new(Kind::Failed, error.to_string()))?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reelgate_core::time::UnixTime;
    use reelgate_core::token::identity::{KeySet, Presented, Rules, verify};

    #[test]
    fn it_is_served_to_this_machine_alone() {
        for address in ["0.0.0.0:8790", "10.0.0.1:8790", "[::]:8790"] {
            assert!(
                Identity::new(address.parse().unwrap()).is_err(),
                "{address}"
            );
        }
    }

    #[test]
    fn the_component_playback_believes_its_tokens() {
        let identity = Identity::new("127.0.0.1:8790".parse().unwrap()).unwrap();
        let token = identity
            .token("Ada", "http://127.0.0.1:8790", 1_000)
            .unwrap();
        let keys = KeySet::parse(identity.key_set().as_bytes()).unwrap();
        let rules = Rules {
            issuer: Some("http://127.0.0.1:8790".into()),
            parties: vec!["http://127.0.0.1:8790".into()],
            permissions_claim: "permissions".into(),
            entitlements_claim: "entitlements".into(),
        };
        let at = |now| {
            let presented = Presented::read(&token).unwrap();
            verify(&presented, &keys, &rules, UnixTime(now))
        };
        assert!(at(1_050).is_ok());
        // A minute, and 30 seconds of leeway.
        assert!(at(1_091).is_err());
    }
}
