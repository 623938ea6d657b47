//! `reelgate s3`: an S3 server for laptops and tests.

use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use reelgate_fake_s3::{Config, Error, is_bucket_name, start};

use crate::{
    exit::{self, Failure, Kind},
    signals,
};

/// Arguments of `reelgate s3`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Address and port to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9000")]
    listen: String,
    /// Folder that holds the buckets; made when it is not there
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Access key id that clients must use
    #[arg(
        long,
        value_name = "ID",
        env = "REELGATE_S3_ACCESS_KEY_ID",
        value_parser = NonEmptyStringValueParser::new()
    )]
    access_key_id: String,
    /// Secret that clients sign with
    #[arg(
        long,
        value_name = "SECRET",
        env = "REELGATE_S3_SECRET_ACCESS_KEY",
        hide_env_values = true,
        value_parser = NonEmptyStringValueParser::new()
    )]
    secret_access_key: String,
    /// Bucket to serve; made when it is not there
    #[arg(long, value_name = "NAME", env = "REELGATE_S3_BUCKET", value_parser = bucket_name)]
    bucket: String,
}

/// Serves until the process is asked to stop.
pub(crate) async fn run(args: Args) -> Result<(), Failure> {
    let Args {
        listen,
        data,
        access_key_id,
        secret_access_key,
        bucket,
    } = args;
    let stop = signals::stop_requested().map_err(|error| Failure::new(Kind::Failed, error))?;
    let running = start(Config {
        listen,
        data,
        access_key_id,
        secret_access_key,
        bucket,
    })
    .await?;
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
