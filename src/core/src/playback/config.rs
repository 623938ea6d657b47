//! What the component `playback` is told.

use alloc::{
    string::{String, ToString},
    vec::Vec,
};

use crate::{
    config::{Lookup, Problems, Useless, flag, missing, read, read_if_set},
    cors::{OF_TRACES, Origins, RequestHeaders},
    endpoint::{Endpoint, Scheme, endpoint, origin},
    secret::KeyRing,
    token::{
        identity,
        playback::{self, MAX_LIFE_SECONDS},
    },
};

/// Where a sign-in service keeps its keys, unless a variable has a path: where Clerk, Auth0 and most do.
const KEYS_PATH: &str = "/.well-known/jwks.json";

/// The configuration, read once. `Debug` does not show its secrets.
#[derive(Clone, Debug)]
pub struct Config {
    /// While a variable is missing there is a reason instead.
    pub(super) access: Result<Access, &'static str>,
    pub(super) origins: Origins,
    pub(super) request_headers: RequestHeaders,
    pub(super) log_header: bool,
}

/// All that answering needs.
#[derive(Clone, Debug)]
pub(super) struct Access {
    pub(super) keys: KeysAddress,
    pub(super) rules: identity::Rules,
    pub(super) permission: String,
    pub(super) entitlements_required: bool,
    pub(super) video_origin: String,
    pub(super) ring: KeyRing,
    pub(super) playback: playback::Rules,
    pub(super) life_seconds: u64,
}

/// Where the sign-in service publishes its keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeysAddress {
    /// How to connect.
    pub scheme: Scheme,
    /// Host, and port unless it is the scheme's own.
    pub authority: String,
    /// What to ask for.
    pub path: String,
}

/// What must be set for the routes to work, beside the secret, which the gate demands too.
const NEEDED: [(&str, &str); 2] = [
    ("clerk_jwks_url", "clerk_jwks_url is not set"),
    ("video_origin_url", "video_origin_url is not set"),
];

impl Config {
    /// Reads `clerk_jwks_url` and `video_origin_url`, without which the routes answer 503; `clerk_issuer`,
    /// `clerk_authorized_parties`, `playback_permission`, `playback_permissions_claim`,
    /// `playback_entitlements_claim`, `playback_entitlements_required`, `playback_token_ttl_seconds`;
    /// `playback_token_secret`, `playback_token_issuer`, `playback_token_audience`, `allowed_origins` and
    /// `allowed_headers` as the gate does.
    ///
    /// # Errors
    /// All variables that cannot be used, together.
    pub fn from_lookup(lookup: &dyn Lookup) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let origins = origins(lookup, &mut problems);
        // Its token, what it wants to read, and what traces it.
        let own = [&["Authorization", "Content-Type"][..], &OF_TRACES].concat();
        let request_headers = RequestHeaders::from_lookup(&own, lookup, &mut problems);
        let access = access(lookup, &mut problems);
        let Some(request_headers) = request_headers else {
            return Err(problems);
        };
        problems.or(Self {
            access: access
                .ok_or_else(|| missing(lookup, &NEEDED).unwrap_or("the route is not configured")),
            origins,
            request_headers,
            log_header: set(lookup, "log_header").is_some(),
        })
    }
}

/// `None` while a variable is missing, or with at least one more problem: what is set and wrong is noted all the same.
fn access(lookup: &dyn Lookup, problems: &mut Problems) -> Option<Access> {
    let text = |name, default: &str| set(lookup, name).unwrap_or_else(|| default.to_string());
    let keys = read_if_set(lookup, "clerk_jwks_url", keys_address, problems);
    let video_origin = read_if_set(lookup, "video_origin_url", origin, problems);
    let life = Some("900");
    let life_seconds = read(
        lookup,
        "playback_token_ttl_seconds",
        life,
        seconds,
        problems,
    );
    let required = "playback_entitlements_required";
    let entitlements_required = read(lookup, required, Some("false"), flag, problems);
    let ring = ring(lookup, problems);
    let parties = text("clerk_authorized_parties", "");
    Some(Access {
        keys: keys?,
        rules: identity::Rules {
            issuer: set(lookup, "clerk_issuer"),
            parties: list(&parties),
            permissions_claim: text("playback_permissions_claim", "permissions"),
            entitlements_claim: text("playback_entitlements_claim", "entitlements"),
        },
        permission: text("playback_permission", "video:playback"),
        entitlements_required: entitlements_required?,
        video_origin: video_origin?,
        ring: ring?,
        playback: playback::Rules {
            issuer: text("playback_token_issuer", "reelgate-portal"),
            audience: text("playback_token_audience", "reelgate-gate"),
        },
        life_seconds: life_seconds?,
    })
}

fn set(lookup: &dyn Lookup, name: &str) -> Option<String> {
    let value = lookup.get(name)?;
    Some(value.trim().to_string()).filter(|value| !value.is_empty())
}

fn list(text: &str) -> Vec<String> {
    let entries = text.split(',').map(str::trim);
    entries
        .filter(|entry| !entry.is_empty())
        .map(String::from)
        .collect()
}

/// The secret is nothing that is missing while the routes are switched off anyhow.
fn ring(lookup: &dyn Lookup, problems: &mut Problems) -> Option<KeyRing> {
    const NAME: &str = "playback_token_secret";
    let Some(text) = lookup.get(NAME).filter(|text| !text.is_empty()) else {
        if missing(lookup, &NEEDED).is_none() {
            problems.add(NAME, "is not set");
        }
        return None;
    };
    KeyRing::parse(text)
        .map_err(|error| problems.add(NAME, error.to_string()))
        .ok()
}

fn origins(lookup: &dyn Lookup, problems: &mut Problems) -> Origins {
    const NAME: &str = "allowed_origins";
    let text = lookup.get(NAME).unwrap_or_default();
    Origins::parse(&text).unwrap_or_else(|errors| {
        for error in errors {
            problems.add(NAME, error.to_string());
        }
        Origins::default()
    })
}

/// Spin takes an address with a path for no allowed host, so the variable that says which host is allowed
/// can do without.
fn keys_address(text: &str) -> Result<KeysAddress, Useless> {
    let Endpoint {
        scheme,
        authority,
        path,
    } = endpoint(text.trim())?;
    let path = if path.is_empty() {
        KEYS_PATH.to_string()
    } else {
        path
    };
    Ok(KeysAddress {
        scheme,
        authority,
        path,
    })
}

/// More than 15 minutes counts as that.
fn seconds(text: &str) -> Result<u64, Useless> {
    match text.trim().parse() {
        Ok(seconds @ 1..) => Ok(MAX_LIFE_SECONDS.min(seconds)),
        _ => Err("is not a whole number of seconds, 1 or more"),
    }
}
