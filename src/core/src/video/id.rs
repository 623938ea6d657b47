//! The names of the Stream path: a video's id, and Stream's uid for its copy.

use alloc::string::{String, ToString};
use core::fmt;

use serde::{Deserialize, Serialize};

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

a_name!(VideoId StreamUid);
