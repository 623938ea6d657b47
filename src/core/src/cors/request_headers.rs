//! What a page's player may send along (the Fetch standard, §4.8, "CORS-preflight fetch").

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;

use crate::config::{Lookup, Problems};

/// What a player of a page sends with its requests for a film: ranges and conditions, and what it measures (CMCD,
/// CTA-5004).
pub(crate) const OF_PLAYERS: [&str; 8] = [
    "Range",
    "Content-Type",
    "If-Range",
    "If-None-Match",
    "CMCD-Request",
    "CMCD-Object",
    "CMCD-Status",
    "CMCD-Session",
];

/// What libraries that trace requests add to all of a page's: W3C Trace Context, W3C Baggage, Sentry.
pub(crate) const OF_TRACES: [&str; 4] = ["traceparent", "tracestate", "baggage", "sentry-trace"];

/// The most names that a variable adds.
const MAX_ADDED: usize = 32;

/// The longest name that is added, in bytes.
const MAX_NAME_BYTES: usize = 64;

/// The names that a browser keeps to itself ("forbidden request-header" in the Fetch standard, §2.2.2): no page can
/// send them, so to allow one is to mean another.
const FORBIDDEN: [&str; 23] = [
    "accept-charset",
    "accept-encoding",
    "access-control-request-headers",
    "access-control-request-method",
    "access-control-request-private-network",
    "connection",
    "content-length",
    "cookie",
    "cookie2",
    "date",
    "dnt",
    "expect",
    "host",
    "keep-alive",
    "origin",
    "referer",
    "set-cookie",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
    "x-http-method-override",
];

/// The value of `Access-Control-Allow-Headers`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestHeaders(String);

impl RequestHeaders {
    /// `own` names, and those of `text`: a list parted by commas or blanks, without those that are there already.
    ///
    /// # Errors
    /// What is wrong with `text`, one for each entry that cannot be allowed.
    pub fn parse(own: &[&str], text: &str) -> Result<Self, Vec<BadHeader>> {
        let entries = text.split(|c: char| c == ',' || c.is_whitespace());
        let entries: Vec<&str> = entries.filter(|entry| !entry.is_empty()).collect();
        let bad: Vec<BadHeader> = entries
            .iter()
            .filter_map(|entry| BadHeader::of(entry))
            .collect();
        if !bad.is_empty() {
            return Err(bad);
        }
        if entries.len() > MAX_ADDED {
            return Err(alloc::vec![BadHeader::TooMany]);
        }
        let mut names: Vec<&str> = own.to_vec();
        for entry in entries {
            if !names.iter().any(|name| name.eq_ignore_ascii_case(entry)) {
                names.push(entry);
            }
        }
        Ok(Self(names.join(", ")))
    }

    /// `own` names, and those of the variable `allowed_headers`; `None` with at least one more problem.
    pub(crate) fn from_lookup(
        own: &[&str],
        lookup: &dyn Lookup,
        problems: &mut Problems,
    ) -> Option<Self> {
        const NAME: &str = "allowed_headers";
        let text = lookup.get(NAME).unwrap_or_default();
        let noted = Self::parse(own, &text).map_err(|errors| {
            for error in errors {
                problems.add(NAME, error.to_string());
            }
        });
        noted.ok()
    }

    /// The header's value.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why a name is not to be in `allowed_headers`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BadHeader {
    /// No field name (RFC 9110 §5.1), or a long one.
    NoName(String),
    /// `*`, which means nothing where credentials are sent.
    Star,
    /// No page can send it.
    Forbidden(String),
    /// What the gate and its host say to each other.
    Reserved(String),
    /// Too many of them.
    TooMany,
}

impl BadHeader {
    fn of(entry: &str) -> Option<Self> {
        let name = entry.to_ascii_lowercase();
        if name == "*" {
            return Some(Self::Star);
        }
        if name.len() > MAX_NAME_BYTES || !name.bytes().all(is_token_byte) {
            return Some(Self::NoName(entry.to_string()));
        }
        let browsers_own = name.starts_with("sec-") || name.starts_with("proxy-");
        if browsers_own || FORBIDDEN.contains(&&*name) {
            return Some(Self::Forbidden(name));
        }
        name.starts_with("x-reelgate-")
            .then_some(Self::Reserved(name))
    }
}

impl fmt::Display for BadHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&match self {
            Self::NoName(entry) => format!(
                "holds `{entry}`, which is no header's name of at most {MAX_NAME_BYTES} letters, digits and hyphens"
            ),
            Self::Star => {
                "holds `*`, which browsers take for a name where cookies are sent; list the names".into()
            }
            Self::Forbidden(name) => format!("holds `{name}`, which no page can send"),
            Self::Reserved(name) => format!("holds `{name}`, which is not for pages to send"),
            Self::TooMany => format!("has more than {MAX_ADDED} names"),
        })
    }
}

impl core::error::Error for BadHeader {}

/// RFC 9110 §5.6.2, `tchar`.
pub(crate) fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<String, Vec<BadHeader>> {
        RequestHeaders::parse(&["Range", "CMCD-Status"], text).map(|names| names.as_str().into())
    }

    #[test]
    fn names_are_added_to_those_that_are_there() {
        for (text, expected) in [
            ("", "Range, CMCD-Status"),
            (" , ", "Range, CMCD-Status"),
            ("X-Trace", "Range, CMCD-Status, X-Trace"),
            ("x-a,x-b  x-c\n", "Range, CMCD-Status, x-a, x-b, x-c"),
            ("range, x-a, X-A", "Range, CMCD-Status, x-a"),
            ("Authorization", "Range, CMCD-Status, Authorization"),
        ] {
            assert_eq!(parse(text).as_deref(), Ok(expected), "{text:?}");
        }
    }

    #[test]
    fn what_no_page_can_send_or_should_is_refused() {
        for text in [
            "*",
            "Cookie",
            "host",
            "Content-Length",
            "Origin",
            "Sec-Fetch-Mode",
            "proxy-authorization",
            "X-Reelgate-Log",
            "x:y",
            "x/y",
            "größe",
            "x\u{0}",
            &"a".repeat(65),
        ] {
            assert_eq!(parse(text).map_err(|bad| bad.len()), Err(1), "{text}");
        }
        assert_eq!(parse("x-a, *, Cookie").map_err(|bad| bad.len()), Err(2));
        let many: Vec<String> = (0..33).map(|number| format!("x-{number}")).collect();
        assert_eq!(parse(&many.join(",")), Err(alloc::vec![BadHeader::TooMany]));
        assert!(parse(&many[..32].join(",")).is_ok());
    }
}
