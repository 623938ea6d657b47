//! A bucket: where it is, and the key pair to sign requests with.

use alloc::{
    format,
    string::{String, ToString},
};
use core::fmt;

use super::presign::{SecretKey, Signer, Unsigned};
use crate::{
    config::{Lookup, Problems, Useless, read, read_if_set},
    endpoint::{Scheme, endpoint, is_unreserved},
    http::Method,
    time::UnixTime,
};

/// The variables that may differ from bucket to bucket; `s3_endpoint` and `s3_region` hold for all.
#[derive(Clone, Debug)]
pub(crate) struct Variables {
    pub(crate) bucket: &'static str,
    pub(crate) key_id: &'static str,
    pub(crate) secret: &'static str,
    /// What goes with a temporary key pair; only the films' can be one.
    pub(crate) token: Option<&'static str>,
}

/// The bucket of the films.
pub(crate) const FILMS: Variables = Variables {
    bucket: "s3_bucket",
    key_id: "s3_access_key_id",
    secret: "s3_secret_access_key",
    token: Some("s3_session_token"),
};

#[derive(Clone)]
pub(crate) struct Bucket {
    pub(crate) scheme: Scheme,
    /// Host, and port unless it is the scheme's own; also the `Host` that is signed.
    pub(crate) authority: String,
    /// What stands before a key: the endpoint's path and the bucket's name.
    pub(super) prefix: String,
    signer: Signer,
}

impl Bucket {
    /// `None` with at least one more problem.
    pub(crate) fn from_lookup(
        lookup: &dyn Lookup,
        variables: &Variables,
        problems: &mut Problems,
    ) -> Option<Self> {
        let endpoint = read(lookup, "s3_endpoint", None, endpoint, problems);
        let bucket = read(lookup, variables.bucket, None, bucket, problems);
        let region = read(lookup, "s3_region", Some("auto"), region, problems);
        let id = read(lookup, variables.key_id, None, key_id, problems);
        let secret = read(lookup, variables.secret, None, secret, problems);
        let token = variables
            .token
            .and_then(|name| read_if_set(lookup, name, session_token, problems));
        let endpoint = endpoint?;
        Some(Self {
            scheme: endpoint.scheme,
            authority: endpoint.authority,
            prefix: format!("{}/{}", endpoint.path, bucket?),
            signer: Signer::new(id?, secret?, region?).with_token(token.as_deref()),
        })
    }

    pub(super) fn prepare(&mut self, first: UnixTime, days: usize) {
        self.signer.prepare(first, days);
    }

    /// A key for `purpose`, which only those have who have the bucket's.
    pub(super) fn derive(&self, purpose: &str) -> [u8; 32] {
        let (scheme, authority, prefix) = (self.scheme.as_str(), &self.authority, &self.prefix);
        let message = format!("{purpose}\n{scheme}://{authority}{prefix}");
        self.signer.derive_for(&message)
    }

    /// The signed path and query for `path`, which begins with a slash and is escaped already. Good for
    /// one hour from `now`, with just these headers beside `host`, which come before it or after it in
    /// the order of names.
    pub(crate) fn sign(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        query: &[(&str, &str)],
        now: UnixTime,
    ) -> String {
        self.signer.presign(
            &Unsigned {
                method,
                headers,
                path: &format!("{}{path}", self.prefix),
                query,
            },
            now,
        )
    }
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bucket")
            .field("scheme", &self.scheme)
            .field("authority", &self.authority)
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}

fn bucket(text: &str) -> Result<String, Useless> {
    if matches!(text, "." | "..") || !text.bytes().all(is_unreserved) {
        return Err("is no bucket name: letters, digits, dots and hyphens");
    }
    Ok(text.to_string())
}

fn region(text: &str) -> Result<String, Useless> {
    if !text.bytes().all(is_unreserved) {
        return Err("is no region; `auto` is right for R2, `us-east-1` for most others");
    }
    Ok(text.to_string())
}

fn key_id(text: &str) -> Result<String, Useless> {
    if text.contains('/') || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("holds a blank, a line break or another character that no key id has");
    }
    Ok(text.to_string())
}

fn secret(text: &str) -> Result<SecretKey, Useless> {
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("holds a blank, a line break or another character that no secret key has");
    }
    SecretKey::new(text).ok_or("cannot be a key")
}

/// Base64, as AWS's Security Token Service gives it.
fn session_token(text: &str) -> Result<String, Useless> {
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=-_".contains(&byte);
    if text.bytes().all(is_base64) {
        return Ok(text.into());
    }
    Err("is no session token: it is in base64")
}
