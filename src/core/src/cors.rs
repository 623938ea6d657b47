//! Who may read answers from a page of another origin (the Fetch standard, §3.2).

use alloc::{
    borrow::Cow,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;

use crate::http::{HeaderSource, Headers};

mod request_headers;

pub use request_headers::{BadHeader, RequestHeaders};
pub(crate) use request_headers::{OF_PLAYERS, OF_TRACES, is_token_byte};

/// How long a browser may keep a preflight's answer, in seconds. It caps it itself, at two hours or a day.
const PREFLIGHT_SECONDS: &[u8] = b"86400";

const EXPOSED: &[u8] = b"Content-Length, Content-Range, Accept-Ranges, ETag, X-Reelgate-Reason";
const METHODS: &[u8] = b"GET, HEAD, OPTIONS";

/// The origins whose pages may read answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origins(Vec<String>);

impl Origins {
    /// Reads a comma-separated list: `https://portal.example,http://localhost:5173`. Blanks around an
    /// entry and empty entries are dropped.
    ///
    /// # Errors
    /// Every entry that no browser would send as `Origin`.
    pub fn parse(text: &str) -> Result<Self, Vec<BadOrigin>> {
        let entries = text
            .split(',')
            .map(str::trim)
            .filter(|entry| !entry.is_empty());
        let (good, bad): (Vec<&str>, Vec<&str>) = entries.partition(|entry| is_serialized(entry));
        if bad.is_empty() {
            return Ok(Self(good.into_iter().map(String::from).collect()));
        }
        Err(bad
            .into_iter()
            .map(|entry| BadOrigin(entry.to_string()))
            .collect())
    }

    /// The request's `Origin` when it is on the list, compared byte for byte.
    pub fn allowed<H: HeaderSource + ?Sized>(&self, headers: &H) -> Option<&str> {
        let origin = headers.single("origin")?;
        self.0
            .iter()
            .map(String::as_str)
            .find(|allowed| *allowed == origin)
    }
}

/// Whether `text` is the serialization of an origin (the HTML standard, "ascii serialization of an
/// origin"): scheme and host in lower case, a port only when it is not the scheme's own, no path.
fn is_serialized(text: &str) -> bool {
    let Some((scheme, host)) = text.split_once("://") else {
        return false;
    };
    let default_port = match scheme {
        "https" => ":443",
        "http" => ":80",
        _ => "/",
    };
    let scheme_fits = scheme.starts_with(|c: char| c.is_ascii_lowercase())
        && scheme
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'+' | b'-' | b'.'));
    let host_fits = !host.is_empty()
        && host.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b':' | b'[' | b']'));
    scheme_fits && host_fits && !host.ends_with(default_port)
}

/// An entry of `allowed_origins` that could never match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadOrigin(String);

impl fmt::Display for BadOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "holds `{}`, which no browser sends; write `scheme://host` or `scheme://host:port` in lower case, \
             without path, wildcard or the scheme's own port",
            self.0
        )
    }
}

impl core::error::Error for BadOrigin {}

/// Adds what every answer carries. `allowed` is the request's origin if it may read the answer.
pub fn add(headers: &mut Headers, allowed: Option<&str>) {
    headers.push(("vary", Cow::Borrowed(b"Origin")));
    let Some(origin) = allowed else { return };
    headers.push((
        "access-control-allow-origin",
        Cow::Owned(origin.as_bytes().to_vec()),
    ));
    headers.push(("access-control-allow-credentials", Cow::Borrowed(b"true")));
    headers.push(("access-control-expose-headers", Cow::Borrowed(EXPOSED)));
}

/// Adds what the answer to a preflight carries beside that.
///
/// `request_headers` are those that a page may send along.
pub fn add_preflight(
    headers: &mut Headers,
    allowed: Option<&str>,
    request_headers: &RequestHeaders,
) {
    if allowed.is_none() {
        return;
    }
    headers.push(("access-control-allow-methods", Cow::Borrowed(METHODS)));
    headers.push((
        "access-control-allow-headers",
        Cow::Owned(request_headers.as_str().as_bytes().to_vec()),
    ));
    headers.push(("access-control-max-age", Cow::Borrowed(PREFLIGHT_SECONDS)));
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    #[test]
    fn an_origin_matches_byte_for_byte() {
        let origins = Origins::parse(" https://portal.example , http://localhost:5173,").unwrap();
        for (header, allowed) in [
            ("https://portal.example", true),
            ("http://localhost:5173", true),
            ("http://portal.example", false),
            ("https://portal.example:8443", false),
            ("https://portal.example.evil", false),
            ("https://evil.portal.example", false),
            ("https://Portal.example", false),
            ("https://portal.example/", false),
            ("null", false),
            ("*", false),
            ("", false),
        ] {
            assert_eq!(
                origins.allowed(&vec![("Origin", header)]).is_some(),
                allowed,
                "{header}"
            );
        }
        assert_eq!(origins.allowed(&Vec::<(&str, &str)>::new()), None);
        let twice = vec![
            ("origin", "https://portal.example"),
            ("origin", "https://portal.example"),
        ];
        assert_eq!(origins.allowed(&twice), None);
    }

    #[test]
    fn an_entry_that_could_never_match_is_refused() {
        for good in [
            "https://a.b",
            "http://127.0.0.1:8080",
            "http://[::1]:3000",
            "capacitor://localhost",
            "https://a:80",
        ] {
            assert!(Origins::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "*",
            "null",
            "portal.example",
            "https://",
            "https://a.b/",
            "https://a.b/x",
            "https://A.b",
            "HTTPS://a.b",
            "https://*.a.b",
            "https://a.b:443",
            "http://a.b:80",
            "https://u@a.b",
            "https://a b",
            "://a",
            "https://größe.de",
        ] {
            assert!(Origins::parse(bad).is_err(), "{bad}");
        }
        let bad = Origins::parse("*,https://a.b,x").unwrap_err();
        assert_eq!(bad.len(), 2);
        assert_eq!(Origins::parse(" , ").unwrap(), Origins::default());
    }
}
