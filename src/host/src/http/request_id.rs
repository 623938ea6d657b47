//! The identity of a request, for those who compare logs.

use http::HeaderValue;
use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Longer ones are replaced: they would fill the log.
const MAX_LENGTH: usize = 128;

/// A request's identity: what the client sent, where that is sensible, else one made here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RequestId(HeaderValue);

impl RequestId {
    /// Accepts `given` when it is a word of letters, digits, `-`, `_`, `.` and `:`.
    pub(crate) fn of(given: Option<&HeaderValue>) -> Self {
        let word = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
        let sensible = |id: &&HeaderValue| {
            !id.is_empty() && id.len() <= MAX_LENGTH && id.as_bytes().iter().copied().all(word)
        };
        given
            .filter(sensible)
            .map_or_else(Self::make, |id| Self(id.clone()))
    }

    /// Unique by counting, and tells nobody the count: it goes through a hash with a key that the process
    /// drew.
    fn make() -> Self {
        static KEYS: LazyLock<[RandomState; 2]> =
            LazyLock::new(|| [RandomState::new(), RandomState::new()]);
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Relaxed);
        let [high, low] = KEYS.each_ref().map(|key| key.hash_one(count));
        let id = format!("{high:016x}{low:016x}");
        Self(HeaderValue::try_from(id).unwrap_or_else(|_| HeaderValue::from_static("invalid")))
    }

    pub(crate) fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }

    pub(crate) fn header(&self) -> HeaderValue {
        self.0.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sensible_identity_is_kept_and_any_other_replaced() {
        let of = |given: &'static str| RequestId::of(Some(&HeaderValue::from_static(given)));
        assert_eq!(of("7f3a-1.b:2_c").as_str(), "7f3a-1.b:2_c");
        for odd in ["", "a b", "a\"b", "a=b"] {
            assert_ne!(of(odd).as_str(), odd);
        }
        assert_ne!(RequestId::of(None), RequestId::of(None));
    }

    /// Two that follow each other have no more in common than chance gives them.
    #[test]
    fn an_identity_does_not_tell_the_number_of_requests() {
        let digits = |id: &RequestId| id.as_str().to_owned().into_bytes();
        let ids: Vec<Vec<u8>> = (0..100).map(|_| digits(&RequestId::of(None))).collect();
        let common: usize = ids
            .windows(2)
            .map(|pair| pair[0].iter().zip(&pair[1]).filter(|(a, b)| a == b).count())
            .sum();
        // 99 pairs of 32 digits, of 16 kinds: 198 are expected.
        assert!(common < 300, "{common}");
        assert!(ids.iter().all(|id| id.len() == 32));
    }
}
