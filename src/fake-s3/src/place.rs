//! Where s3s-fs keeps an object, and which keys it can keep.

use std::path::{Path, PathBuf};

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use s3s::{S3Error, s3_error};

/// Longest file name that Linux, macOS and Windows take, in bytes.
const MAX_NAME_BYTES: usize = 255;

/// The files of one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The bytes.
    pub(crate) content: PathBuf,
    /// The ETag, in s3s-fs's own words.
    pub(crate) tag: PathBuf,
    /// Content type and the like, in s3s-fs's own words.
    pub(crate) attributes: PathBuf,
}

/// A key that cannot become a file beside the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unstorable {
    /// Longer than a file name may be. R2 takes 1,024 bytes; s3s-fs puts the whole key, in base64,
    /// into one file name, which ends at about 160.
    TooLong,
    /// An empty segment, `.`, `..` or a NUL: such a key would be another key's file.
    Odd,
}

impl Place {
    /// The place of `key` in `bucket` under the folder `root`.
    ///
    /// # Errors
    /// [`Unstorable`]: no object of that key can be here.
    pub(crate) fn of(root: &Path, bucket: &str, key: &str) -> Result<Self, Unstorable> {
        // A key that ends in a slash is a folder, as the consoles of S3 make them.
        let mut segments = key.strip_suffix('/').unwrap_or(key).split('/');
        if segments
            .clone()
            .any(|name| matches!(name, "" | "." | "..") || name.contains('\0'))
        {
            return Err(Unstorable::Odd);
        }
        let stem = format!(
            ".bucket-{}.object-{}",
            BASE64_URL_SAFE_NO_PAD.encode(bucket),
            BASE64_URL_SAFE_NO_PAD.encode(key)
        );
        let attributes = format!("{stem}.metadata.json");
        if attributes.len() > MAX_NAME_BYTES || segments.any(|name| name.len() > MAX_NAME_BYTES) {
            return Err(Unstorable::TooLong);
        }
        Ok(Self {
            content: root.join(bucket).join(key),
            tag: root.join(format!("{stem}.internal.json")),
            attributes: root.join(attributes),
        })
    }
}

impl From<Unstorable> for S3Error {
    fn from(unstorable: Unstorable) -> Self {
        match unstorable {
            Unstorable::TooLong => s3_error!(
                KeyTooLongError,
                "this server keeps objects as files and takes keys of about 160 bytes"
            ),
            Unstorable::Odd => s3_error!(
                InvalidArgument,
                "this server keeps objects as files: no empty segment, `.` or `..` in a key"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(key: &str) -> Result<Place, Unstorable> {
        Place::of(Path::new("/data"), "films", key)
    }

    #[test]
    fn an_object_is_a_file_and_two_notes() {
        let place = of("a/b (1)+é.m4s").unwrap();
        assert_eq!(place.content, Path::new("/data/films/a/b (1)+é.m4s"));
        // As s3s-fs 0.14 names them: `python3 -c` base64.urlsafe_b64encode without padding.
        assert_eq!(
            place.tag,
            Path::new("/data/.bucket-ZmlsbXM.object-YS9iICgxKSvDqS5tNHM.internal.json")
        );
    }

    #[test]
    fn keys_that_would_share_a_file_are_refused() {
        for key in ["a//b", "/a", "a/../b", "./a", "..", "a/.", "a\0"] {
            assert_eq!(of(key), Err(Unstorable::Odd), "{key:?}");
        }
        assert!(of("a/").is_ok());
        assert!(of("a/..b/c..").is_ok());
    }

    #[test]
    fn a_key_whose_note_has_too_long_a_name_is_refused() {
        // 255 - `.bucket-ZmlsbXM.object-` - `.metadata.json` leaves 218 letters of base64.
        assert!(of(&"k".repeat(163)).is_ok());
        assert_eq!(of(&"k".repeat(164)), Err(Unstorable::TooLong));
    }
}
