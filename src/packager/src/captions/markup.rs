//! Text with the tags of SubRip, made WebVTT's cue text (<https://www.w3.org/TR/webvtt1/#cue-text>).

/// Tags that both formats have.
const KEPT: [&str; 6] = ["<i>", "</i>", "<b>", "</b>", "<u>", "</u>"];

/// Cue text and settings. `<i>`, `<b>` and `<u>` are kept; colours of `<font>`, which WebVTT leaves to
/// styles, and overrides of ASS (`{\an8}`) are taken out, of which those that mean the upper edge
/// become a setting; all else is escaped.
pub(crate) fn from_subrip(text: &str) -> (String, String) {
    let mut out = String::with_capacity(text.len());
    let mut settings = String::new();
    let mut rest = text;
    while let Some(char) = rest.chars().next() {
        if let Some(tag) = kept(rest) {
            out.push_str(tag);
            rest = &rest[tag.len()..];
        } else if let Some(length) = font(rest) {
            rest = &rest[length..];
        } else if let Some(length) = overrides(rest) {
            if is_above(&rest[..length]) {
                settings = "line:0".to_owned();
            }
            rest = &rest[length..];
        } else {
            match char {
                '&' => out.push_str("&amp;"),
                '<' => out.push_str("&lt;"),
                // Three of them in a row would be an arrow.
                '>' => out.push_str("&gt;"),
                other => out.push(other),
            }
            rest = &rest[char.len_utf8()..];
        }
    }
    let lines = out.lines().map(str::trim).filter(|line| !line.is_empty());
    (lines.collect::<Vec<_>>().join("\n"), settings)
}

fn kept(text: &str) -> Option<&'static str> {
    KEPT.into_iter().find(|tag| {
        let begin = text.get(..tag.len());
        begin.is_some_and(|begin| begin.eq_ignore_ascii_case(tag))
    })
}

/// Bytes of a `<font …>` or `</font>`.
fn font(text: &str) -> Option<usize> {
    let length = text.find('>')? + 1;
    let tag = text[..length].to_ascii_lowercase();
    (tag.starts_with("<font") || tag == "</font>").then_some(length)
}

/// Bytes of what ASS writes between braces.
fn overrides(text: &str) -> Option<usize> {
    text.starts_with("{\\")
        .then(|| text.find('}'))?
        .map(|at| at + 1)
}

fn is_above(overrides: &str) -> bool {
    ["\\an7", "\\an8", "\\an9"]
        .iter()
        .any(|place| overrides.contains(place))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_that_both_have_are_kept_and_all_else_is_text() {
        let of = |text: &str| from_subrip(text).0;
        assert_eq!(of("<I>a</I> <b>b</b>"), "<i>a</i> <b>b</b>");
        assert_eq!(of("Q&A: 1 < 2 --> 3"), "Q&amp;A: 1 &lt; 2 --&gt; 3");
        assert_eq!(of("<script>x</script>"), "&lt;script&gt;x&lt;/script&gt;");
        assert_eq!(of("<font color=\"#ff0\">yellow</font>"), "yellow");
        assert_eq!(of("{not ASS} <i"), "{not ASS} &lt;i");
        assert_eq!(
            from_subrip("{\\an8}above"),
            ("above".to_owned(), "line:0".to_owned())
        );
    }
}
