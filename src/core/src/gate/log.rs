//! What the log may know of a request: game, viewer, reason. Never a credential.

use alloc::{borrow::Cow, string::String};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::token::Reason;

/// Longest part of a subject in bytes that is logged. A token may name anything as its viewer.
const MAX_SUBJECT_BYTES: usize = 256;

const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// What one line of the log says about a request.
///
/// A gate that cannot write the host's log sends it as a header, which the host takes out of the answer:
/// `game=2025001;sub=user_2abc;reason=token_expired`, values percent-encoded, absent parts left out.
/// The texts come from viewers and may hold any character: whoever prints them escapes them.
///
/// # Example
/// ```
/// use reelgate_core::gate::LogFields;
///
/// let fields = LogFields::parse("game=nfl%2F1;sub=user%3B2;reason=wrong_game");
/// assert_eq!(fields.game.as_deref(), Some("nfl/1"));
/// assert_eq!(fields.to_header(), "game=nfl%2F1;sub=user%3B2;reason=wrong_game");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogFields<'a> {
    /// The game asked for.
    pub game: Option<Cow<'a, str>>,
    /// The viewer a good credential names, at most 256 bytes.
    pub subject: Option<Cow<'a, str>>,
    /// Why the request was refused.
    pub reason: Option<Reason>,
}

impl<'a> LogFields<'a> {
    /// Fields for `game` and for a viewer, whose name is cut to 256 bytes; an empty one counts as none.
    #[must_use]
    pub fn new(game: Option<&'a str>, subject: Option<&'a str>, reason: Option<Reason>) -> Self {
        let subject = subject.filter(|subject| !subject.is_empty());
        Self {
            game: game.map(Cow::Borrowed),
            subject: subject.map(|subject| {
                Cow::Borrowed(&subject[..subject.floor_char_boundary(MAX_SUBJECT_BYTES)])
            }),
            reason,
        }
    }

    /// The fields as a header's value.
    #[must_use]
    pub fn to_header(&self) -> String {
        let parts = [
            ("game", self.game.as_deref()),
            ("sub", self.subject.as_deref()),
            ("reason", self.reason.map(Reason::as_str)),
        ];
        let mut header = String::new();
        for (name, value) in parts {
            let Some(value) = value else { continue };
            if !header.is_empty() {
                header.push(';');
            }
            header.push_str(name);
            header.push('=');
            header.extend(utf8_percent_encode(value, ESCAPED));
        }
        header
    }

    /// Reads a header's value. What is not understood is left out.
    #[must_use]
    pub fn parse(header: &'a str) -> Self {
        let mut fields = Self::default();
        for (name, value) in header.split(';').filter_map(|part| part.split_once('=')) {
            let value = percent_decode_str(value).decode_utf8().ok();
            match name {
                "game" => fields.game = value,
                "sub" => fields.subject = value,
                "reason" => fields.reason = value.and_then(|name| Reason::from_name(&name)),
                _ => {}
            }
        }
        fields
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    #[test]
    fn absent_fields_leave_no_trace() {
        assert_eq!(LogFields::default().to_header(), "");
        assert_eq!(LogFields::parse(""), LogFields::default());
        assert_eq!(
            LogFields::parse(";;=;game;x=1;reason=nonsense;sub=%ff"),
            LogFields::default()
        );
        assert_eq!(LogFields::new(None, Some(""), None), LogFields::default());
    }

    #[test]
    fn a_long_subject_is_cut_between_characters() {
        let subject = format!("{}ö", "a".repeat(255));
        assert_eq!(
            LogFields::new(None, Some(&subject), None)
                .subject
                .as_deref(),
            Some(&subject[..255])
        );
        let subject = format!("{}ö", "a".repeat(254));
        assert_eq!(
            LogFields::new(None, Some(&subject), None)
                .subject
                .as_deref(),
            Some(&subject[..])
        );
    }

    proptest::proptest! {
        #[test]
        fn fields_survive_the_header(game: Option<String>, subject: Option<String>, reason in 0..16_usize) {
            let fields = LogFields {
                game: game.map(Cow::Owned),
                subject: subject.map(Cow::Owned),
                reason: Reason::ALL.get(reason).copied(),
            };
            let header = fields.to_header();
            proptest::prop_assert!(header.bytes().all(|byte| byte.is_ascii_graphic()));
            proptest::prop_assert_eq!(LogFields::parse(&header), fields);
        }

        #[test]
        fn any_header_is_read(header: String) {
            let _ = LogFields::parse(&header).to_header();
        }
    }
}
