//! The session cookie: found among a browser's cookies, and written for it (RFC 6265).

use alloc::{format, string::String};
use core::fmt;

use crate::{scope::Scope, token::session::Session};

/// Longest `Set-Cookie` value in bytes that is sent. Browsers keep 4,096 bytes of a cookie and drop a
/// longer one without a word.
pub const MAX_COOKIE_BYTES: usize = 3_800;

/// How the session cookie is called and set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The cookie's name.
    pub name: String,
    /// Whether it is kept apart for each site that embeds the player (`Partitioned`).
    pub partitioned: bool,
}

/// The values of all cookies called `name` in one `Cookie` header, in the order received.
///
/// Names are compared exactly. Blanks around a value and one pair of double quotes are dropped (RFC
/// 6265 §4.1.1); a value with nothing left is passed over.
pub fn values<'h>(header: &'h [u8], name: &str) -> impl Iterator<Item = &'h [u8]> {
    header
        .split(|&byte| byte == b';')
        .filter_map(move |pair| {
            pair.trim_ascii()
                .strip_prefix(name.as_bytes())?
                .trim_ascii_start()
                .strip_prefix(b"=")
        })
        .map(|value| unquoted(value.trim_ascii()))
        .filter(|value| !value.is_empty())
}

fn unquoted(value: &[u8]) -> &[u8] {
    value
        .strip_prefix(b"\"")
        .and_then(|value| value.strip_suffix(b"\""))
        .unwrap_or(value)
}

/// A `Set-Cookie` value. `Debug` does not show it, for it holds a session.
#[derive(Clone, PartialEq, Eq)]
pub struct SetCookie(String);

impl SetCookie {
    /// The cookie that carries `session` for `life_seconds`, sent back only under the path of the games
    /// it opens. `game_as_written` is the game id as it stands in the request's path, for browsers compare
    /// paths without decoding them (RFC 6265 §5.1.4).
    ///
    /// `None` when browsers might drop it for its length.
    #[must_use]
    pub fn new(
        settings: &Settings,
        session: &Session,
        scope: &Scope,
        game_as_written: &str,
        life_seconds: u64,
    ) -> Option<Self> {
        let Settings { name, partitioned } = settings;
        let game = if fits_one_path(scope, game_as_written) {
            format!("{game_as_written}/")
        } else {
            String::new()
        };
        let partitioned = if *partitioned { "; Partitioned" } else { "" };
        let cookie = format!(
            "{name}={}; Path=/games/{game}; Max-Age={life_seconds}; HttpOnly; Secure; SameSite=None{partitioned}",
            session.token()
        );
        (cookie.len() <= MAX_COOKIE_BYTES).then_some(Self(cookie))
    }

    /// The header's value.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A session for patterns is of use in many games. And a `;` or what is not visible ASCII would end or
/// spoil the attribute, so such an id, legal in a URL, gets the wider path too.
fn fits_one_path(scope: &Scope, game_as_written: &str) -> bool {
    scope.patterns().is_none()
        && game_as_written
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b';')
}

impl fmt::Debug for SetCookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    #[test]
    fn every_cookie_of_the_name_is_found() {
        for (header, expected) in [
            ("s=a", &["a"][..]),
            ("x=1; s=a; y=2", &["a"]),
            ("s=a; s=b;s=c", &["a", "b", "c"]),
            ("s=\"a\"", &["a"]),
            ("s=\"a", &["\"a"]),
            ("s=\"", &["\""]),
            ("s=\"\"", &[]),
            ("s=", &[]),
            ("s", &[]),
            ("s;=a", &[]),
            ("", &[]),
            (";;;=;", &[]),
            ("\ts = a ", &["a"]),
            ("s=a=b==", &["a=b=="]),
            ("S=a", &[]),
            ("ss=a; xs=b", &[]),
            ("s=a,b", &["a,b"]),
        ] {
            let found: Vec<&[u8]> = values(header.as_bytes(), "s").collect();
            let expected: Vec<&[u8]> = expected.iter().map(|value| value.as_bytes()).collect();
            assert_eq!(found, expected, "{header:?}");
        }
        assert_eq!(values(b"s=\xff\xfe", "s").next(), Some(&b"\xff\xfe"[..]));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_searched(header: Vec<u8>, name in "[a-z]{1,2}") {
            for value in values(&header, &name) {
                proptest::prop_assert!(!value.is_empty() && !value.contains(&b';'));
            }
        }

        #[test]
        fn a_cookie_among_others_is_found(before in "[a-r=; ]{0,20}", after in "[ -~]{0,20}") {
            let header = format!("{before}; session=token; {after}");
            proptest::prop_assert!(values(header.as_bytes(), "session").any(|value| value == b"token"));
        }
    }
}
