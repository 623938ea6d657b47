//! Where a component may send requests: Spin's `allowed_outbound_hosts`.

use http::Uri;

/// The destinations of one component.
#[derive(Clone, Debug, Default)]
pub struct AllowedHosts(Vec<Pattern>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Pattern {
    /// `None` for `*`.
    scheme: Option<String>,
    host: Host,
    /// `None` for `*`.
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Host {
    Any,
    Exactly(String),
    /// `*.example.com`, kept as `.example.com`.
    Below(String),
}

impl AllowedHosts {
    /// Parses patterns such as `https://*.example.com`, `http://127.0.0.1:9000` or `*://*:*`.
    ///
    /// # Errors
    ///
    /// The place of the first pattern that is none; not its text, in which there may be a password.
    pub fn parse<'a>(patterns: impl IntoIterator<Item = &'a str>) -> Result<Self, usize> {
        patterns
            .into_iter()
            .enumerate()
            .map(|(place, text)| pattern(text).ok_or(place))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Whether a request to `uri` may be sent.
    #[must_use]
    pub fn allow(&self, uri: &Uri) -> bool {
        let (Some(scheme), Some(host)) = (uri.scheme_str(), uri.host()) else {
            return false;
        };
        let Some(port) = uri.port_u16().or_else(|| default_port(scheme)) else {
            return false;
        };
        self.0
            .iter()
            .any(|pattern| pattern.matches(scheme, host, port))
    }
}

impl Pattern {
    fn matches(&self, scheme: &str, host: &str, port: u16) -> bool {
        let host_matches = match &self.host {
            Host::Any => true,
            Host::Exactly(name) => host.eq_ignore_ascii_case(name),
            Host::Below(suffix) => host.to_ascii_lowercase().ends_with(suffix.as_str()),
        };
        self.scheme.as_deref().is_none_or(|own| own == scheme)
            && host_matches
            && self.port.is_none_or(|own| own == port)
    }
}

fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    }
}

fn pattern(text: &str) -> Option<Pattern> {
    let (scheme, rest) = text.split_once("://")?;
    // An endpoint with a path is still one destination.
    let authority = rest
        .split_once('/')
        .map_or(rest, |(authority, _path)| authority);
    // The port's colon comes after the bracket that closes an IPv6 address (RFC 3986 §3.2.2).
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (authority, None),
    };
    if host.is_empty() || host.contains(['?', '#', '@']) {
        return None;
    }
    let port = match port {
        Some("*") => None,
        Some(port) => Some(port.parse().ok()?),
        None if scheme == "*" => None,
        None => Some(default_port(scheme)?),
    };
    let host = match host.strip_prefix('*') {
        Some("") => Host::Any,
        Some(suffix) if suffix.starts_with('.') && !suffix.contains('*') => {
            Host::Below(suffix.to_ascii_lowercase())
        }
        None if !host.contains('*') => Host::Exactly(host.to_owned()),
        _ => return None,
    };
    Some(Pattern {
        scheme: (scheme != "*").then(|| scheme.to_owned()),
        host,
        port,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(pattern: &str, uri: &str) -> bool {
        AllowedHosts::parse([pattern])
            .unwrap()
            .allow(&uri.parse().unwrap())
    }

    #[test]
    fn patterns_of_spins_documentation() {
        assert!(allows("https://example.com", "https://example.com/a"));
        assert!(!allows("https://example.com", "http://example.com/a"));
        assert!(!allows("https://example.com", "https://example.com:8443/"));
        assert!(allows("http://127.0.0.1:9000", "http://127.0.0.1:9000/b"));
        assert!(allows("https://*.example.com", "https://a.example.com/"));
        assert!(!allows("https://*.example.com", "https://example.com/"));
        assert!(allows("*://localhost:*", "http://localhost:1234/"));
        assert!(allows("*://*:*", "https://anything.test/"));
        assert!(allows("http://[::1]:9000", "http://[::1]:9000/"));
        assert!(allows("https://h.test/prefix", "https://h.test/prefix/b/k"));
        assert!(allows(
            "https://acct.r2.cloudflarestorage.com/",
            "https://acct.r2.cloudflarestorage.com/b/k"
        ));
    }

    #[test]
    fn nothing_is_allowed_unless_listed() {
        assert!(!AllowedHosts::default().allow(&"http://127.0.0.1/".parse().unwrap()));
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for text in [
            "example.com",
            "https://",
            "https://a.*.com",
            "ftp://x",
            "https://x:port",
            "https://u@x",
        ] {
            assert!(AllowedHosts::parse([text]).is_err(), "{text}");
        }
    }
}
