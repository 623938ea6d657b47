//! What a video is called: from the command line, or after its file.

use std::path::Path;

/// The longest id.
const MAX_ID: usize = 128;

/// Checks an id from the command line.
///
/// # Errors
/// What an id is made of.
pub(super) fn id(text: &str) -> Result<String, String> {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    let is_id =
        (1..=MAX_ID).contains(&text.len()) && text.bytes().all(good) && !matches!(text, "." | "..");
    if is_id {
        return Ok(text.to_owned());
    }
    Err("an id is 1 to 128 characters of A-Z a-z 0-9 . _ -, and neither . nor ..".to_owned())
}

/// An id after the file's name: `Der Film (1).mp4` becomes `Der-Film-1`. `None` where nothing is left.
pub(super) fn id_of(file: &Path) -> Option<String> {
    let stem = file.file_stem()?.to_string_lossy();
    let words = stem.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_')));
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    let mut id = words.join("-");
    id.truncate(MAX_ID);
    self::id(&id).ok()
}

/// Where the original of a video lies unless it is said: `uploads/{id}/{file name}`. `None` when the
/// file's name is no text.
pub(super) fn key_of(id: &str, file: &Path) -> Option<String> {
    let name = file.file_name()?.to_str()?;
    let plain = !name.contains(|c: char| c.is_control() || c == '\\');
    plain.then(|| format!("uploads/{id}/{name}"))
}

/// The media type of a film, by the end of its name.
pub(super) fn content_type(file: &Path) -> &'static str {
    let end = file.extension().and_then(|end| end.to_str());
    match end.map(str::to_ascii_lowercase).as_deref() {
        Some("mp4") => "video/mp4",
        Some("m4v") => "video/x-m4v",
        Some("mov") => "video/quicktime",
        Some("mkv") => "video/x-matroska",
        Some("webm") => "video/webm",
        Some("ts" | "mts" | "m2ts") => "video/mp2t",
        Some("mpg" | "mpeg") => "video/mpeg",
        Some("avi") => "video/x-msvideo",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_made_after_the_file() {
        let id = |name: &str| id_of(Path::new(name));
        assert_eq!(id("/films/Der Film (1).mp4").as_deref(), Some("Der-Film-1"));
        assert_eq!(id("2025_final.v2.mov").as_deref(), Some("2025_final.v2"));
        assert_eq!(id("Größe.mp4").as_deref(), Some("Gr-e"));
        assert_eq!(id("映画.mp4"), None);
        assert_eq!(
            id(&format!("{}.mp4", "a".repeat(200))).map(|id| id.len()),
            Some(128)
        );
    }

    #[test]
    fn an_id_has_its_alphabet() {
        assert!(id("a.b_c-D9").is_ok());
        for text in ["", ".", "..", "a/b", "a b", &"a".repeat(129)] {
            assert!(id(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_key_keeps_the_files_name() {
        let key = key_of("film", Path::new("/films/Größe (1).mp4"));
        assert_eq!(key.as_deref(), Some("uploads/film/Größe (1).mp4"));
        assert_eq!(key_of("film", Path::new("a\nb.mp4")), None);
    }
}
