//! Presigned queries: AWS Signature Version 4 as a pipe of pure functions.
//!
//! The pipe is that of `rusty-s3`, which the tests compare it with, but without what a component
//! cannot afford: `url` with its tables of host names and a calendar's formatter make 450 KB of wasm,
//! and deriving the day's key for each request takes most of the time that signing takes.

use alloc::{format, string::String, vec::Vec};

use hmac::{Hmac, KeyInit, Mac};
use jiff::{Timestamp, tz::Offset};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::{hex, http::Method, time::UnixTime};

/// How long a signed query stays good, in seconds: the bucket checks when a request begins, and this
/// leaves room for a clock that is wrong by minutes.
pub(super) const EXPIRES: u64 = 3600;

const SECONDS_PER_DAY: u64 = 86_400;

/// All but RFC 3986's unreserved characters, as AWS wants query values.
const ESCAPED_IN_QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// An HMAC-SHA256 key in the state that it has before a message; overwritten when dropped.
type MacKey = Hmac<Sha256>;

/// The secret access key, as the first stage of the derivation wants it. The text itself is not kept.
#[derive(Clone)]
pub(super) struct SecretKey(MacKey);

impl SecretKey {
    /// `None` never comes for HMAC, which takes a key of any length (RFC 2104 §3).
    pub(super) fn new(secret: &str) -> Option<Self> {
        let prefixed = Zeroizing::new(format!("AWS4{secret}"));
        MacKey::new_from_slice(prefixed.as_bytes()).ok().map(Self)
    }
}

/// What a signature is for.
#[derive(Clone, Copy)]
pub(super) struct Unsigned<'a> {
    pub(super) method: Method,
    /// The headers that have to be sent with just these values, `host` among them: names in lower case
    /// and in their order.
    pub(super) headers: &'a [(&'a str, &'a str)],
    /// Escaped as S3 escapes it.
    pub(super) path: &'a str,
    /// Parameters beside those of the signature, unescaped and in the order of their names. These begin
    /// with a lower-case letter, so that they stand behind those of the signature.
    pub(super) query: &'a [(&'a str, &'a str)],
}

/// Signs for one key pair and one region.
#[derive(Clone)]
pub(super) struct Signer {
    key_id: String,
    secret: SecretKey,
    region: String,
    /// Of a temporary key pair, as it stands in a query.
    token: Option<String>,
    /// The signing keys of the days from `first_day` on.
    days: Vec<MacKey>,
    /// Days since 1970-01-01.
    first_day: u64,
}

impl Signer {
    pub(super) fn new(key_id: String, secret: SecretKey, region: String) -> Self {
        Self {
            key_id: utf8_percent_encode(&key_id, ESCAPED_IN_QUERY).collect(),
            secret,
            region,
            token: None,
            days: Vec::new(),
            first_day: 0,
        }
    }

    /// The same with the session token that a temporary key pair is worth nothing without.
    pub(super) fn with_token(self, token: Option<&str>) -> Self {
        let token = token.map(|token| utf8_percent_encode(token, ESCAPED_IN_QUERY).collect());
        Self { token, ..self }
    }

    pub(super) fn prepare(&mut self, first: UnixTime, days: usize) {
        self.first_day = first.0 / SECONDS_PER_DAY;
        self.days = (self.first_day..)
            .take(days)
            .map(|day| UnixTime(day.saturating_mul(SECONDS_PER_DAY)))
            .map(|midnight| self.derive(&Stamp::of(midnight)))
            .collect();
    }

    /// A key for something else than AWS's: none of its messages, which are dates, is like `message`.
    pub(super) fn derive_for(&self, message: &str) -> [u8; 32] {
        tag(self.secret.0.clone(), message.as_bytes())
    }

    /// Path and query that let the request in from `now` on, for [`EXPIRES`] seconds.
    pub(super) fn presign(&self, request: &Unsigned<'_>, now: UnixTime) -> String {
        self.presign_for(request, now, EXPIRES)
    }

    fn presign_for(&self, request: &Unsigned<'_>, now: UnixTime, expires: u64) -> String {
        let stamp = Stamp::of(now);
        let query = self.query(&stamp, request, expires);
        let text = self.string_to_sign(&stamp, &canonical_request(request, &query));
        let signature = tag(self.key_of_the_day(&stamp, now), text.as_bytes());
        let path = request.path;
        format!("{path}?{query}&X-Amz-Signature={}", hex::lower(&signature))
    }

    /// The query in canonical order, all but the signature.
    fn query(&self, stamp: &Stamp, request: &Unsigned<'_>, expires: u64) -> String {
        let (id, region) = (&self.key_id, &self.region);
        let (date, time) = (stamp.date(), stamp.time());
        let names = names(request.headers, "%3B");
        let mut query = format!(
            "X-Amz-Algorithm=AWS4-HMAC-SHA256\
             &X-Amz-Credential={id}%2F{date}%2F{region}%2Fs3%2Faws4_request\
             &X-Amz-Date={time}&X-Amz-Expires={expires}"
        );
        if let Some(token) = &self.token {
            query.extend(["&X-Amz-Security-Token=", token]);
        }
        query.extend(["&X-Amz-SignedHeaders=", &names]);
        for (name, value) in request.query {
            query.extend(["&", name, "="]);
            query.extend(utf8_percent_encode(value, ESCAPED_IN_QUERY));
        }
        query
    }

    fn string_to_sign(&self, stamp: &Stamp, canonical_request: &str) -> String {
        let (date, time, region) = (stamp.date(), stamp.time(), &self.region);
        let hash = Sha256::digest(canonical_request.as_bytes());
        format!(
            "AWS4-HMAC-SHA256\n{time}\n{date}/{region}/s3/aws4_request\n{}",
            hex::lower(&hash)
        )
    }

    fn key_of_the_day(&self, stamp: &Stamp, now: UnixTime) -> MacKey {
        let prepared = (now.0 / SECONDS_PER_DAY)
            .checked_sub(self.first_day)
            .and_then(|index| self.days.get(usize::try_from(index).ok()?));
        prepared.cloned().unwrap_or_else(|| self.derive(stamp))
    }

    /// The signing key: it holds for a day, a region and a service.
    fn derive(&self, stamp: &Stamp) -> MacKey {
        [self.region.as_str(), "s3", "aws4_request"].iter().fold(
            next_key(self.secret.0.clone(), stamp.date()),
            |key, scope| next_key(key, scope),
        )
    }
}

fn canonical_request(request: &Unsigned<'_>, query: &str) -> String {
    let method = match request.method {
        Method::Head => "HEAD",
        Method::Put => "PUT",
        Method::Delete => "DELETE",
        _ => "GET",
    };
    let mut text = format!("{method}\n{}\n{query}\n", request.path);
    for (name, value) in request.headers {
        text.extend([name, ":", value, "\n"]);
    }
    let names = names(request.headers, ";");
    format!("{text}\n{names}\nUNSIGNED-PAYLOAD")
}

fn names(headers: &[(&str, &str)], separator: &str) -> String {
    let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
    names.join(separator)
}

fn tag(key: MacKey, message: &[u8]) -> [u8; 32] {
    key.chain_update(message).finalize().into_bytes().into()
}

fn next_key(key: MacKey, scope: &str) -> MacKey {
    let tag = Zeroizing::new(tag(key, scope.as_bytes()));
    // A key shorter than the hash's block is padded with zeros (RFC 2104 §2).
    let mut block = Zeroizing::new([0; 64]);
    block[..tag.len()].copy_from_slice(&*tag);
    MacKey::new((&*block).into())
}

/// A time as AWS writes it, `20130524T000000Z`.
struct Stamp(String);

impl Stamp {
    /// A time past the year 9999 becomes its end: no bucket would take it anyway.
    fn of(now: UnixTime) -> Self {
        let time = i64::try_from(now.0)
            .ok()
            .and_then(|seconds| Timestamp::from_second(seconds).ok())
            .unwrap_or(Timestamp::MAX);
        let at = Offset::UTC.to_datetime(time);
        Self(format!(
            "{:04}{:02}{:02}T{:02}{:02}{:02}Z",
            at.year(),
            at.month(),
            at.day(),
            at.hour(),
            at.minute(),
            at.second()
        ))
    }

    fn date(&self) -> &str {
        &self.0[..8]
    }

    fn time(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests;
