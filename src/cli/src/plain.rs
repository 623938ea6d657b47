//! Text from elsewhere on its way to a terminal.

use std::borrow::Cow;

/// The text without characters that a terminal obeys: what others wrote must not move the cursor or
/// ring the bell. Each is replaced by U+FFFD.
pub(crate) fn plain(text: &str) -> Cow<'_, str> {
    if text.chars().any(char::is_control) {
        return text.replace(char::is_control, "\u{fffd}").into();
    }
    text.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_replaced() {
        assert_eq!(plain("a\x1b[2Jb\n"), "a\u{fffd}[2Jb\u{fffd}");
        assert_eq!(plain("Größe"), "Größe");
    }
}
