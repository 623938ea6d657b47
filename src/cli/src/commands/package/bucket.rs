//! The bucket that is meant, from the command line and the settings.

use reelgate_core::config::Lookup as _;
use reelgate_packager::BucketConfig;

use crate::{
    aws::Chain,
    exit::{Failure, Kind},
    settings::{Settings, SettingsArgs},
};

/// Region where none is named: what R2 calls itself.
const DEFAULT_REGION: &str = "auto";

/// Options that name a bucket.
#[derive(Clone, clap::Args)]
pub(crate) struct BucketArgs {
    /// URL of the S3 server [env: REELGATE_S3_ENDPOINT or SPIN_VARIABLE_S3_ENDPOINT]
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,
    /// Bucket [env: REELGATE_S3_BUCKET or SPIN_VARIABLE_S3_BUCKET]
    #[arg(long, value_name = "NAME")]
    bucket: Option<String>,
    /// Region, auto for R2 [env: REELGATE_S3_REGION or SPIN_VARIABLE_S3_REGION]
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
    /// Access key id; the secret is taken from REELGATE_S3_SECRET_ACCESS_KEY or
    /// SPIN_VARIABLE_S3_SECRET_ACCESS_KEY [env: REELGATE_S3_ACCESS_KEY_ID or
    /// SPIN_VARIABLE_S3_ACCESS_KEY_ID]
    #[arg(long, value_name = "ID")]
    access_key_id: Option<String>,
    /// Take the key pair from AWS's usual places: the environment, ~/.aws, a web identity, a container, the
    /// instance
    #[arg(long, conflicts_with = "access_key_id")]
    aws_credentials: bool,
    #[command(flatten)]
    settings: SettingsArgs,
}

impl BucketArgs {
    /// The same with another bucket.
    pub(crate) fn in_bucket(&self, name: &str) -> Self {
        Self {
            bucket: Some(name.to_owned()),
            ..self.clone()
        }
    }
}

/// The bucket from the command line, from our own variables, or from the gate's.
///
/// # Errors
/// That something is missing, all of it at once.
pub(crate) fn bucket(args: &BucketArgs) -> Result<BucketConfig, Failure> {
    let settings = Settings::read(&args.settings)?;
    let find = |flag: Option<&String>, name: &str| {
        let own = || settings.named(&own_name(name));
        flag.cloned().or_else(own).or_else(|| settings.get(name))
    };
    let pair = match args.aws_credentials {
        true => Some(Chain::find()?.key_pair_now()?),
        false => None,
    };
    let mut missing = Vec::new();
    let mut required = |flag, name| {
        find(flag, name).unwrap_or_else(|| {
            missing.push(own_name(name));
            String::new()
        })
    };
    let config = BucketConfig {
        endpoint: required(args.endpoint.as_ref(), "s3_endpoint"),
        bucket: required(args.bucket.as_ref(), "s3_bucket"),
        access_key_id: match &pair {
            Some(pair) => pair.id.clone(),
            None => required(args.access_key_id.as_ref(), "s3_access_key_id"),
        },
        secret_access_key: match &pair {
            Some(pair) => pair.secret.clone(),
            None => required(None, "s3_secret_access_key"),
        },
        session_token: match pair {
            Some(pair) => pair.token,
            None => find(None, "s3_session_token"),
        },
        region: find(args.region.as_ref(), "s3_region")
            .unwrap_or_else(|| DEFAULT_REGION.to_owned()),
    };
    if missing.is_empty() {
        return Ok(config);
    }
    let error = format!(
        "the bucket is not configured: {} missing",
        missing.join(", ")
    );
    Err(Failure::new(Kind::Configuration, error).with_help(
        "set these variables, or the gate's SPIN_VARIABLE_S3_..., or name a file that does with --env-file; all but the secret can be given as options too",
    ))
}

/// Our variable for the gate's variable `name`.
fn own_name(name: &str) -> String {
    format!("REELGATE_{}", name.to_ascii_uppercase())
}
