//! The originals: objects of the bucket that Stream encodes, and no player ever sees.

use alloc::string::{String, ToString};
use core::fmt;

use percent_encoding::{percent_decode_str, utf8_percent_encode};
use serde::{Deserialize, Serialize};

use super::{ESCAPED_IN_PATH, MAX_KEY_BYTES};

/// A text that is no key of an original, with the reason as a clause: `is empty`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadSourceKey(&'static str);

impl fmt::Display for BadSourceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl core::error::Error for BadSourceKey {}

/// The key of an original, decoded: any object of the bucket whose name can be read in one way only.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct SourceKey(String);

/// What the keys of the catalog's own objects begin with: nobody uploads there, and nobody is let in.
pub const RESERVED: &str = ".reelgate/";

/// Where originals lie in the path of a request from `source` to the origin. No player's path begins
/// so, and the gate lets nothing through that does not begin with `/games/`.
const ORIGINALS: &str = "/originals/";

impl SourceKey {
    /// Takes a decoded key as it stands. An escape is text here: `c%20d` names an object with a `%`.
    ///
    /// # Errors
    /// [`BadSourceKey`] when it is empty, over 1,024 bytes, begins or ends with a slash, holds an empty
    /// segment, `.`, `..`, a backslash or a control character, or begins with [`RESERVED`].
    pub fn new(text: &str) -> Result<Self, BadSourceKey> {
        if text.is_empty() {
            return Err(BadSourceKey("is empty"));
        }
        if text.len() > MAX_KEY_BYTES {
            return Err(BadSourceKey("is longer than 1,024 bytes"));
        }
        if text.contains(|c: char| c == '\\' || c.is_control()) {
            return Err(BadSourceKey("holds a backslash or a control character"));
        }
        if text
            .split('/')
            .any(|segment| matches!(segment, "" | "." | ".."))
        {
            return Err(BadSourceKey(
                "begins or ends with `/`, or holds an empty segment, `.` or `..`",
            ));
        }
        if text.starts_with(RESERVED) {
            return Err(BadSourceKey(
                "begins with `.reelgate/`, where the catalog keeps its own objects",
            ));
        }
        Ok(Self(text.to_string()))
    }

    /// Reads the path by which `source` asks the origin; `None` for every other path.
    #[must_use]
    pub fn from_path(path: &str) -> Option<Self> {
        let raw = path.strip_prefix(ORIGINALS)?;
        let key = percent_decode_str(raw).decode_utf8().ok()?;
        let key = Self::new(&key).ok()?;
        // One path for one key: what is spelt in another way was not made by `to_path`.
        (key.to_path() == path).then_some(key)
    }

    /// The key as the bucket knows it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The path of the object in its bucket: `/{key}`, escaped as in [`SourceKey::to_path`].
    #[must_use]
    pub fn bucket_path(&self) -> String {
        let mut path = String::from("/");
        path.extend(utf8_percent_encode(&self.0, ESCAPED_IN_PATH));
        path
    }

    /// The path by which `source` asks the origin: `/originals/{key}`, every byte but RFC 3986's
    /// unreserved ones and the slash escaped.
    #[must_use]
    pub fn to_path(&self) -> String {
        let mut path = String::from(ORIGINALS);
        path.extend(utf8_percent_encode(&self.0, ESCAPED_IN_PATH));
        path
    }
}

impl TryFrom<String> for SourceKey {
    type Error = BadSourceKey;

    fn try_from(text: String) -> Result<Self, BadSourceKey> {
        Self::new(&text)
    }
}

impl fmt::Display for SourceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogs_objects_are_no_originals() {
        for key in [".reelgate/videos/v1.json", ".reelgate/x"] {
            let bad = SourceKey::new(key).unwrap_err();
            assert_eq!(
                bad.to_string(),
                "begins with `.reelgate/`, where the catalog keeps its own objects"
            );
        }
        for path in [
            "/originals/.reelgate/videos/v1.json",
            "/originals/%2Ereelgate/videos/v1.json",
        ] {
            assert_eq!(SourceKey::from_path(path), None);
        }
        for key in [".reelgate", "a/.reelgate/x", ".reelgate.mp4", ".Reelgate/x"] {
            assert!(SourceKey::new(key).is_ok(), "{key}");
        }
    }
}
