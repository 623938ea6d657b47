//! The key of an original: whatever the portal called the file that it uploaded.

use alloc::{
    format,
    string::{String, ToString},
};

use percent_encoding::{percent_decode_str, utf8_percent_encode};

use super::{BadName, ESCAPED_IN_PATH, MAX_KEY_BYTES, has_bad_escape, has_plain_segments};

/// Where originals lie, as the source route asks the origin for them. No viewer's path begins so, for
/// the gate asks for `/games/` alone.
const ORIGINALS: &str = "/originals";

/// The key of an original anywhere in the bucket, in decoded form, at most 1,024 bytes.
///
/// Unlike an [`ObjectKey`](super::ObjectKey) it may look escaped (`100%25.mp4` is a name as good as any),
/// for it never comes out of a viewer's path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceKey(String);

impl SourceKey {
    /// Takes a decoded key as it stands.
    ///
    /// # Errors
    /// [`BadName`] when it is empty, over 1,024 bytes, begins or ends with a slash, or holds an empty
    /// segment, `.`, `..`, a backslash or a control character.
    pub fn new(key: impl Into<String>) -> Result<Self, BadName> {
        let key = key.into();
        if key.len() > MAX_KEY_BYTES || !has_plain_segments(&key) {
            return Err(BadName);
        }
        Ok(Self(key))
    }

    /// Reads the path that [`SourceKey::to_path`] wrote.
    ///
    /// # Errors
    /// [`BadName`] when it begins otherwise, holds an encoded slash, a malformed escape or bytes that
    /// are not UTF-8, or when the key it names is none.
    pub fn from_path(path: &str) -> Result<Self, BadName> {
        let raw = path
            .strip_prefix(ORIGINALS)
            .and_then(|rest| rest.strip_prefix('/'))
            .ok_or(BadName)?;
        if raw.len() > 3 * MAX_KEY_BYTES || raw.contains(['?', '#']) || has_bad_escape(raw) {
            return Err(BadName);
        }
        let key = percent_decode_str(raw).decode_utf8().map_err(|_| BadName)?;
        Self::new(key)
    }

    /// The key as the bucket knows it, nothing escaped.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The one path by which the origin is asked for it: `/originals/{key...}`, escaped as
    /// [`ObjectKey::to_path`](super::ObjectKey::to_path) is.
    #[must_use]
    pub fn to_path(&self) -> String {
        format!("{ORIGINALS}{}", self.to_bucket_path())
    }

    /// Its path in the bucket: `/{key...}`, escaped in the same way.
    #[must_use]
    pub fn to_bucket_path(&self) -> String {
        format!("/{}", utf8_percent_encode(&self.0, ESCAPED_IN_PATH))
    }
}

impl core::fmt::Display for SourceKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<SourceKey> for String {
    fn from(key: SourceKey) -> Self {
        key.to_string()
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    /// Python: `urllib.parse.quote(key, safe="/~")`.
    const PATHS: [(&str, &str); 4] = [
        ("u/v/movie.mp4", "/originals/u/v/movie.mp4"),
        (
            "uploads/Größe (1)+a&b=c%20d~.mp4",
            "/originals/uploads/Gr%C3%B6%C3%9Fe%20%281%29%2Ba%26b%3Dc%2520d~.mp4",
        ),
        ("games/7/init.mp4", "/originals/games/7/init.mp4"),
        ("...", "/originals/..."),
    ];

    #[test]
    fn a_key_has_one_path_and_comes_back_from_it() {
        for (key, path) in PATHS {
            let parsed = SourceKey::new(key).unwrap();
            assert_eq!(parsed.to_path(), path);
            assert_eq!(SourceKey::from_path(path), Ok(parsed));
        }
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_no_key() {
        for key in [
            "", "/", "/a", "a/", "a//b", ".", "..", "a/../b", "./a", "a\\b", "a\0", "a\nb",
            "a\u{85}b",
        ] {
            assert_eq!(SourceKey::new(key), Err(BadName), "{key:?}");
        }
        assert!(SourceKey::new("k".repeat(MAX_KEY_BYTES)).is_ok());
        assert!(SourceKey::new("k".repeat(MAX_KEY_BYTES + 1)).is_err());
    }

    #[test]
    fn other_paths_are_refused() {
        for path in [
            "",
            "/",
            "/originals",
            "/originals/",
            "/originals//a",
            "/originalsa",
            "/Originals/a",
            "originals/a",
            "/games/7/a",
            "/originals/a%2fb",
            "/originals/a%",
            "/originals/a%zz",
            "/originals/%ff",
            "/originals/a%00",
            "/originals/..",
            "/originals/%2e%2e/a",
            "/originals/a?b",
            "/originals/a#b",
        ] {
            assert_eq!(SourceKey::from_path(path), Err(BadName), "{path:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_refused_or_survives_the_round_trip(text in "\\PC{0,40}") {
            if let Ok(key) = SourceKey::new(text) {
                proptest::prop_assert_eq!(SourceKey::from_path(&key.to_path()), Ok(key));
            }
        }

        #[test]
        fn any_escaped_bytes_are_refused_or_are_the_key(bytes: Vec<u8>) {
            let escaped: String = bytes.iter().map(|byte| format!("%{byte:02X}")).collect();
            if let Ok(key) = SourceKey::from_path(&format!("{ORIGINALS}/{escaped}")) {
                proptest::prop_assert_eq!(key.as_str().as_bytes(), &bytes[..]);
            }
        }
    }
}
