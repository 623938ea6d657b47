//! What a trace may show of a path: whoever reads traces is no viewer, and a session in a path makes one.

use percent_encoding::percent_decode_str;

/// What stands for a secret, as the semantic conventions have it.
const REDACTED: &str = "REDACTED";
/// How every token begins: the base64 of `{"`.
const TOKEN: &str = "eyJ";
/// A longer path is cut: clients choose it, and it waits in the queue of spans.
const LONGEST: usize = 1024;

/// `path` without a session: neither where the gate takes one, in `/s/{session}/`, nor anywhere else.
pub(super) fn shown(path: &str) -> String {
    let mut shown = String::with_capacity(path.len().min(LONGEST));
    let (mut is_first, mut is_session) = (true, false);
    for (place, segment) in path.split('/').enumerate() {
        if place > 0 {
            shown.push('/');
        }
        if segment.is_empty() {
            continue;
        }
        let is_secret = is_session || holds_token(segment);
        shown.push_str(if is_secret { REDACTED } else { segment });
        is_session = is_first && segment == "s";
        is_first = false;
        if shown.len() > LONGEST {
            shown.truncate(shown.floor_char_boundary(LONGEST));
            break;
        }
    }
    shown
}

fn holds_token(segment: &str) -> bool {
    percent_decode_str(segment)
        .decode_utf8_lossy()
        .contains(TOKEN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_never_shown() {
        for (path, expected) in [
            ("/games/7/a.m4s", "/games/7/a.m4s"),
            ("/s/x.y.z/games/7/a.m4s", "/s/REDACTED/games/7/a.m4s"),
            ("//s//x.y.z/games", "//s//REDACTED/games"),
            ("/s/x", "/s/REDACTED"),
            ("/s/", "/s/"),
            ("/s", "/s"),
            ("/games/s/a.m4s", "/games/s/a.m4s"),
            ("/S/eyJhbGciOiJIUzI1NiJ9.e30.x/a", "/S/REDACTED/a"),
            ("/t=%65yJhbGciOiJIUzI1NiJ9/a", "/REDACTED/a"),
            ("/s%2FeyJhbGciOiJIUzI1NiJ9", "/REDACTED"),
            ("*", "*"),
            ("", ""),
        ] {
            assert_eq!(shown(path), expected);
        }
    }

    #[test]
    fn a_long_path_is_cut_and_a_long_session_is_not_what_is_left() {
        assert_eq!(shown(&format!("/{}", "a".repeat(5000))).len(), LONGEST);
        let long = format!("/s/{}/games/7/a.m4s", "x".repeat(5000));
        assert_eq!(shown(&long), "/s/REDACTED/games/7/a.m4s");
    }
}
