//! `X-Cache`: what the cache had to do with an answer. For the operator alone, for it tells what others watch.

use crate::fast_path::native_origin::CoreHeaders;
use http::{HeaderMap, HeaderName, HeaderValue};
use reelgate_cache::Source;
use reelgate_core::http::bearer;
use reelgate_core::secret::Secret;
use reelgate_core::video::config::MIN_ADMIN_TOKEN_BYTES;

/// The header.
pub(crate) const X_CACHE: HeaderName = HeaderName::from_static("x-cache");

/// What the cache had to do with an answer, in the words of other caches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CacheStatus {
    /// It was there, or on its way for somebody else.
    Hit,
    /// It was fetched for this request, and is kept.
    Miss,
    /// It was there, and the bucket has said that it has not changed.
    Revalidated,
    /// Nothing: the bucket was asked what was asked here.
    Bypass,
}

impl CacheStatus {
    pub(crate) fn header(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Hit => "HIT",
            Self::Miss => "MISS",
            Self::Revalidated => "REVALIDATED",
            Self::Bypass => "BYPASS",
        })
    }
}

impl From<Source> for CacheStatus {
    fn from(source: Source) -> Self {
        match source {
            Source::Hit => Self::Hit,
            Source::Miss => Self::Miss,
            Source::Revalidated => Self::Revalidated,
        }
    }
}

/// Who may see it: whoever sends `admin_token`, beside a viewer's credential.
pub(crate) struct Operator(Secret);

impl Operator {
    /// `None` where there is no token that the other routes would take.
    pub(crate) fn new(admin_token: &str) -> Option<Self> {
        Secret::at_least(MIN_ADMIN_TOKEN_BYTES, admin_token).map(Self)
    }

    /// Whether a request with these headers is the operator's.
    pub(crate) fn asks(&self, headers: &HeaderMap) -> bool {
        bearer(&CoreHeaders(headers)).is_some_and(|token| self.0.is(token))
    }
}
