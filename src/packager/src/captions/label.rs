//! What captions are called: by a person at the terminal, in a file's name, in a playlist.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::plan::languages::Spoken;

/// The language of captions that nobody has named.
const UNKNOWN: &str = "und";

/// What captions are for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// What is said.
    #[default]
    Subtitles,
    /// What is said and heard, for those who do not hear it.
    Sdh,
    /// Only what everybody has to read: signs, and what is said in another language.
    Forced,
}

/// Language and kind: what tells the captions of a film apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Label {
    /// As RFC 5646 has it; `und` where it is not known.
    pub language: String,
    /// What they are for.
    pub kind: Kind,
    /// Whether they are shown unless the viewer chooses others.
    pub is_default: bool,
}

/// Why a text names no captions.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no language; en, pt-BR and de.forced are")]
pub struct BadLabel(String);

impl Label {
    /// Reads `en`, `pt-BR`, `en.forced`, `en.sdh`, `en.default`, `forced`; nothing at all means a
    /// language that is not known.
    ///
    /// # Errors
    /// [`BadLabel`] when a part is neither a language nor a kind.
    pub fn parse(text: &str) -> Result<Self, BadLabel> {
        let mut label = Self::unknown();
        let parts = text.split('.').filter(|part| !part.is_empty());
        for part in parts {
            match part.to_ascii_lowercase().as_str() {
                "forced" | "foreign" => label.kind = Kind::Forced,
                "sdh" | "cc" | "hi" => label.kind = Kind::Sdh,
                "default" => label.is_default = true,
                _ if label.language == UNKNOWN && is_tag(part) => {
                    label.language = shortest(part);
                }
                _ => return Err(BadLabel(text.to_owned())),
            }
        }
        Ok(label)
    }

    /// In a language that is not known.
    pub(crate) fn unknown() -> Self {
        Self {
            language: UNKNOWN.to_owned(),
            kind: Kind::Subtitles,
            is_default: false,
        }
    }

    /// As the tags of a stream say.
    pub(crate) fn of_stream(language: Option<&str>, kind: Kind) -> Self {
        Self {
            language: Spoken::new(language, None)
                .language
                .unwrap_or_else(|| UNKNOWN.to_owned()),
            kind,
            is_default: false,
        }
    }

    /// What a viewer chooses by.
    pub(crate) fn name(&self, title: Option<&str>) -> String {
        let spoken = Spoken::new(Some(&self.language), title);
        let name = spoken.name.unwrap_or_else(|| "Subtitles".to_owned());
        match self.kind {
            _ if title.is_some_and(|title| title == name) => name,
            Kind::Subtitles => name,
            Kind::Sdh => format!("{name} (SDH)"),
            Kind::Forced => format!("{name} (forced)"),
        }
    }

    /// Whether `other` would take its place.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        (&self.language, self.kind) == (&other.language, other.kind)
    }
}

/// As [`Label::parse`] reads it.
impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.language)?;
        match self.kind {
            Kind::Subtitles => Ok(()),
            Kind::Sdh => f.write_str(".sdh"),
            Kind::Forced => f.write_str(".forced"),
        }
    }
}

/// A language of two or three letters, and what may follow it (RFC 5646 §2.1).
fn is_tag(text: &str) -> bool {
    let mut parts = text.split('-');
    let language = parts.next().unwrap_or_default();
    let is_language = matches!(language.len(), 2 | 3) && is_alphabetic(language);
    let is_part = |part: &str| {
        (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    is_language && text.len() <= 35 && parts.all(is_part)
}

fn is_alphabetic(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// The shortest code of its language (RFC 5646 §2.2.1), with what follows it.
fn shortest(tag: &str) -> String {
    let (language, rest) = match tag.split_once('-') {
        Some((language, rest)) => (language, Some(rest)),
        None => (tag, None),
    };
    let spoken = Spoken::new(Some(&language.to_ascii_lowercase()), None);
    let language = spoken.language.unwrap_or_else(|| UNKNOWN.to_owned());
    match rest {
        Some(rest) => format!("{language}-{rest}"),
        None => language,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> (String, Kind, bool) {
        let label = Label::parse(text).unwrap();
        (label.language, label.kind, label.is_default)
    }

    #[test]
    fn captions_are_called_as_players_of_files_call_them() {
        // https://jellyfin.org/docs/general/server/media/external-files: flags after the language.
        let of = |language: &str, kind, is_default| (language.to_owned(), kind, is_default);
        assert_eq!(parsed("en"), of("en", Kind::Subtitles, false));
        assert_eq!(parsed("ger"), of("de", Kind::Subtitles, false));
        assert_eq!(parsed("pt-BR"), of("pt-BR", Kind::Subtitles, false));
        assert_eq!(parsed("en.forced"), of("en", Kind::Forced, false));
        assert_eq!(parsed("EN.SDH.default"), of("en", Kind::Sdh, true));
        assert_eq!(parsed(""), of("und", Kind::Subtitles, false));
        for wrong in ["part2", "en.de", "e", "en_US", "director's cut"] {
            assert!(Label::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn names_say_what_captions_are_for() {
        let name = |text: &str| Label::parse(text).unwrap().name(None);
        assert_eq!(name("en"), "English");
        assert_eq!(name("de.forced"), "Deutsch (forced)");
        assert_eq!(name("en.sdh"), "English (SDH)");
        assert_eq!(name(""), "Subtitles");
    }
}
