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
        variables.token = None;
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
mod tests;
