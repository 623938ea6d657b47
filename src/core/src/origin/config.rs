//! What the origin is told: a bucket, and which part of it is served.

use alloc::string::String;
use core::fmt;

use super::{
    bucket::{Bucket, FILMS},
    presign::EXPIRES,
    upload::UploadHeaders,
};
use crate::{
    config::{Lookup, Problems, Useless, read},
    endpoint::Scheme,
    http::Method,
    key::{Serves, SourceKey, StoredKey},
    time::UnixTime,
};

/// The bucket, and the key pair to read it with.
///
/// # Example
/// ```
/// use reelgate_core::origin::Config;
///
/// let variables = |name: &str| match name {
///     "s3_endpoint" => Some("https://account.r2.cloudflarestorage.com".into()),
///     "s3_bucket" => Some("films".into()),
///     _ => None,
/// };
/// let problems = Config::from_lookup(&variables).unwrap_err();
/// assert_eq!(
///     problems.to_string(),
///     "s3_access_key_id is not set; s3_secret_access_key is not set"
/// );
/// ```
#[derive(Clone)]
pub struct Config {
    bucket: Bucket,
    serves: Serves,
}

impl Config {
    /// Reads `s3_endpoint`, `s3_bucket`, `s3_region` (`auto` when it is not set), `s3_access_key_id`
    /// and `s3_secret_access_key`, with `s3_session_token` where they are temporary; `origin_serves`, `games` when it is not set, or `originals`.
    ///
    /// # Errors
    /// Every variable that is missing or unusable, all together.
    pub fn from_lookup(lookup: &dyn Lookup) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let bucket = Bucket::from_lookup(lookup, &FILMS, &mut problems);
        let serves = read(
            lookup,
            "origin_serves",
            Some("games"),
            serves,
            &mut problems,
        );
        match (bucket, serves) {
            (Some(bucket), Some(serves)) => Ok(Self { bucket, serves }),
            _ => Err(problems),
        }
    }

    /// Derives the signing keys of `days` days from `first` on (in UTC), so that a request on one of
    /// them need not. Every other day is signed for just as well, at about twice the cost.
    pub fn prepare(&mut self, first: UnixTime, days: usize) {
        self.bucket.prepare(first, days);
    }

    /// How to connect to the bucket.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        self.bucket.scheme
    }

    /// The bucket's host, and its port unless it is the scheme's own; also the `Host` that is signed.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.bucket.authority
    }

    /// A key for what a host keeps of the bucket, which it has again after a restart: of each bucket another, and
    /// known to none but those who have the secret access key.
    #[must_use]
    pub fn cache_key(&self) -> [u8; 32] {
        self.bucket.derive("reelgate-cache:v1")
    }

    /// Which part of the bucket is served.
    pub(super) fn serves(&self) -> Serves {
        self.serves
    }

    /// The signed path and query of an object. Good for `method` alone, for one hour from `now`.
    pub(super) fn sign(&self, method: Method, key: &StoredKey, now: UnixTime) -> String {
        let host = [("host", self.authority())];
        let path = key.bucket_path();
        self.bucket.sign(method, &path, &host, &[], now)
    }

    /// The signed path and query of an upload with these headers, and when they end.
    pub(super) fn sign_put(
        &self,
        key: &SourceKey,
        headers: &UploadHeaders,
        now: UnixTime,
    ) -> (String, UnixTime) {
        let headers = [
            ("content-length", headers.content_length.as_str()),
            ("content-type", &headers.content_type),
            ("host", self.authority()),
        ];
        let path = key.bucket_path();
        let signed = self.bucket.sign(Method::Put, &path, &headers, &[], now);
        (signed, now.plus(EXPIRES))
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("bucket", &self.bucket)
            .finish_non_exhaustive()
    }
}

fn serves(text: &str) -> Result<Serves, Useless> {
    match text {
        "games" => Ok(Serves::Games),
        "originals" => Ok(Serves::Originals),
        _ => Err("is neither `games` nor `originals`"),
    }
}

#[cfg(test)]
mod tests {
    use alloc::{format, string::ToString, vec::Vec};

    use super::*;

    fn read_from(variables: &[(&str, &str)]) -> Result<Config, Problems> {
        Config::from_lookup(&|name: &str| {
            let (_, value) = variables.iter().rev().find(|(own, _)| *own == name)?;
            Some((*value).to_string())
        })
    }

    const GOOD: [(&str, &str); 4] = [
        ("s3_endpoint", "https://account.r2.cloudflarestorage.com"),
        ("s3_bucket", "films"),
        ("s3_access_key_id", "AKIAIOSFODNN7EXAMPLE"),
        (
            "s3_secret_access_key",
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        ),
    ];

    fn with(variable: &'static str, value: &'static str) -> Result<Config, Problems> {
        read_from(&[&GOOD[..], &[(variable, value)]].concat())
    }

    #[test]
    fn an_endpoint_is_an_origin_and_perhaps_a_path() {
        // Host: RFC 9110 §7.2, without the scheme's own port (§4.2.3).
        for (endpoint, scheme, authority, prefix) in [
            (
                "https://account.r2.cloudflarestorage.com",
                Scheme::Https,
                "account.r2.cloudflarestorage.com",
                "/films",
            ),
            ("https://S3.Example/", Scheme::Https, "s3.example", "/films"),
            (
                "HTTP://127.0.0.1:9000",
                Scheme::Http,
                "127.0.0.1:9000",
                "/films",
            ),
            ("http://s3.example:80", Scheme::Http, "s3.example", "/films"),
            (
                "https://s3.example:443/",
                Scheme::Https,
                "s3.example",
                "/films",
            ),
            (
                "https://s3.example:80",
                Scheme::Https,
                "s3.example:80",
                "/films",
            ),
            ("http://[::1]:9000", Scheme::Http, "[::1]:9000", "/films"),
            ("http://[::1]", Scheme::Http, "[::1]", "/films"),
            (
                "https://x.example/storage/v1/s3/",
                Scheme::Https,
                "x.example",
                "/storage/v1/s3/films",
            ),
        ] {
            let config = with("s3_endpoint", endpoint).unwrap();
            assert_eq!(config.scheme(), scheme, "{endpoint}");
            assert_eq!(config.authority(), authority, "{endpoint}");
            assert_eq!(config.bucket.prefix, prefix, "{endpoint}");
        }
    }

    #[test]
    fn what_cannot_be_signed_for_is_refused() {
        for (variable, value) in [
            ("s3_endpoint", "account.r2.cloudflarestorage.com"),
            ("s3_endpoint", "ftp://s3.example"),
            ("s3_endpoint", "https://"),
            ("s3_endpoint", "https:///films"),
            ("s3_endpoint", "https://:9000"),
            ("s3_endpoint", "https://s3.example:"),
            ("s3_endpoint", "https://s3.example:99999"),
            ("s3_endpoint", "https://user:password@s3.example"),
            ("s3_endpoint", "https://user@s3.example"),
            ("s3_endpoint", "https://s3.example/?x=1"),
            ("s3_endpoint", "https://s3.example/#x"),
            ("s3_endpoint", "https://s3.example/a%20b"),
            ("s3_endpoint", "https://s3 .example"),
            ("s3_endpoint", "https://s3.example\n"),
            ("s3_bucket", "films/originals"),
            ("s3_bucket", ".."),
            ("s3_bucket", "my films"),
            ("s3_region", "eu west"),
            ("s3_access_key_id", "AKIA EXAMPLE"),
            ("s3_access_key_id", "AKIA/EXAMPLE"),
            ("s3_access_key_id", "AKIAEXAMPLE\n"),
            ("s3_secret_access_key", " wJalrXUtnFEMI"),
            ("s3_secret_access_key", "wJalrXUtnFEMI\n"),
            ("origin_serves", "everything"),
        ] {
            let problems = with(variable, value).unwrap_err();
            let [problem] = &problems.0[..] else {
                panic!("{problems}")
            };
            assert_eq!(problem.variable, variable, "{value:?}");
            assert!(!problem.message.contains("wJalr"), "{problem:?}");
        }
    }

    #[test]
    fn all_that_is_wrong_is_said_at_once() {
        let problems = read_from(&[
            ("s3_bucket", "a/b"),
            ("s3_region", ""),
            ("s3_access_key_id", ""),
        ])
        .unwrap_err();
        let variables: Vec<_> = problems.0.iter().map(|problem| problem.variable).collect();
        assert_eq!(
            variables,
            [
                "s3_endpoint",
                "s3_bucket",
                "s3_access_key_id",
                "s3_secret_access_key"
            ]
        );
        let all: Vec<_> = read_from(&[])
            .unwrap_err()
            .0
            .iter()
            .map(|problem| problem.message.clone())
            .collect();
        assert_eq!(all, ["is not set"; 4]);
    }

    /// Python: `hmac.new(b"AWS4" + secret, b"reelgate-cache:v1\n" + url, sha256).hexdigest()`.
    #[test]
    fn the_cache_has_a_key_of_its_own() {
        let key = |config: Config| crate::hex::lower(&config.cache_key());
        assert_eq!(
            key(read_from(&GOOD).unwrap()),
            "2862c7cca3cfe0b12bedbac5d3dca982b5513ab081cb33b464ceab20038e8a0c"
        );
        for (variable, value) in [
            ("s3_endpoint", "http://account.r2.cloudflarestorage.com"),
            ("s3_endpoint", "https://other.example"),
            ("s3_bucket", "others"),
            ("s3_secret_access_key", "another"),
        ] {
            let other = key(with(variable, value).unwrap());
            assert_ne!(other, key(read_from(&GOOD).unwrap()), "{variable}");
        }
    }

    #[test]
    fn debug_shows_no_key() {
        let mut config = with("s3_region", "auto").unwrap();
        config.prepare(UnixTime(0), 2);
        assert_eq!(
            format!("{config:?}"),
            "Config { bucket: Bucket { scheme: Https, authority: \"account.r2.cloudflarestorage.com\", prefix: \"/films\", .. }, .. }"
        );
    }
}
