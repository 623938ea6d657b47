//! Which of the gate's routes a request is for.

use alloc::borrow::Cow;

use percent_encoding::percent_decode_str;

use crate::token::{MAX_TOKEN_BYTES, Reason};

/// A request's target, taken apart but not decoded. It has no `Debug`, for it holds credentials.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Route<'a> {
    /// The session in `/s/{session}/games/…`.
    pub session: Option<&'a str>,
    /// The object's path, `/games/…`, without session and query.
    pub path: &'a str,
    /// What follows the first `?`.
    pub query: Option<&'a str>,
}

impl<'a> Route<'a> {
    /// Splits a target: `/games/…`, or the same under `/s/{session}/`. `None` for everything else.
    #[must_use]
    pub fn split(target: &'a str) -> Option<Self> {
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (target, None),
        };
        if path.starts_with("/games/") {
            return Some(Self {
                session: None,
                path,
                query,
            });
        }
        let under = path.strip_prefix("/s/")?;
        let (session, path) = under.split_at(under.find('/')?);
        // Somebody on the way would take a dot segment out and ask for something else.
        if matches!(session, "" | "." | "..") || !path.starts_with("/games/") {
            return None;
        }
        Some(Self {
            session: Some(session),
            path,
            query,
        })
    }

    /// The game id as it stands in the path, escapes included.
    #[must_use]
    pub fn game_as_written(&self) -> &'a str {
        self.path.split('/').nth(2).unwrap_or_default()
    }

    /// The playback token in the query: the first `t` that is not empty, percent-decoded. A `+` stands
    /// for itself. `None` when there is none.
    ///
    /// # Errors
    /// [`Reason::TokenMalformed`] when it cannot be decoded, or is longer than any token.
    pub fn token(&self) -> Option<Result<Cow<'a, str>, Reason>> {
        let parameters = self.query?.split('&');
        let raw = parameters
            .filter_map(|parameter| parameter.strip_prefix("t="))
            .find(|value| !value.is_empty())?;
        if raw.len() > 3 * MAX_TOKEN_BYTES {
            return Some(Err(Reason::TokenMalformed));
        }
        Some(
            percent_decode_str(raw)
                .decode_utf8()
                .map_err(|_| Reason::TokenMalformed),
        )
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::String;

    use super::*;

    #[test]
    fn a_target_is_for_one_route_or_for_none() {
        for (target, session, path, query) in [
            ("/games/a/b", None, "/games/a/b", None),
            ("/games/a/b?", None, "/games/a/b", Some("")),
            ("/games/a/b?t=1&x?y", None, "/games/a/b", Some("t=1&x?y")),
            ("/games/", None, "/games/", None),
            (
                "/s/x.y.z/games/a/b?t=1",
                Some("x.y.z"),
                "/games/a/b",
                Some("t=1"),
            ),
            ("/s/s/games/a/games/b", Some("s"), "/games/a/games/b", None),
        ] {
            let route = Route::split(target).map(|route| (route.session, route.path, route.query));
            assert_eq!(route, Some((session, path, query)), "{target}");
        }
        for target in [
            "",
            "/",
            "*",
            "games/a/b",
            "/games",
            "/Games/a/b",
            "//games/a/b",
            "/s",
            "/s/",
            "/s/x",
            "/s/x/",
            "/s/x/games",
            "/s//games/a/b",
            "/s/./games/a/b",
            "/s/../games/a/b",
            "/s/x/y/games/a/b",
            "/s/x//games/a/b",
            "/?/games/a/b",
            "http://h/games/a/b",
            "/s/x/s/y/games/a/b",
        ] {
            assert!(Route::split(target).is_none(), "{target}");
        }
    }

    #[test]
    fn the_game_is_read_as_written() {
        assert_eq!(
            Route::split("/games/a%20b/c").unwrap().game_as_written(),
            "a%20b"
        );
        assert_eq!(
            Route::split("/s/x/games/a;b/c/d")
                .unwrap()
                .game_as_written(),
            "a;b"
        );
        assert_eq!(Route::split("/games/").unwrap().game_as_written(), "");
    }

    #[test]
    fn the_first_token_that_is_not_empty_counts() {
        for (query, expected) in [
            ("", None),
            ("t", None),
            ("t=", None),
            ("T=a", None),
            ("xt=a", None),
            ("t=a", Some(Ok("a"))),
            ("x=1&t=a&t=b", Some(Ok("a"))),
            ("t=&t=b", Some(Ok("b"))),
            ("t=a%2Eb%2ec", Some(Ok("a.b.c"))),
            ("t=a+b", Some(Ok("a+b"))),
            ("t=a=b", Some(Ok("a=b"))),
            ("t=a%2", Some(Ok("a%2"))),
            ("t=%ff", Some(Err(Reason::TokenMalformed))),
        ] {
            let target = alloc::format!("/games/a/b?{query}");
            let token = Route::split(&target).unwrap().token();
            assert_eq!(
                token
                    .as_ref()
                    .map(|token| token.as_deref().map_err(|reason| *reason)),
                expected,
                "{query}"
            );
        }
        let escaped = |times: usize| String::from("/games/a/b?t=") + &"%61".repeat(times);
        let longest = escaped(MAX_TOKEN_BYTES);
        let token = Route::split(&longest).unwrap().token().unwrap();
        assert_eq!(token.map(|token| token.len()), Ok(MAX_TOKEN_BYTES));
        let target = escaped(MAX_TOKEN_BYTES + 1);
        assert_eq!(
            Route::split(&target).unwrap().token(),
            Some(Err(Reason::TokenMalformed))
        );
    }
}
