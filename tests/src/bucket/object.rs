//! Objects, and what S3 answers about them.

use super::Seen;
use bytes::Bytes;
use std::ops::Range;

/// The ETag of every object that a test has put.
pub const ETAG: &str = "\"0123456789abcdef0123456789abcdef\"";
/// The Last-Modified of every object.
pub const MODIFIED: &str = "Sat, 01 Nov 2025 12:00:00 GMT";

/// What lies under a key.
#[derive(Clone, Debug)]
pub struct Object {
    pub(super) content: Content,
    pub(super) kind: &'static str,
    pub(super) etag: String,
    /// `x-amz-meta-*` as it was written.
    pub(super) metadata: Vec<(String, String)>,
}

#[derive(Clone, Debug)]
pub(super) enum Content {
    Bytes(Bytes),
    /// That many zeros, which nobody has to keep.
    Zeros(u64),
}

impl Object {
    /// An object of that many zeros.
    #[must_use]
    pub fn zeros(length: u64) -> Self {
        Self {
            content: Content::Zeros(length),
            kind: "video/iso.segment",
            etag: ETAG.into(),
            metadata: Vec::new(),
        }
    }

    /// With another content type.
    #[must_use]
    pub fn of_type(mut self, kind: &'static str) -> Self {
        self.kind = kind;
        self
    }

    /// As another version, which another tag tells from the first.
    #[must_use]
    pub fn tagged(mut self, etag: &str) -> Self {
        self.etag = etag.into();
        self
    }

    /// Its bytes; none where there are only zeros.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        match &self.content {
            Content::Bytes(bytes) => bytes,
            Content::Zeros(_) => &[],
        }
    }

    pub(super) fn length(&self) -> u64 {
        match &self.content {
            Content::Bytes(bytes) => bytes.len() as u64,
            Content::Zeros(length) => *length,
        }
    }
}

impl<T: Into<Bytes>> From<T> for Object {
    fn from(bytes: T) -> Self {
        Self {
            content: Content::Bytes(bytes.into()),
            kind: "application/octet-stream",
            etag: ETAG.into(),
            metadata: Vec::new(),
        }
    }
}

/// What S3 answers: RFC 9110 §13.2.2 in its order, ranges last.
pub(super) enum Fitting {
    Whole,
    Part(Range<u64>),
    NotModified,
    PreconditionFailed,
    OutOfRange,
}

pub(super) fn fitting(seen: &Seen, object: &Object) -> Fitting {
    let length = object.length();
    let lists = |name| {
        seen.header(name)
            .is_some_and(|tags| tags == "*" || tags.split(", ").any(|tag| tag == object.etag))
    };
    let is_before = |name| {
        seen.header(name)
            .is_some_and(|date| seconds(date) < seconds(MODIFIED))
    };
    let given = |name| seen.header(name).is_some();
    if given("if-match") && !lists("if-match") {
        return Fitting::PreconditionFailed;
    }
    if !given("if-match") && is_before("if-unmodified-since") {
        return Fitting::PreconditionFailed;
    }
    if lists("if-none-match") {
        return Fitting::NotModified;
    }
    if !given("if-none-match") && given("if-modified-since") && !is_before("if-modified-since") {
        return Fitting::NotModified;
    }
    match seen.header("range") {
        Some(range) if seen.method == "GET" => part(range, length),
        _ => Fitting::Whole,
    }
}

/// `bytes=a-b`, `bytes=a-`, `bytes=-n`.
fn part(range: &str, length: u64) -> Fitting {
    let spec = range
        .strip_prefix("bytes=")
        .and_then(|spec| spec.split_once('-'));
    let Some((first, last)) = spec else {
        return Fitting::Whole;
    };
    let part = match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) => first..length.min(last.saturating_add(1)),
        (Ok(first), Err(_)) => first..length,
        (Err(_), Ok(last)) => length.saturating_sub(last)..length,
        (Err(_), Err(_)) => return Fitting::Whole,
    };
    if part.is_empty() {
        return Fitting::OutOfRange;
    }
    Fitting::Part(part)
}

fn seconds(date: &str) -> u64 {
    let date = httpdate::parse_http_date(date).expect("the origin passes on dates that are dates");
    let since = date.duration_since(std::time::UNIX_EPOCH);
    since.expect("after 1970").as_secs()
}
