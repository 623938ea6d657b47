//! What the components of the Stream path are told. Each reads the variables that it needs, and no other.

use alloc::{
    boxed::Box,
    format,
    string::{String, ToString},
};
use core::fmt;

use zeroize::Zeroizing;

use crate::{
    config::{Lookup, Problems, Useless, missing, read, read_if_set},
    endpoint::{Endpoint, endpoint, is_unreserved, origin},
    origin::{
        self,
        bucket::{Bucket, FILMS, Variables},
    },
    secret::{Secret, Secrets},
};

/// The host of Stream's API, unless `cf_stream_api_base` names another.
const API_BASE: &str = "https://api.cloudflare.com";

/// The API's path. `cf_stream_api_base` has none, for it is also the host that a manifest allows, and Spin
/// blocks every call to an allowed host that has a path.
const API_PATH: &str = "/client/v4";

/// How long a row in flight may be left alone, in seconds, unless `stuck_after_seconds` says something
/// else. Longer than any submission takes, time-outs included.
const STUCK_AFTER_SECONDS: u64 = 300;

/// The longest that may be set, in seconds: a day.
const MAX_STUCK_AFTER_SECONDS: u64 = 86_400;

/// The shortest token of an operator, in bytes: what `openssl rand -hex 16` gives. Who finds a shorter one by trying
/// is the operator.
pub const MIN_ADMIN_TOKEN_BYTES: usize = 32;

/// The shortest secret of a webhook, in bytes. Cloudflare makes it, and makes it longer; what is shorter was cut on
/// its way here.
pub const MIN_WEBHOOK_SECRET_BYTES: usize = 16;

/// What `source` and `webhook` are told: the secret that they share with Stream.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// `cf_stream_webhook_secret`: one or several. `None` when it is not set, and then the routes answer 503.
    pub secrets: Option<Secrets>,
}

impl Webhook {
    /// Reads `cf_stream_webhook_secret`.
    ///
    /// # Errors
    /// One of them is too short.
    pub fn from_lookup(lookup: &dyn Lookup) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let secrets = read_if_set(lookup, WEBHOOK_SECRET, webhook_secrets, &mut problems);
        problems.or(Self { secrets })
    }
}

/// What `videos` is told.
#[derive(Clone, Debug)]
pub struct Videos {
    /// `admin_token`; `None` when it is not set, and then the routes answer 503.
    pub admin: Option<Secret>,
    /// The bucket, for uploads; `None` when none is configured, and then there are none.
    pub bucket: Option<origin::Config>,
}

impl Videos {
    /// Reads `admin_token`, and the bucket's variables as [`origin::Config::from_lookup`] does when
    /// `s3_endpoint` is set.
    ///
    /// # Errors
    /// A token that is too short, and every variable of the bucket that is missing or unusable, when one of them
    /// is set; all together.
    pub fn from_lookup(lookup: &dyn Lookup) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let admin = read_if_set(lookup, ADMIN_TOKEN, admin_token, &mut problems);
        let bucket = match set(lookup, "s3_endpoint") {
            Some(_) => origin::Config::from_lookup(lookup)
                .map_err(|bucket| problems.0.extend(bucket.0))
                .ok(),
            None => None,
        };
        problems.or(Self { admin, bucket })
    }
}

/// What `catalog` is told when it keeps its rows in a bucket.
#[derive(Clone, Debug)]
pub struct CatalogBucket {
    bucket: Bucket,
    name: String,
    variables: Variables,
}

impl CatalogBucket {
    /// Reads `catalog_bucket`, `catalog_access_key_id` and `catalog_secret_access_key`, or those of the
    /// film, `s3_bucket`, `s3_access_key_id` and `s3_secret_access_key`, where they are not set; also
    /// `s3_endpoint` and `s3_region` (`auto` when it is not set).
    ///
    /// # Errors
    /// Every variable that is missing or unusable, all together. Half a key pair is unusable.
    pub fn from_lookup(lookup: &dyn Lookup) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let variables = variables(lookup);
        let bucket = Bucket::from_lookup(lookup, &variables, &mut problems);
        let name = lookup.get(variables.bucket).unwrap_or_default();
        let bucket = bucket.ok_or(problems)?;
        Ok(Self {
            bucket,
            name,
            variables,
        })
    }

    pub(super) fn bucket(&self) -> &Bucket {
        &self.bucket
    }

    /// The bucket's name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The variable that names the bucket.
    pub(super) fn name_variable(&self) -> &'static str {
        self.variables.bucket
    }

    /// The variables that hold the key pair.
    pub(super) fn key_variables(&self) -> String {
        format!("{} and {}", self.variables.key_id, self.variables.secret)
    }
}

/// One half of a key pair of the catalog's own is reported as what is missing, not replaced by the film's.
fn variables(lookup: &dyn Lookup) -> Variables {
    let own = |name: &str| lookup.get(name).is_some_and(|value| !value.is_empty());
    let (key_id, secret) = ("catalog_access_key_id", "catalog_secret_access_key");
    let mut variables = FILMS;
    if own("catalog_bucket") {
        variables.bucket = "catalog_bucket";
    }
    if own(key_id) || own(secret) {
        variables.key_id = key_id;
        variables.secret = secret;
    }
    variables
}

/// What `reconciler` is told.
#[derive(Clone, Debug)]
pub struct Reconciler {
    /// `admin_token`; `None` when it is not set, and then the route answers 503.
    pub admin: Option<Secret>,
    /// After how many seconds without a change a row in flight is looked after: `stuck_after_seconds`.
    pub stuck_after_seconds: u64,
}

impl Reconciler {
    /// Reads `admin_token` and `stuck_after_seconds` (300 when it is not set).
    ///
    /// # Errors
    /// A token that is too short, and `stuck_after_seconds` that is no number from 0 to 86,400; both together.
    pub fn from_lookup(lookup: &dyn Lookup) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let default = STUCK_AFTER_SECONDS.to_string();
        let admin = read_if_set(lookup, ADMIN_TOKEN, admin_token, &mut problems);
        let name = "stuck_after_seconds";
        let seconds = read(lookup, name, Some(&default), stuck_after, &mut problems);
        problems.or(Self {
            admin,
            stuck_after_seconds: seconds.unwrap_or(STUCK_AFTER_SECONDS),
        })
    }
}

/// What `transcoder` is told.
#[derive(Debug)]
pub enum Transcoder {
    /// Stream may be asked.
    On(Box<StreamAccess>),
    /// Stream is not to be asked, for this reason.
    Off(&'static str),
}

/// The account at Stream, and how it reaches our originals. `Debug` shows no secret.
pub struct StreamAccess {
    pub(super) api: Endpoint,
    pub(super) account: String,
    pub(super) token: Zeroizing<String>,
    /// Scheme and authority, to stand before the source route's path.
    pub(super) source_origin: String,
    pub(super) source_secrets: Secrets,
}

impl fmt::Debug for StreamAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamAccess")
            .field("api", &self.api.authority)
            .field("account", &self.account)
            .field("source_origin", &self.source_origin)
            .finish_non_exhaustive()
    }
}

impl Transcoder {
    /// Reads `stream_enabled` (`false` when it is not set), `cloudflare_account_id`, `cf_stream_api_token`,
    /// `cf_stream_api_base`, `stream_source_origin` and `cf_stream_webhook_secret`.
    ///
    /// What is missing switches Stream off; so does `stream_enabled` other than `true`.
    ///
    /// # Errors
    /// Every variable that is set and unusable, whatever else is missing, unless `stream_enabled` says that there
    /// is no Stream.
    pub fn from_lookup(lookup: &dyn Lookup) -> Result<Self, Problems> {
        if set(lookup, "stream_enabled").as_deref().map(str::trim) != Some("true") {
            return Ok(Self::Off("stream_enabled is not true"));
        }
        let mut problems = Problems::default();
        let access = StreamAccess::from_lookup(lookup, &mut problems);
        problems.or(match access {
            Some(access) => Self::On(Box::new(access)),
            None => Self::Off(missing(lookup, &NEEDED).unwrap_or("Stream is not configured")),
        })
    }
}

impl StreamAccess {
    /// `None` while a variable is missing, or with at least one more problem.
    fn from_lookup(lookup: &dyn Lookup, problems: &mut Problems) -> Option<Self> {
        let base = Some(API_BASE);
        let api = read(lookup, "cf_stream_api_base", base, api, problems);
        let account = read_if_set(lookup, ACCOUNT, account, problems);
        let token = read_if_set(lookup, API_TOKEN, token, problems);
        let source_origin = read_if_set(lookup, SOURCE_ORIGIN, origin, problems);
        let source_secrets = read_if_set(lookup, WEBHOOK_SECRET, webhook_secrets, problems);
        Some(Self {
            api: api?,
            account: account?,
            token: token?,
            source_origin: source_origin?,
            source_secrets: source_secrets?,
        })
    }
}

const ADMIN_TOKEN: &str = "admin_token";
const WEBHOOK_SECRET: &str = "cf_stream_webhook_secret";
const ACCOUNT: &str = "cloudflare_account_id";
const API_TOKEN: &str = "cf_stream_api_token";
const SOURCE_ORIGIN: &str = "stream_source_origin";

/// What must be set, and the reason that is told while it is not.
const NEEDED: [(&str, &str); 4] = [
    (ACCOUNT, "cloudflare_account_id is not set"),
    (API_TOKEN, "cf_stream_api_token is not set"),
    (SOURCE_ORIGIN, "stream_source_origin is not set"),
    (WEBHOOK_SECRET, "cf_stream_webhook_secret is not set"),
];

fn set(lookup: &dyn Lookup, name: &str) -> Option<String> {
    lookup.get(name).filter(|value| !value.trim().is_empty())
}

fn admin_token(text: &str) -> Result<Secret, Useless> {
    Secret::at_least(MIN_ADMIN_TOKEN_BYTES, text)
        .ok_or("is shorter than 32 bytes; `openssl rand -hex 32` makes a good one")
}

fn webhook_secrets(text: &str) -> Result<Secrets, Useless> {
    Secrets::at_least(MIN_WEBHOOK_SECRET_BYTES, text).ok_or(
        "holds a secret of less than 16 bytes; `reelgate stream subscribe` prints the whole of it",
    )
}

fn stuck_after(text: &str) -> Result<u64, Useless> {
    let seconds = text.trim().parse().ok();
    seconds
        .filter(|seconds| *seconds <= MAX_STUCK_AFTER_SECONDS)
        .ok_or("is not a whole number of seconds from 0 to 86400")
}

fn api(text: &str) -> Result<Endpoint, Useless> {
    let api = endpoint(text.trim())?;
    if !api.path.is_empty() {
        return Err("has a path; it is only https://host, and the API's path follows by itself");
    }
    Ok(Endpoint {
        path: API_PATH.to_string(),
        ..api
    })
}

/// Where Stream's API begins, path included, for a value of `cf_stream_api_base`; `None` when it is not set.
///
/// # Errors
/// What is wrong with it, as a clause after the variable's name.
pub fn api_base(text: Option<&str>) -> Result<String, Useless> {
    let Endpoint {
        scheme,
        authority,
        path,
    } = api(text.unwrap_or(API_BASE))?;
    Ok(format!("{}://{authority}{path}", scheme.as_str()))
}

fn account(text: &str) -> Result<String, Useless> {
    let text = text.trim();
    if !text.bytes().all(is_unreserved) || matches!(text, "." | "..") {
        return Err("is no account id; Cloudflare's have 32 hexadecimal digits");
    }
    Ok(text.to_string())
}

fn token(text: &str) -> Result<Zeroizing<String>, Useless> {
    let text = text.trim();
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("holds a blank, a line break or another character that no token has");
    }
    Ok(Zeroizing::new(text.to_string()))
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;
    use crate::time::UnixTime;

    const GOOD: [(&str, &str); 5] = [
        ("stream_enabled", "true"),
        ("cloudflare_account_id", "acc1"),
        ("cf_stream_api_token", "token"),
        ("stream_source_origin", "https://video.example"),
        ("cf_stream_webhook_secret", "whsec-0123456789"),
    ];

    const ADMIN: &str = "an-operators-token-0123456789abc";

    fn lookup(variables: &[(&str, &str)], name: &str) -> Option<String> {
        let (_, value) = variables.iter().rev().find(|(own, _)| *own == name)?;
        Some((*value).to_string())
    }

    fn transcoder(more: &[(&str, &str)]) -> Result<Transcoder, Vec<&'static str>> {
        let variables = [&GOOD[..], more].concat();
        Transcoder::from_lookup(&|name: &str| lookup(&variables, name))
            .map_err(|problems| problems.0.iter().map(|problem| problem.variable).collect())
    }

    #[test]
    fn what_is_missing_switches_stream_off() {
        let off = |name: &'static str, value| match transcoder(&[(name, value)]) {
            Ok(Transcoder::Off(reason)) => reason,
            other => panic!("{other:?}"),
        };
        assert_eq!(off("stream_enabled", "false"), "stream_enabled is not true");
        assert_eq!(off("stream_enabled", ""), "stream_enabled is not true");
        for (name, _) in &GOOD[1..] {
            assert_eq!(off(name, ""), alloc::format!("{name} is not set"));
            assert_eq!(off(name, " "), alloc::format!("{name} is not set"));
        }
        assert!(matches!(transcoder(&[]), Ok(Transcoder::On(_))));
    }

    #[test]
    fn what_cannot_be_used_is_a_problem() {
        for (name, value) in [
            ("cloudflare_account_id", "a/b"),
            ("cloudflare_account_id", ".."),
            ("cf_stream_api_token", "a b"),
            ("cf_stream_api_base", "api.cloudflare.com"),
            ("cf_stream_api_base", "https://api.cloudflare.com/client/v4"),
            ("stream_source_origin", "https://video.example/path"),
            ("stream_source_origin", "video.example"),
            ("cf_stream_webhook_secret", "whsec-012345678"),
            (
                "cf_stream_webhook_secret",
                "whsec-0123456789,whsec-012345678",
            ),
        ] {
            let problems = transcoder(&[(name, value)]).map(|_| ());
            assert_eq!(problems, Err(alloc::vec![name]), "{value}");
        }
        // All of it at once, and although something is missing too.
        let several = transcoder(&[
            ("cf_stream_api_token", ""),
            ("cloudflare_account_id", "a/b"),
            ("stream_source_origin", "video.example"),
            ("cf_stream_webhook_secret", "short"),
        ]);
        assert_eq!(
            several.map(|_| ()),
            Err(alloc::vec![
                "cloudflare_account_id",
                "stream_source_origin",
                "cf_stream_webhook_secret"
            ])
        );
        // Who is switched off is not bothered.
        let off = transcoder(&[("stream_enabled", "no"), ("cf_stream_api_base", "x")]);
        assert!(matches!(off, Ok(Transcoder::Off(_))));
    }

    #[test]
    fn the_reconciler_waits_as_long_as_it_is_told() {
        let read = |value: &str| {
            let variables = [
                ("stuck_after_seconds", value),
                ("admin_token", "\n an-operators-token-0123456789abc "),
            ];
            Reconciler::from_lookup(&|name: &str| lookup(&variables, name))
        };
        for (value, expected) in [("", 300), ("0", 0), ("1", 1), (" 86400 ", 86_400)] {
            let config = read(value).unwrap();
            assert_eq!(config.stuck_after_seconds, expected);
            assert!(config.admin.unwrap().is(ADMIN));
        }
        for value in ["-1", "86401", "5m"] {
            assert!(read(value).is_err(), "{value}");
        }
    }

    const FILM: [(&str, &str); 4] = [
        ("s3_endpoint", "https://s3.example"),
        ("s3_bucket", "films"),
        ("s3_access_key_id", "reader"),
        ("s3_secret_access_key", "offilms"),
    ];

    fn catalog(more: &[(&str, &str)]) -> Result<CatalogBucket, String> {
        let variables = [&FILM[..], more].concat();
        CatalogBucket::from_lookup(&|name: &str| lookup(&variables, name))
            .map_err(|problems| problems.to_string())
    }

    #[test]
    fn a_catalog_is_kept_where_the_films_are_unless_something_else_is_said() {
        let signed = |more: &[(&str, &str)]| {
            let config = catalog(more).unwrap();
            let host = [("host", "s3.example")];
            let bucket = config.bucket();
            bucket.sign(crate::http::Method::Get, "/a", &host, &[], UnixTime(0))
        };
        let of_the_film = signed(&[]);
        assert!(of_the_film.starts_with("/films/a?"), "{of_the_film}");
        assert!(of_the_film.contains("Credential=reader%2F"));
        let empty = [("catalog_bucket", ""), ("catalog_access_key_id", "")];
        assert_eq!(signed(&empty), of_the_film);
        let own_bucket = signed(&[("catalog_bucket", "rows")]);
        assert!(own_bucket.starts_with("/rows/a?"));
        assert!(own_bucket.contains("Credential=reader%2F"));
        let pair = [
            ("catalog_access_key_id", "writer"),
            ("catalog_secret_access_key", "ofrows"),
        ];
        let own_pair = signed(&pair);
        assert!(own_pair.starts_with("/films/a?"));
        assert!(own_pair.contains("Credential=writer%2F"));
    }

    #[test]
    fn what_is_wrong_with_a_catalog_is_said_at_once() {
        for (more, expected) in [
            (
                &[("catalog_access_key_id", "writer")][..],
                "catalog_secret_access_key is not set",
            ),
            (
                &[("catalog_secret_access_key", "ofrows")],
                "catalog_access_key_id is not set",
            ),
            (
                &[("catalog_bucket", "a/b"), ("s3_endpoint", "")],
                "s3_endpoint is not set; catalog_bucket is no bucket name: letters, digits, dots and hyphens",
            ),
            (
                &[("s3_bucket", ""), ("s3_region", "a b")],
                "s3_bucket is not set; s3_region is no region; `auto` is right for R2, `us-east-1` for most others",
            ),
        ] {
            assert_eq!(catalog(more).unwrap_err(), expected);
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let shown = alloc::format!("{:?}", catalog(&[]).unwrap());
        assert!(shown.contains("/films"), "{shown}");
        assert!(
            !shown.contains("offilms") && !shown.contains("reader"),
            "{shown}"
        );
    }

    #[test]
    fn a_short_secret_is_named_with_all_else_that_is_wrong() {
        let from = |variables: &'static [(&str, &str)]| move |name: &str| lookup(variables, name);
        let webhook =
            Webhook::from_lookup(&from(&[("cf_stream_webhook_secret", "123456789012345")]));
        assert_eq!(
            webhook.unwrap_err().to_string(),
            "cf_stream_webhook_secret holds a secret of less than 16 bytes; `reelgate stream subscribe` prints the whole of it"
        );
        let short = "admin_token is shorter than 32 bytes; `openssl rand -hex 32` makes a good one";
        let reconciler = Reconciler::from_lookup(&from(&[
            ("admin_token", "an-operators-token-0123456789ab"),
            ("stuck_after_seconds", "5m"),
        ]));
        assert_eq!(
            reconciler.unwrap_err().to_string(),
            alloc::format!(
                "{short}; stuck_after_seconds is not a whole number of seconds from 0 to 86400"
            )
        );
        let videos = Videos::from_lookup(&from(&[
            ("admin_token", "hunter2"),
            ("s3_endpoint", "s3.example"),
            ("s3_bucket", "a/b"),
        ]));
        let problems = videos.unwrap_err();
        let variables: Vec<&str> = problems.0.iter().map(|problem| problem.variable).collect();
        assert_eq!(
            variables,
            [
                "admin_token",
                "s3_endpoint",
                "s3_bucket",
                "s3_access_key_id",
                "s3_secret_access_key"
            ]
        );
        assert!(!problems.to_string().contains("hunter2"), "{problems}");
    }

    #[test]
    fn an_empty_secret_is_none() {
        let webhook = |value: &'static str| {
            let config = Webhook::from_lookup(&|_: &str| Some(value.to_string()));
            config.unwrap().secrets.is_some()
        };
        assert_eq!(
            [webhook(""), webhook("  "), webhook("  0123456789abcdef\n")],
            [false, false, true]
        );
        let videos = Videos::from_lookup(&|_: &str| None).unwrap();
        assert!(videos.admin.is_none() && videos.bucket.is_none());
        let half = |name: &str| (name == "s3_endpoint").then(|| "https://b".to_string());
        assert_eq!(Videos::from_lookup(&half).unwrap_err().0.len(), 3);
    }
}
