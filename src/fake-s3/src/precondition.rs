//! What a reader asks of an object beside its bytes, and what that comes to.

use std::time::SystemTime;

use headers::{ETag, HeaderMapExt as _, IfMatch, IfModifiedSince, IfNoneMatch, IfUnmodifiedSince};
use http::{
    HeaderMap, HeaderName, Uri,
    header::{
        AUTHORIZATION, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_UNMODIFIED_SINCE, RANGE,
    },
};
use s3s::dto::Range;

/// The headers that s3s answers with 400 when it cannot read them, where R2 and RFC 9110 ignore them.
const LENIENT: [HeaderName; 5] = [
    RANGE,
    IF_MATCH,
    IF_NONE_MATCH,
    IF_MODIFIED_SINCE,
    IF_UNMODIFIED_SINCE,
];

/// The range and the conditions of one request. What cannot be read counts as not asked
/// (RFC 9110 §13.1.3, §14.2).
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    /// One range; a list of ranges and a backward one are none, as R2 has it.
    pub(crate) range: Option<Range>,
    if_match: Option<IfMatch>,
    if_none_match: Option<IfNoneMatch>,
    if_modified_since: Option<IfModifiedSince>,
    if_unmodified_since: Option<IfUnmodifiedSince>,
}

impl Asked {
    /// Reads a request's headers.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        // s3s takes `bytes=-` for the last nothing, where RFC 9110 §14.1.1 demands a length.
        let range = headers.get(RANGE).and_then(|value| value.to_str().ok());
        let range = range.filter(|value| !value.ends_with("=-"));
        Self {
            range: range.and_then(|value| Range::parse(value).ok()),
            if_match: headers.typed_get(),
            if_none_match: headers.typed_get(),
            if_modified_since: headers.typed_get(),
            if_unmodified_since: headers.typed_get(),
        }
    }

    /// Reads the headers and takes away those that s3s need not see. A header that the client has
    /// signed stays, or the signature would not match any more.
    pub(crate) fn take(headers: &mut HeaderMap, uri: &Uri) -> Self {
        let asked = Self::of(headers);
        for name in LENIENT {
            if !is_signed(&name, headers, uri) {
                headers.remove(name);
            }
        }
        asked
    }

    /// Weighs the conditions in the order of RFC 9110 §13.2.2.
    pub(crate) fn verdict(&self, etag: &ETag, modified: SystemTime) -> Verdict {
        if let Some(tags) = &self.if_match {
            if !tags.precondition_passes(etag) {
                return Verdict::Failed;
            }
        } else if let Some(date) = &self.if_unmodified_since
            && !date.precondition_passes(modified)
        {
            return Verdict::Failed;
        }
        if let Some(tags) = &self.if_none_match {
            if !tags.precondition_passes(etag) {
                return Verdict::NotModified;
            }
        } else if let Some(date) = &self.if_modified_since
            && !date.is_modified(modified)
        {
            return Verdict::NotModified;
        }
        Verdict::Passed
    }
}

/// What the conditions of a GET or HEAD come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Send the object.
    Passed,
    /// 304.
    NotModified,
    /// 412.
    Failed,
}

/// Whether `SignedHeaders` names the header, in the `Authorization` header or in the query.
fn is_signed(name: &HeaderName, headers: &HeaderMap, uri: &Uri) -> bool {
    let names = |list: &str| {
        list.split([';', ',', '&'])
            .any(|signed| signed == name.as_str())
    };
    let in_header = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let in_header = in_header.and_then(|value| value.split_once("SignedHeaders="));
    let in_query = uri
        .query()
        .and_then(|query| query.split_once("X-Amz-SignedHeaders="));
    in_header.is_some_and(|(_, list)| names(list))
        || in_query.is_some_and(|(_, list)| {
            let list = list.split('&').next().unwrap_or_default();
            names(&list.replace("%3B", ";").replace("%3b", ";"))
        })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    const LATER: &str = "Sun, 06 Nov 1994 08:49:38 GMT";
    const EARLIER: &str = "Sun, 06 Nov 1994 08:49:36 GMT";

    fn verdict(asked: &[(HeaderName, &str)]) -> Verdict {
        let headers: HeaderMap = asked
            .iter()
            .map(|(name, value)| (name.clone(), value.parse().unwrap()))
            .collect();
        // The date of RFC 9110 §5.6.7, and most of a second that HTTP dates cannot say.
        let modified = SystemTime::UNIX_EPOCH + Duration::from_millis(784_111_777_900);
        Asked::of(&headers).verdict(&"\"abc\"".parse().unwrap(), modified)
    }

    #[test]
    fn tags_are_compared_strongly_for_if_match_and_weakly_for_if_none_match() {
        assert_eq!(verdict(&[(IF_MATCH, "\"abc\"")]), Verdict::Passed);
        assert_eq!(verdict(&[(IF_MATCH, "*")]), Verdict::Passed);
        assert_eq!(verdict(&[(IF_MATCH, "W/\"abc\"")]), Verdict::Failed);
        assert_eq!(verdict(&[(IF_MATCH, "\"x\"")]), Verdict::Failed);
        assert_eq!(
            verdict(&[(IF_NONE_MATCH, "W/\"abc\"")]),
            Verdict::NotModified
        );
        assert_eq!(
            verdict(&[(IF_NONE_MATCH, "\"x\", \"abc\"")]),
            Verdict::NotModified
        );
        assert_eq!(verdict(&[(IF_NONE_MATCH, "\"x\"")]), Verdict::Passed);
    }

    #[test]
    fn dates_are_compared_in_whole_seconds() {
        assert_eq!(verdict(&[(IF_MODIFIED_SINCE, DATE)]), Verdict::NotModified);
        assert_eq!(verdict(&[(IF_MODIFIED_SINCE, EARLIER)]), Verdict::Passed);
        assert_eq!(verdict(&[(IF_UNMODIFIED_SINCE, DATE)]), Verdict::Passed);
        assert_eq!(verdict(&[(IF_UNMODIFIED_SINCE, EARLIER)]), Verdict::Failed);
        assert_eq!(
            verdict(&[(IF_MODIFIED_SINCE, "yesterday")]),
            Verdict::Passed
        );
    }

    #[test]
    fn a_tag_outweighs_a_date() {
        assert_eq!(
            verdict(&[(IF_MATCH, "\"abc\""), (IF_UNMODIFIED_SINCE, EARLIER)]),
            Verdict::Passed
        );
        assert_eq!(
            verdict(&[(IF_NONE_MATCH, "\"x\""), (IF_MODIFIED_SINCE, LATER)]),
            Verdict::Passed
        );
    }

    #[test]
    fn a_range_that_is_not_one_range_is_none() {
        let range =
            |value: &str| Asked::of(&HeaderMap::from_iter([(RANGE, value.parse().unwrap())])).range;
        assert_eq!(
            range("bytes=5-"),
            Some(Range::Int {
                first: 5,
                last: None
            })
        );
        assert_eq!(range("bytes=-5"), Some(Range::Suffix { length: 5 }));
        for none in [
            "bytes=0-1,3-4",
            "bytes=5-2",
            "bytes=-",
            "lines=1-2",
            "bytes=a-b",
            "",
        ] {
            assert_eq!(range(none), None, "{none}");
        }
    }

    #[test]
    fn a_signed_header_stays_where_it_is() {
        let headers = || HeaderMap::from_iter([(RANGE, "bytes=0-1,3-4".parse().unwrap())]);
        let mut unsigned = headers();
        Asked::take(
            &mut unsigned,
            &"/b/k?X-Amz-SignedHeaders=host".parse().unwrap(),
        );
        assert!(unsigned.is_empty());
        let mut presigned = headers();
        let query = "/b/k?X-Amz-SignedHeaders=host%3Brange&X-Amz-Signature=0";
        Asked::take(&mut presigned, &query.parse().unwrap());
        assert!(presigned.contains_key(RANGE));
        let mut signed = headers();
        let authorization =
            "AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host;range, Signature=0";
        signed.insert(AUTHORIZATION, authorization.parse().unwrap());
        Asked::take(&mut signed, &"/b/k".parse().unwrap());
        assert!(signed.contains_key(RANGE));
    }
}
