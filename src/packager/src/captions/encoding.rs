//! The encoding of a file of captions: UTF-8 and UTF-16 are known for certain, others are guessed as
//! browsers guess them.

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8};

use super::bad::Bad;

/// Text, and the encoding it was guessed to be in; `None` where there was nothing to guess.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Decoded {
    pub(crate) text: String,
    pub(crate) guessed: Option<&'static str>,
}

/// Reads `bytes` as text.
///
/// # Errors
/// [`Bad`] with the line that is none in any encoding.
pub(crate) fn decode(bytes: &[u8]) -> Result<Decoded, Bad> {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return whole(encoding, &bytes[mark..]).map(|text| Decoded {
            text,
            guessed: None,
        });
    }
    if let Some(at) = bytes.iter().position(|byte| *byte == 0) {
        let what = "it holds a zero byte, which no text does; save it as UTF-8";
        return Err(Bad::new(line_of(bytes, at), what));
    }
    let Err(error) = std::str::from_utf8(bytes) else {
        return whole(UTF_8, bytes).map(|text| Decoded {
            text,
            guessed: None,
        });
    };
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    let encoding = detector.guess(None, Utf8Detection::Deny);
    let text = whole(encoding, bytes).map_err(|_| {
        let what = "it is no text in UTF-8, nor in any encoding that is known; save it as UTF-8";
        Bad::new(line_of(bytes, error.valid_up_to()), what)
    })?;
    Ok(Decoded {
        text,
        guessed: Some(encoding.name()),
    })
}

fn whole(encoding: &'static Encoding, bytes: &[u8]) -> Result<String, Bad> {
    let (text, had_errors) = encoding.decode_without_bom_handling(bytes);
    if !had_errors && !text.chars().any(is_no_text) {
        return Ok(text.into_owned());
    }
    let (at, _) = text
        .char_indices()
        .find(|(_, char)| is_no_text(*char) || *char == char::REPLACEMENT_CHARACTER)
        .unwrap_or_default();
    let what = format!("it is no {}; save it as UTF-8", encoding.name());
    Err(Bad::new(line_of(text.as_bytes(), at), what))
}

/// Control characters, but for those that lay out lines and the end of a file of DOS.
fn is_no_text(char: char) -> bool {
    char.is_control() && !matches!(char, '\t' | '\n' | '\r' | '\u{c}' | '\u{1a}' | '\u{85}')
}

fn line_of(bytes: &[u8], at: usize) -> usize {
    1 + bytes[..at].iter().filter(|byte| **byte == b'\n').count()
}

/// The lines of a text, whatever ends them, with their numbers from 1.
pub(crate) fn lines(text: &str) -> Vec<(usize, Cow<'_, str>)> {
    let lines = text.strip_prefix('\u{feff}').unwrap_or(text).split('\n');
    let lines = lines.map(|line| line.strip_suffix('\r').unwrap_or(line));
    let lines = lines.map(|line| line.trim_end_matches('\u{1a}'));
    lines
        .enumerate()
        .map(|(at, line)| (at + 1, Cow::Borrowed(line)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(bytes: &[u8]) -> (String, Option<&'static str>) {
        let Decoded { text, guessed } = decode(bytes).unwrap();
        (text, guessed)
    }

    #[test]
    fn what_python_encodes_is_read() {
        // `'Größe\n'.encode(…)` for utf-8, utf-8-sig, utf-16 (with its mark, both ways).
        let text = || "Größe\n".to_owned();
        assert_eq!(decoded(b"Gr\xc3\xb6\xc3\x9fe\n"), (text(), None));
        assert_eq!(
            decoded(b"\xef\xbb\xbfGr\xc3\xb6\xc3\x9fe\n"),
            (text(), None)
        );
        assert_eq!(
            decoded(b"\xff\xfeG\0r\0\xf6\0\xdf\0e\0\n\0"),
            (text(), None)
        );
        assert_eq!(
            decoded(b"\xfe\xff\0G\0r\0\xf6\0\xdf\0e\0\n"),
            (text(), None)
        );
    }

    #[test]
    fn an_encoding_of_one_country_is_guessed() {
        // `'Où est la bibliothèque ? Voilà l’été, déjà.'.encode('cp1252')`
        let french = b"O\xf9 est la biblioth\xe8que ? Voil\xe0 l\x92\xe9t\xe9, d\xe9j\xe0.";
        assert_eq!(
            decoded(french),
            (
                "Où est la bibliothèque ? Voilà l’été, déjà.".to_owned(),
                Some("windows-1252")
            )
        );
        // `'Где находится библиотека?'.encode('cp1251')`
        let russian = b"\xc3\xe4\xe5 \xed\xe0\xf5\xee\xe4\xe8\xf2\xf1\xff \xe1\xe8\xe1\xeb\xe8\xee\xf2\xe5\xea\xe0?";
        assert_eq!(
            decoded(russian),
            ("Где находится библиотека?".to_owned(), Some("windows-1251"))
        );
    }

    #[test]
    fn what_is_no_text_is_refused_with_its_line() {
        assert_eq!(decode(b"a\nb\0c").unwrap_err().line, 2);
        // Half a surrogate pair.
        let bad = decode(b"\xff\xfea\0\n\0\x00\xd8x\0").unwrap_err();
        assert_eq!((bad.line, bad.what.contains("UTF-16LE")), (2, true));
    }
}
