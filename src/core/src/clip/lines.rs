//! Lines of a playlist (RFC 8216 §4.1), as they stand.

use alloc::{format, string::String};

/// Whether `text` is a playlist at all: its first line says so.
pub(super) fn is_playlist(text: &str) -> bool {
    let first = text.lines().next().unwrap_or_default();
    first.trim_end() == "#EXTM3U"
}

/// The lines that say something, blanks at their ends dropped.
pub(super) fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .map(str::trim_end)
        .filter(|line| !line.is_empty())
}

/// What follows `#EXT-NAME:`; `Some("")` for a tag without a value.
pub(super) fn tag<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let rest = line.strip_prefix(name)?;
    match rest.strip_prefix(':') {
        Some(value) => Some(value),
        None => rest.is_empty().then_some(rest),
    }
}

/// A number that a tag holds.
pub(super) fn number(line: &str, name: &str) -> Option<u64> {
    tag(line, name)?.trim().parse().ok()
}

/// The attribute `URI` of a tag, with what stands before and behind it (RFC 8216 §4.2: a quoted string
/// holds no quote).
pub(super) fn uri(line: &str) -> Option<(&str, &str, &str)> {
    const NAME: &str = "URI=\"";
    let at = line.match_indices(NAME).map(|(at, _)| at).find(|at| {
        let before = &line[..*at];
        let quotes = before.matches('"').count();
        quotes.is_multiple_of(2) && before.ends_with([':', ','])
    })?;
    let begin = at + NAME.len();
    let length = line[begin..].find('"')?;
    let (before, rest) = line.split_at(begin);
    Some((before, &rest[..length], &rest[length..]))
}

/// The line with another address in its attribute `URI`; as it is where it has none.
pub(super) fn with_uri(line: &str, change: impl FnOnce(&str) -> String) -> String {
    match uri(line) {
        Some((before, address, behind)) => format!("{before}{}{behind}", change(address)),
        None => line.into(),
    }
}
