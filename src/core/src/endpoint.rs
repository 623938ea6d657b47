//! Addresses of servers, as variables hold them.

use alloc::{
    format,
    string::{String, ToString},
};

use http::Uri;

use crate::config::Useless;

/// The two schemes of the web.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Plain text: a server on the same machine.
    Http,
    /// TLS.
    Https,
}

impl Scheme {
    /// The scheme as a URL spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// The port that goes without saying (RFC 9110 §4.2).
    fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// Where a server is, and the path that everything there begins with.
pub(crate) struct Endpoint {
    pub(crate) scheme: Scheme,
    /// Host, and port unless it is the scheme's own.
    pub(crate) authority: String,
    /// Without a slash at its end; may be empty.
    pub(crate) path: String,
}

/// Reads an address as a variable holds it.
pub(crate) fn endpoint(text: &str) -> Result<Endpoint, Useless> {
    const SHAPE: Useless = "is not an address like https://host or http://host:port";
    let uri: Uri = text.parse().map_err(|_| SHAPE)?;
    let scheme = match uri.scheme_str() {
        Some("http") => Scheme::Http,
        Some("https") => Scheme::Https,
        _ => return Err(SHAPE),
    };
    let authority = uri.authority().ok_or(SHAPE)?.as_str();
    if authority.contains('@') {
        return Err("holds a user name; leave it out");
    }
    if text.contains(['?', '#']) {
        return Err("has a query or a fragment; leave it out");
    }
    // S3's path is signed as it stands, and S3 signs it escaped: only what needs no escape is the same.
    if !uri
        .path()
        .bytes()
        .all(|byte| is_unreserved(byte) || byte == b'/')
    {
        return Err("has a path with other characters than A-Z a-z 0-9 - . _ ~ /");
    }
    Ok(Endpoint {
        scheme,
        authority: without_default_port(authority, scheme).ok_or(SHAPE)?,
        path: uri.path().trim_end_matches('/').to_string(),
    })
}

/// The `Host` that every client sends for `authority` (RFC 9110 §4.2.3 and §7.2). `None` when its
/// port is none.
fn without_default_port(authority: &str, scheme: Scheme) -> Option<String> {
    let authority = authority.to_ascii_lowercase();
    let host_end = authority.rfind(']').map_or(0, |end| end + 1);
    let Some(colon) = authority[host_end..].find(':').map(|at| host_end + at) else {
        return Some(authority).filter(|host| !host.is_empty());
    };
    let (host, port) = (&authority[..colon], &authority[colon + 1..]);
    let port: u16 = port.parse().ok().filter(|_| !host.is_empty())?;
    Some(if port == scheme.default_port() {
        host.to_string()
    } else {
        format!("{host}:{port}")
    })
}

/// The same for an address without a path, as one text.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn origin(text: &str) -> Result<String, Useless> {
    let Endpoint {
        scheme,
        authority,
        path,
    } = endpoint(text.trim())?;
    if !path.is_empty() {
        return Err("has a path; it is only https://host or http://host:port");
    }
    Ok(format!("{}://{authority}", scheme.as_str()))
}

/// RFC 3986 §2.3.
pub(crate) fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}
