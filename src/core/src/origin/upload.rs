//! Leave to bring one object to the bucket, straight from wherever it is.

use alloc::{
    format,
    string::{String, ToString},
};
use core::fmt;

use serde::Serialize;

use super::config::Config;
use crate::{
    key::SourceKey,
    time::{UnixTime, rfc3339},
};

/// A PUT that is signed for one key, one length and one type. `Debug` does not show the signature.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct PresignedUpload {
    /// `PUT`
    pub method: &'static str,
    /// Where to, signature included: who has it may upload.
    pub url: String,
    /// What has to be sent with it, as it stands.
    pub headers: UploadHeaders,
    /// When it ends. An upload that has begun by then may go on.
    #[serde(with = "rfc3339")]
    pub expires_at: UnixTime,
}

/// The headers that are signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct UploadHeaders {
    /// In bytes. Every client sends it by itself.
    pub content_length: String,
    /// The media type.
    pub content_type: String,
}

impl fmt::Debug for PresignedUpload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = self.url.split('?').next();
        f.debug_struct("PresignedUpload")
            .field("url", &url.unwrap_or_default())
            .field("headers", &self.headers)
            .finish_non_exhaustive()
    }
}

impl Config {
    /// Leave to upload `key`, of exactly `size` bytes and with that type, within an hour from `now`.
    #[must_use]
    pub fn presign_upload(
        &self,
        key: &SourceKey,
        size: u64,
        content_type: &str,
        now: UnixTime,
    ) -> PresignedUpload {
        let headers = UploadHeaders {
            content_length: size.to_string(),
            content_type: content_type.to_string(),
        };
        let (path_and_query, expires_at) = self.sign_put(key, &headers, now);
        let scheme = self.scheme().as_str();
        PresignedUpload {
            method: "PUT",
            url: format!("{scheme}://{}{path_and_query}", self.authority()),
            headers,
            expires_at,
        }
    }
}
