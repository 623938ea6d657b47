//! What is spoken in a sound, as a playlist says it.

/// Languages as containers name them (ISO 639-2, both of its ways), as playlists do (RFC 5646 §2.2.1
/// wants the shortest code), and as their speakers do.
const LANGUAGES: [(&str, &str, &str, &str); 36] = [
    ("ara", "ara", "ar", "العربية"),
    ("bul", "bul", "bg", "Български"),
    ("cat", "cat", "ca", "Català"),
    ("ces", "cze", "cs", "Čeština"),
    ("cym", "wel", "cy", "Cymraeg"),
    ("dan", "dan", "da", "Dansk"),
    ("deu", "ger", "de", "Deutsch"),
    ("ell", "gre", "el", "Ελληνικά"),
    ("eng", "eng", "en", "English"),
    ("est", "est", "et", "Eesti"),
    ("eus", "baq", "eu", "Euskara"),
    ("fin", "fin", "fi", "Suomi"),
    ("fra", "fre", "fr", "Français"),
    ("heb", "heb", "he", "עברית"),
    ("hin", "hin", "hi", "हिन्दी"),
    ("hrv", "hrv", "hr", "Hrvatski"),
    ("hun", "hun", "hu", "Magyar"),
    ("ind", "ind", "id", "Bahasa Indonesia"),
    ("isl", "ice", "is", "Íslenska"),
    ("ita", "ita", "it", "Italiano"),
    ("jpn", "jpn", "ja", "日本語"),
    ("kor", "kor", "ko", "한국어"),
    ("lav", "lav", "lv", "Latviešu"),
    ("lit", "lit", "lt", "Lietuvių"),
    ("nld", "dut", "nl", "Nederlands"),
    ("nor", "nor", "no", "Norsk"),
    ("pol", "pol", "pl", "Polski"),
    ("por", "por", "pt", "Português"),
    ("ron", "rum", "ro", "Română"),
    ("rus", "rus", "ru", "Русский"),
    ("slk", "slo", "sk", "Slovenčina"),
    ("spa", "spa", "es", "Español"),
    ("swe", "swe", "sv", "Svenska"),
    ("tur", "tur", "tr", "Türkçe"),
    ("ukr", "ukr", "uk", "Українська"),
    ("zho", "chi", "zh", "中文"),
];

/// Language and title of a sound, made fit for a playlist.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Spoken {
    /// As RFC 5646 has it; `None` when the film does not say.
    pub(crate) language: Option<String>,
    /// What a viewer chooses by; `None` when nothing is known.
    pub(crate) name: Option<String>,
}

impl Spoken {
    /// What the tags of a stream say.
    pub(crate) fn new(language: Option<&str>, title: Option<&str>) -> Self {
        let told = language.filter(|tag| is_language(tag) && !tag.eq_ignore_ascii_case("und"));
        let known = told.and_then(|tag| {
            let tag = tag.to_ascii_lowercase();
            let mut all = LANGUAGES.iter();
            all.find(|(t, b, short, _)| [*t, *b, *short].contains(&tag.as_str()))
        });
        let own = known.map(|(.., own)| (*own).to_owned());
        Self {
            language: known
                .map(|(_, _, short, _)| (*short).to_owned())
                .or(told.map(str::to_owned)),
            name: title.and_then(quotable).or(own).or(told.map(str::to_owned)),
        }
    }
}

/// Letters, digits and hyphens, as all of RFC 5646 is made of.
fn is_language(tag: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    (2..=35).contains(&tag.len()) && tag.bytes().all(is_part)
}

/// The title without what a quoted string of a playlist cannot hold (rfc8216bis §4.2).
fn quotable(title: &str) -> Option<String> {
    let title: String = title
        .chars()
        .filter(|c| !c.is_control())
        .take(100)
        .collect();
    let title = title.replace('"', "'").trim().to_owned();
    (!title.is_empty()).then_some(title)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spoken(language: &str, title: Option<&str>) -> (Option<String>, Option<String>) {
        let spoken = Spoken::new(Some(language), title);
        (spoken.language, spoken.name)
    }

    fn pair(language: &str, name: &str) -> (Option<String>, Option<String>) {
        (Some(language.to_owned()), Some(name.to_owned()))
    }

    #[test]
    fn languages_are_told_by_their_shortest_code_and_their_own_name() {
        // https://www.loc.gov/standards/iso639-2/php/code_list.php
        assert_eq!(spoken("ger", None), pair("de", "Deutsch"));
        assert_eq!(spoken("deu", None), pair("de", "Deutsch"));
        assert_eq!(spoken("en", Some("Referee")), pair("en", "Referee"));
        assert_eq!(spoken("gsw", None), pair("gsw", "gsw"));
        assert_eq!(spoken("und", None), (None, None));
        assert_eq!(spoken("x\"y", None), (None, None));
    }

    #[test]
    fn a_title_breaks_no_playlist() {
        assert_eq!(
            spoken("und", Some("a \"b\"\n#EXT,c")).1.unwrap(),
            "a 'b'#EXT,c"
        );
        assert_eq!(spoken("und", Some("\r\n")).1, None);
    }
}
