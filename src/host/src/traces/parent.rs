//! The trace that a client's request belongs to: W3C Trace Context.

use http::HeaderMap;
use opentelemetry::propagation::Extractor;

/// `tracestate` may have so many characters at least (section 3.3.1.5); of a longer one nothing is taken, since
/// it would lie in the queue of spans.
const LONGEST: usize = 512;

/// A client's headers.
pub(super) struct Headers<'a>(pub(super) &'a HeaderMap);

impl Extractor for Headers<'_> {
    /// A header that is there twice is none: which trace it is could not be told.
    fn get(&self, name: &str) -> Option<&str> {
        let mut values = self.0.get_all(name).iter();
        let (value, None) = (values.next()?, values.next()) else {
            return None;
        };
        let value = value.to_str().ok()?;
        (value.len() <= LONGEST).then_some(value)
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(http::HeaderName::as_str).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderName, HeaderValue};

    #[test]
    fn a_header_counts_once_and_not_without_end() {
        let mut headers = HeaderMap::new();
        let mut add = |name: &'static str, value: &str| {
            let value = HeaderValue::from_str(value).unwrap();
            headers.append(HeaderName::from_static(name), value);
        };
        add("tracestate", &"a".repeat(512));
        add("traceparent", "00-1-1-01");
        add("traceparent", "00-2-2-01");
        add("long", &"a".repeat(513));
        let headers = Headers(&headers);
        assert_eq!(headers.get("tracestate").map(str::len), Some(512));
        assert_eq!(headers.get("traceparent"), None);
        assert_eq!(headers.get("long"), None);
        assert_eq!(headers.get("none"), None);
    }
}
