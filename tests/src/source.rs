//! Signed addresses of originals, made as the source route wants them, without the product's code.

use crate::portal::now;
use hmac::{Hmac, KeyInit as _, Mac as _};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::Sha256;

/// The route.
pub const PATH: &str = "/api/internal/stream-source";
/// The secret of most journeys.
pub const SECRET: &str = "whsec-0123456789abcdef0123456789abcdef";

/// The signature of a key and an end.
///
/// # Panics
///
/// Never: HMAC takes keys of any length.
#[must_use]
pub fn sign(key: &str, exp: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("any length");
    mac.update(format!("stream-source:v1\n{key}\n{exp}").as_bytes());
    let tag = mac.finalize().into_bytes();
    tag.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The address with these three.
#[must_use]
pub fn target(key: &str, exp: &str, sig: &str) -> String {
    let key = utf8_percent_encode(key, NON_ALPHANUMERIC);
    format!("{PATH}?key={key}&exp={exp}&sig={sig}")
}

/// An address that is good for an hour.
#[must_use]
pub fn good(key: &str) -> String {
    let exp = (now() + 3600).to_string();
    target(key, &exp, &sign(key, &exp))
}
