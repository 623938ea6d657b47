//! The names of the Stream path: a video's id, Stream's uid for it, the key of its original.

use alloc::string::{String, ToString};
use core::fmt;

use percent_encoding::{percent_decode_str, utf8_percent_encode};
use serde::{Deserialize, Serialize};

use crate::key::{ESCAPED_IN_PATH, MAX_KEY_BYTES};

/// Longest video id and longest uid in bytes. Long enough for a UUID or a slug; short enough for
/// Stream's `meta.name`, a key of the store and a segment of a path.
pub const MAX_ID_BYTES: usize = 128;

/// A name that cannot be used, with the reason as a clause: `is empty`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadId(&'static str);

impl fmt::Display for BadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl core::error::Error for BadId {}

/// The id of one video, chosen by the portal: 1 to 128 characters of `A-Z a-z 0-9 . _ -`, neither `.`
/// nor `..`. So it needs no escape in a path, a query, a key of the store or JSON.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct VideoId(String);

impl VideoId {
    /// Takes an id as it stands.
    ///
    /// # Errors
    /// [`BadId`] when it is empty, too long, `.` or `..`, or has another character.
    pub fn new(text: &str) -> Result<Self, BadId> {
        plain(text).map(|()| Self(text.to_string()))
    }

    /// The id's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Stream's own name for one copy. An opaque text to us; it goes into URLs and keys, so it has the same
/// alphabet and length as a [`VideoId`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct StreamUid(String);

impl StreamUid {
    /// Takes a uid as it stands.
    ///
    /// # Errors
    /// [`BadId`] as for [`VideoId::new`].
    pub fn new(text: &str) -> Result<Self, BadId> {
        plain(text).map(|()| Self(text.to_string()))
    }

    /// The uid's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The key of an original, decoded: any object of the bucket whose name can be read in one way only.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct SourceKey(String);

/// Where originals lie in the path of a request from `source` to the origin. No player's path begins
/// so, and the gate lets nothing through that does not begin with `/games/`.
const ORIGINALS: &str = "/originals/";

impl SourceKey {
    /// Takes a decoded key as it stands. An escape is text here: `c%20d` names an object with a `%`.
    ///
    /// # Errors
    /// [`BadId`] when it is empty, over 1,024 bytes, begins or ends with a slash, or holds an empty
    /// segment, `.`, `..`, a backslash or a control character.
    pub fn new(text: &str) -> Result<Self, BadId> {
        if text.is_empty() {
            return Err(BadId("is empty"));
        }
        if text.len() > MAX_KEY_BYTES {
            return Err(BadId("is longer than 1,024 bytes"));
        }
        if text.contains(|c: char| c == '\\' || c.is_control()) {
            return Err(BadId("holds a backslash or a control character"));
        }
        if text
            .split('/')
            .any(|segment| matches!(segment, "" | "." | ".."))
        {
            return Err(BadId(
                "begins or ends with `/`, or holds an empty segment, `.` or `..`",
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

    /// The path by which `source` asks the origin: `/originals/{key}`, every byte but RFC 3986's
    /// unreserved ones and the slash escaped.
    #[must_use]
    pub fn to_path(&self) -> String {
        let mut path = String::from(ORIGINALS);
        path.extend(utf8_percent_encode(&self.0, ESCAPED_IN_PATH));
        path
    }

    /// Its path in the bucket: `/{key}`, escaped in the same way.
    #[must_use]
    pub fn to_bucket_path(&self) -> String {
        let mut path = String::from("/");
        path.extend(utf8_percent_encode(&self.0, ESCAPED_IN_PATH));
        path
    }
}

fn plain(text: &str) -> Result<(), BadId> {
    if text.is_empty() {
        return Err(BadId("is empty"));
    }
    if text.len() > MAX_ID_BYTES {
        return Err(BadId("is longer than 128 characters"));
    }
    if matches!(text, "." | "..") {
        return Err(BadId("is `.` or `..`"));
    }
    let good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    if !text.bytes().all(good) {
        return Err(BadId("holds other characters than A-Z a-z 0-9 . _ -"));
    }
    Ok(())
}

macro_rules! a_name {
    ($($name:ident)*) => {$(
        impl TryFrom<String> for $name {
            type Error = BadId;

            fn try_from(text: String) -> Result<Self, BadId> {
                Self::new(&text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

a_name!(VideoId StreamUid SourceKey);
