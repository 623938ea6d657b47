//! Pieces of the answers: headers of an object, refusals, names in a listing.

use std::{
    io::{self, Write as _},
    time::SystemTime,
};

use http::{
    HeaderMap, HeaderValue,
    header::{CONTENT_RANGE, CONTENT_TYPE, ETAG, LAST_MODIFIED},
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use s3s::{
    S3Error, S3ErrorCode, S3Result,
    dto::{GetObjectOutput, HeadObjectOutput},
    s3_error,
};

use crate::{
    precondition::{Asked, Verdict},
    store::Opened,
};

/// What a listing with `encoding-type=url` leaves as it is: the unreserved characters and the slash.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b'/');

/// The answer to a GET, but for its bytes.
pub(crate) fn described(head: HeadObjectOutput) -> GetObjectOutput {
    GetObjectOutput {
        accept_ranges: Some("bytes".to_owned()),
        cache_control: head.cache_control,
        content_disposition: head.content_disposition,
        content_encoding: head.content_encoding,
        content_language: head.content_language,
        content_type: head.content_type,
        e_tag: head.e_tag,
        expires: head.expires,
        last_modified: head.last_modified,
        metadata: head.metadata,
        ..Default::default()
    }
}

/// Refuses what the conditions of the request refuse.
///
/// # Errors
/// `NotModified` with the validators (RFC 9110 §15.4.5), or `PreconditionFailed`.
pub(crate) fn weigh(asked: &Asked, opened: &Opened) -> S3Result<()> {
    let attributes = &opened.attributes;
    match asked.verdict(&attributes.etag, attributes.version.modified) {
        Verdict::Passed => Ok(()),
        Verdict::Failed => Err(s3_error!(PreconditionFailed)),
        Verdict::NotModified => Err(not_modified(attributes.version.modified, &attributes.head)),
    }
}

fn not_modified(modified: SystemTime, head: &HeadObjectOutput) -> S3Error {
    let mut headers = HeaderMap::new();
    let etag = head
        .e_tag
        .as_ref()
        .and_then(|etag| etag.to_http_header().ok());
    if let Some(etag) = etag {
        headers.insert(ETAG, etag);
    }
    headers::HeaderMapExt::typed_insert(&mut headers, headers::LastModified::from(modified));
    debug_assert!(headers.contains_key(LAST_MODIFIED));
    let mut error = s3_error!(NotModified);
    error.set_headers(headers);
    error
}

/// 416, which tells how long the object is (RFC 9110 §15.5.17).
pub(crate) fn unsatisfiable(length: u64) -> S3Error {
    let mut headers = HeaderMap::from_iter([(CONTENT_TYPE, XML)]);
    if let Ok(range) = HeaderValue::try_from(format!("bytes */{length}")) {
        headers.insert(CONTENT_RANGE, range);
    }
    let mut error = s3_error!(InvalidRange);
    error.set_headers(headers);
    error
}

/// Headers of our own replace those of s3s, this one too.
const XML: HeaderValue = HeaderValue::from_static("application/xml");

/// Tells the operator on stderr what went wrong on this side, and the client what went wrong on theirs.
pub(crate) fn noted(method: &str, key: &str, error: S3Error) -> S3Error {
    let error = blamed(error);
    if error
        .status_code()
        .is_none_or(|status| status.is_server_error())
    {
        let cause = error
            .source()
            .map_or_else(|| error.to_string(), ToString::to_string);
        // Nobody is left to be told when stderr is closed.
        let _ = writeln!(io::stderr().lock(), "s3: {method} {key}: {cause}");
    }
    error
}

/// Names the error that s3s-fs calls internal though the key is to blame.
fn blamed(error: S3Error) -> S3Error {
    let source = error
        .source()
        .and_then(|source| source.downcast_ref::<io::Error>());
    match source.map(io::Error::kind) {
        Some(io::ErrorKind::InvalidFilename) => S3Error::new(S3ErrorCode::KeyTooLongError),
        Some(
            io::ErrorKind::NotADirectory
            | io::ErrorKind::IsADirectory
            | io::ErrorKind::DirectoryNotEmpty
            | io::ErrorKind::AlreadyExists,
        ) => s3_error!(
            InvalidArgument,
            "this server keeps objects as files: `a` and `a/b` cannot both be objects"
        ),
        _ => error,
    }
}

/// Escapes a name for a listing with `encoding-type=url`.
pub(crate) fn escape(name: &mut String) {
    *name = utf8_percent_encode(name, PLAIN).to_string();
}
