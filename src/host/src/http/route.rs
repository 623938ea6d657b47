//! Which route a path belongs to, by Spin's rules.

use reelgate_core::routes::{matches, specificity};
use std::sync::Arc;

/// Routes and what answers them.
#[derive(Clone, Debug)]
pub(crate) struct Routes<H>(Vec<Route<H>>);

/// One route.
#[derive(Clone, Debug)]
pub(crate) struct Route<H> {
    /// As the manifest writes it.
    pub(crate) pattern: Arc<str>,
    pub(crate) handler: H,
}

impl<H> Default for Routes<H> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<H> Routes<H> {
    /// Adds a route; `false` when it is there already.
    #[must_use]
    pub(crate) fn add(&mut self, pattern: &str, handler: H) -> bool {
        let new = self.0.iter().all(|route| *route.pattern != *pattern);
        if new {
            self.0.push(Route {
                pattern: pattern.into(),
                handler,
            });
        }
        new
    }

    /// The route of `path`: an exact one, else the longest one above it.
    pub(crate) fn find(&self, path: &str) -> Option<&Route<H>> {
        self.0
            .iter()
            .filter(|route| matches(&route.pattern, path))
            .max_by_key(|route| specificity(&route.pattern))
    }

    pub(crate) fn map<T>(&self, mut handler: impl FnMut(&str, &H) -> T) -> Routes<T> {
        let one = |route: &Route<H>| Route {
            pattern: Arc::clone(&route.pattern),
            handler: handler(&route.pattern, &route.handler),
        };
        Routes(self.0.iter().map(one).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str) -> Option<u8> {
        let mut routes = Routes::default();
        for (pattern, handler) in [
            ("/games/...", 1),
            ("/games/special/...", 2),
            ("/games/exact", 3),
            ("/about", 4),
            ("/api/...", 5),
            ("/api/webhooks/stream", 6),
        ] {
            assert!(routes.add(pattern, handler));
        }
        routes.find(path).map(|route| route.handler)
    }

    /// Spin's documentation of HTTP triggers: exact before wildcard, longer before shorter.
    #[test]
    fn the_most_specific_route_wins() {
        assert_eq!(found("/games/1/master.m3u8"), Some(1));
        assert_eq!(found("/games"), Some(1));
        assert_eq!(found("/games/special/a"), Some(2));
        assert_eq!(found("/games/exact"), Some(3));
        assert_eq!(found("/about/"), Some(4));
        assert_eq!(found("/api/webhooks/stream"), Some(6));
        assert_eq!(found("/api/webhooks/stream/more"), Some(5));
        assert_eq!(found("/api/webhooks"), Some(5));
        assert_eq!(found("/gamesome"), None);
        assert_eq!(found("/"), None);
    }
}
