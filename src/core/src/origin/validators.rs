//! Entity tags and dates: how one version of an object is told from another (RFC 9110 §8.8).

use alloc::vec::Vec;

use httpdate::HttpDate;

/// An entity tag (RFC 9110 §8.8.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct EntityTag {
    weak: bool,
    /// With its quotes, without `W/`.
    opaque: Vec<u8>,
}

impl EntityTag {
    /// Reads a header that holds one tag and nothing else.
    pub(super) fn parse(value: &[u8]) -> Option<Self> {
        match Self::take(value)? {
            (tag, []) => Some(tag),
            _ => None,
        }
    }

    /// Reads the tag that `text` begins with, and gives what follows it.
    fn take(text: &[u8]) -> Option<(Self, &[u8])> {
        let (weak, quoted) = match text.strip_prefix(b"W/") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let inner = quoted.strip_prefix(b"\"")?;
        let end = inner.iter().position(|&byte| byte == b'"')?;
        if !inner[..end].iter().all(|&byte| is_etagc(byte)) {
            return None;
        }
        let (opaque, rest) = quoted.split_at(end + 2);
        Some((
            Self {
                weak,
                opaque: opaque.to_vec(),
            },
            rest,
        ))
    }

    /// Strong comparison: same tag, neither weak (RFC 9110 §8.8.3.2).
    pub(super) fn is_strongly(&self, other: &Self) -> bool {
        !self.weak && self == other
    }

    /// Weak comparison: same opaque tag.
    fn is_weakly(&self, other: &Self) -> bool {
        self.opaque == other.opaque
    }

    pub(super) fn is_weak(&self) -> bool {
        self.weak
    }

    /// The tag as a header's value.
    pub(super) fn to_value(&self) -> Vec<u8> {
        let prefix: &[u8] = if self.weak { b"W/" } else { b"" };
        [prefix, &self.opaque].concat()
    }
}

/// What `If-Match` and `If-None-Match` hold (RFC 9110 §13.1.1, §13.1.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Tags {
    /// `*`: any version.
    Any,
    /// At least one tag.
    List(Vec<EntityTag>),
}

impl Tags {
    /// Reads all values of the header as one list (RFC 9110 §5.3); `None` when it is malformed.
    pub(super) fn parse<'a>(values: impl Iterator<Item = &'a [u8]>) -> Option<Self> {
        let values: Vec<&[u8]> = values.collect();
        if matches!(values[..], [b"*"]) {
            return Some(Self::Any);
        }
        let mut tags = Vec::new();
        for value in values {
            read_list(value, &mut tags)?;
        }
        (!tags.is_empty()).then_some(Self::List(tags))
    }

    /// Whether one of them is `current`, strongly.
    pub(super) fn include_strongly(&self, current: Option<&EntityTag>) -> bool {
        self.include(current, EntityTag::is_strongly)
    }

    /// Whether one of them is `current`, weakly.
    pub(super) fn include_weakly(&self, current: Option<&EntityTag>) -> bool {
        self.include(current, EntityTag::is_weakly)
    }

    fn include(
        &self,
        current: Option<&EntityTag>,
        same: fn(&EntityTag, &EntityTag) -> bool,
    ) -> bool {
        match self {
            Self::Any => true,
            Self::List(tags) => {
                current.is_some_and(|current| tags.iter().any(|tag| same(tag, current)))
            }
        }
    }

    /// The header's value for the bucket. `None` for a list: some stores refuse one, so it is
    /// compared here alone.
    pub(super) fn to_value(&self) -> Option<Vec<u8>> {
        match self {
            Self::Any => Some(b"*".to_vec()),
            Self::List(tags) => match &tags[..] {
                [tag] => Some(tag.to_value()),
                _ => None,
            },
        }
    }
}

/// Which version of an object an answer speaks of, as far as its sender says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Validators {
    pub(super) tag: Option<EntityTag>,
    pub(super) modified: Option<HttpDate>,
}

/// Reads one line of a list: empty elements and blanks around commas are allowed (RFC 9110 §5.6.1.2).
fn read_list(line: &[u8], tags: &mut Vec<EntityTag>) -> Option<()> {
    let mut rest = line;
    loop {
        rest = skip(rest, b", \t");
        if rest.is_empty() {
            return Some(());
        }
        let (tag, after) = EntityTag::take(rest)?;
        tags.push(tag);
        rest = skip(after, b" \t");
        if !rest.is_empty() && !rest.starts_with(b",") {
            return None;
        }
    }
}

fn skip<'a>(text: &'a [u8], what: &[u8]) -> &'a [u8] {
    let end = text.iter().position(|byte| !what.contains(byte));
    &text[end.unwrap_or(text.len())..]
}

/// `etagc`: visible ASCII but the quote, and bytes beyond ASCII (RFC 9110 §8.8.3).
fn is_etagc(byte: u8) -> bool {
    matches!(byte, 0x21 | 0x23..=0x7e | 0x80..=0xff)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(text: &str) -> EntityTag {
        EntityTag::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn tags_are_compared_as_the_rfc_compares_them() {
        // RFC 9110 §8.8.3.2, the table of examples.
        for (one, other, strongly, weakly) in [
            ("W/\"1\"", "W/\"1\"", false, true),
            ("W/\"1\"", "W/\"2\"", false, false),
            ("W/\"1\"", "\"1\"", false, true),
            ("\"1\"", "\"1\"", true, true),
        ] {
            let (one, other) = (tag(one), tag(other));
            assert_eq!(one.is_strongly(&other), strongly, "{one:?} {other:?}");
            assert_eq!(other.is_strongly(&one), strongly, "{other:?} {one:?}");
            assert_eq!(one.is_weakly(&other), weakly, "{one:?} {other:?}");
        }
    }

    #[test]
    fn the_rfcs_tags_are_read_and_written() {
        // RFC 9110 §8.8.3: examples, and the grammar's ends.
        for text in [
            &b"\"xyzzy\""[..],
            b"W/\"xyzzy\"",
            b"\"\"",
            b"\"!#~\xff\"",
            b"\"a,b\"",
        ] {
            assert_eq!(EntityTag::parse(text).unwrap().to_value(), text);
        }
        for text in [
            "",
            "xyzzy",
            "\"",
            "\"xyzzy",
            "xyzzy\"",
            "w/\"a\"",
            "W/",
            "W/a",
            "\"a b\"",
            "\"a\"b",
            "\"a\x7f\"",
        ] {
            assert_eq!(EntityTag::parse(text.as_bytes()), None, "{text:?}");
        }
    }

    #[test]
    fn the_rfcs_lists_are_read() {
        // RFC 9110 §13.1.1 and §13.1.2.
        for (lines, expected) in [
            (&["\"xyzzy\""][..], &["\"xyzzy\""][..]),
            (
                &["\"xyzzy\", \"r2d2xxxx\", \"c3piozzzz\""],
                &["\"xyzzy\"", "\"r2d2xxxx\"", "\"c3piozzzz\""],
            ),
            (
                &["W/\"xyzzy\", W/\"r2d2xxxx\""],
                &["W/\"xyzzy\"", "W/\"r2d2xxxx\""],
            ),
            (
                &["\"a\",\"b,c\"", " ,\"d\"\t,"],
                &["\"a\"", "\"b,c\"", "\"d\""],
            ),
        ] {
            let tags = Tags::parse(lines.iter().map(|line| line.as_bytes()));
            assert_eq!(
                tags,
                Some(Tags::List(expected.iter().map(|&text| tag(text)).collect()))
            );
        }
        assert_eq!(Tags::parse([&b"*"[..]].into_iter()), Some(Tags::Any));
        for lines in [
            &[""][..],
            &[","],
            &["*", "*"],
            &["*, \"a\""],
            &["\"a\" \"b\""],
            &["\"a\"", "b"],
            &["\"a\"; q=1"],
        ] {
            assert_eq!(
                Tags::parse(lines.iter().map(|line| line.as_bytes())),
                None,
                "{lines:?}"
            );
        }
    }
}
