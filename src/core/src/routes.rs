//! The routes of the application, for a host that runs it as one file and reads no manifest.
//!
//! `spin.toml` has the same table; a test of the project holds the two together.

/// What answers a route: the name of a composed file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chain {
    /// Gate and origin.
    Games,
    /// Originals for Cloudflare Stream.
    StreamSource,
    /// Playback tokens for a portal.
    Playback,
    /// What Cloudflare Stream reports.
    Webhook,
    /// The API of the Stream path.
    Videos,
    /// The sweep, on demand.
    Reconciler,
}

/// Every route, as a manifest writes it: `/x` for one path, `/x/...` for all below it, and itself.
pub const TABLE: [(&str, Chain); 8] = [
    ("/games/...", Chain::Games),
    ("/s/...", Chain::Games),
    ("/api/internal/stream-source", Chain::StreamSource),
    ("/api/games/...", Chain::Playback),
    ("/api/playback/session", Chain::Playback),
    ("/api/webhooks/stream", Chain::Webhook),
    ("/api/videos/...", Chain::Videos),
    ("/api/internal/reconcile", Chain::Reconciler),
];

/// The chain that answers `target`, a path with or without a query.
///
/// # Example
/// ```
/// use reelgate_core::routes::{Chain, find};
///
/// assert_eq!(find("/s/eyJ/games/7/a.m4s"), Some(Chain::Games));
/// assert_eq!(find("/gamesome"), None);
/// ```
#[must_use]
pub fn find(target: &str) -> Option<Chain> {
    let path = target.split('?').next().unwrap_or(target);
    TABLE
        .iter()
        .filter(|(pattern, _)| matches(pattern, path))
        .max_by_key(|(pattern, _)| specificity(pattern))
        .map(|(_, chain)| *chain)
}

/// Whether a path belongs to a route, by the rules of Spin's HTTP trigger: a slash at the end makes no
/// difference, and `/x/...` also stands for `/x`.
#[must_use]
pub fn matches(pattern: &str, path: &str) -> bool {
    match pattern.strip_suffix("/...") {
        Some(above) => path
            .strip_prefix(above)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/')),
        None => without_slash(path) == without_slash(pattern),
    }
}

/// Of two routes that a path belongs to, the one for which this is greater answers: an exact one before a
/// wildcard, then the longer one.
#[must_use]
pub fn specificity(pattern: &str) -> (bool, usize) {
    (!pattern.ends_with("/..."), pattern.len())
}

fn without_slash(path: &str) -> &str {
    path.strip_suffix('/').unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Spin's documentation of HTTP triggers: exact before wildcard, longer before shorter.
    #[test]
    fn a_path_belongs_to_its_most_specific_route() {
        for (target, chain) in [
            ("/games/1/master.m3u8?t=x", Some(Chain::Games)),
            ("/games", Some(Chain::Games)),
            ("/s/a/games/1/a.m4s", Some(Chain::Games)),
            ("/api/games/1/playback", Some(Chain::Playback)),
            ("/api/playback/session/", Some(Chain::Playback)),
            (
                "/api/internal/stream-source?key=a",
                Some(Chain::StreamSource),
            ),
            ("/api/internal/reconcile", Some(Chain::Reconciler)),
            ("/api/webhooks/stream", Some(Chain::Webhook)),
            ("/api/webhooks/stream/more", None),
            ("/api/videos", Some(Chain::Videos)),
            ("/api/videos/v1/encode", Some(Chain::Videos)),
            ("/gamesome", None),
            ("/", None),
            ("", None),
        ] {
            assert_eq!(find(target), chain, "{target}");
        }
        assert!(specificity("/a/exact") > specificity("/a/..."));
        assert!(specificity("/a/longer/...") > specificity("/a/..."));
    }
}
