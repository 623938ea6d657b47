//! `reelgate s3`: an S3 server for laptops and tests.

use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use reelgate_fake_s3::{Config, Error, is_bucket_name, start};

use reelgate_core::config::Lookup as _;

use crate::{
    commands::up::secret,
    exit::{self, Failure, Kind},
    places::Places,
    settings::{Settings, SettingsArgs},
    signals,
};

/// Arguments of `reelgate s3`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Address and port to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9000")]
    listen: String,
    /// Folder that holds the buckets, made when it is not there; the user's folder for state unless given
    #[arg(long, value_name = "DIR", env = "REELGATE_DATA")]
    data: Option<PathBuf>,
    /// Access key id that clients must use [env: REELGATE_S3_ACCESS_KEY_ID or
    /// SPIN_VARIABLE_S3_ACCESS_KEY_ID] [default: laptop]
    #[arg(long, value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
    access_key_id: Option<String>,
    /// Secret that clients sign with; made up and told when none is given
    /// [env: REELGATE_S3_SECRET_ACCESS_KEY or SPIN_VARIABLE_S3_SECRET_ACCESS_KEY]
    #[arg(long, value_name = "SECRET", value_parser = NonEmptyStringValueParser::new())]
    secret_access_key: Option<String>,
    /// Bucket to serve; made when it is not there [env: REELGATE_S3_BUCKET or SPIN_VARIABLE_S3_BUCKET]
    /// [default: films]
    #[arg(long, value_name = "NAME", value_parser = bucket_name)]
    bucket: Option<String>,
    #[command(flatten)]
    settings: SettingsArgs,
}

const BUCKET: &str = "films";
const ACCESS_KEY_ID: &str = "laptop";

/// Serves until the process is asked to stop.
pub(crate) async fn run(args: Args) -> Result<(), Failure> {
    let settings = Settings::read(&args.settings)?;
    let find = |flag: Option<String>, name: &str| {
        let own = || settings.named(&format!("REELGATE_{}", name.to_ascii_uppercase()));
        flag.or_else(own).or_else(|| settings.get(name))
    };
    let data = args
        .data
        .unwrap_or_else(|| Places::of(None).below("s3").state);
    let access_key_id = find(args.access_key_id, "s3_access_key_id");
    let access_key_id = access_key_id.unwrap_or_else(|| ACCESS_KEY_ID.to_owned());
    let bucket =
        find(args.bucket, "s3_bucket").map_or(Ok(BUCKET.to_owned()), |name| bucket_name(&name));
    let bucket = bucket.map_err(|help| {
        Failure::new(Kind::Configuration, "the bucket has no such name").with_help(help)
    })?;
    let given = find(args.secret_access_key, "s3_secret_access_key");
    let is_told = given.is_none();
    let secret_access_key = given.map_or_else(secret, Ok)?;
    let stop = signals::stop_requested().map_err(|error| Failure::new(Kind::Failed, error))?;
    let running = start(Config {
        listen: args.listen,
        data: data.clone(),
        access_key_id: access_key_id.clone(),
        secret_access_key: secret_access_key.clone(),
        bucket: bucket.clone(),
    })
    .await?;
    if is_told {
        // What the gate and `package` read with --env-file.
        let endpoint = running.endpoint();
        let lines = [
            ("ENDPOINT", endpoint.as_str()),
            ("BUCKET", &bucket),
            ("ACCESS_KEY_ID", &access_key_id),
            ("SECRET_ACCESS_KEY", &secret_access_key),
        ];
        let lines = lines.map(|(name, value)| format!("SPIN_VARIABLE_S3_{name}={value}"));
        let _ = exit::print(&lines.join("\n"));
    }
    let _ = exit::print(&format!("# objects are kept in {}", data.display()));
    // A script waits for this line; that it has gone away is no reason to stop.
    let _ = exit::print(&format!("listening on {}", running.endpoint()));
    stop.await;
    running.stop().await;
    Ok(())
}

fn bucket_name(name: &str) -> Result<String, String> {
    if is_bucket_name(name) {
        return Ok(name.to_owned());
    }
    Err("a bucket's name is 3 to 63 letters, digits, dots and hyphens, in lower case".to_owned())
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let help = error.help();
        Self::new(Kind::Failed, error).with_help(help)
    }
}
