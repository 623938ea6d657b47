//! `reelgate health`: asks a running host whether it lives, for containers that have no other program.

use std::time::Duration;

use reqwest::Url;

use crate::{
    exit::{Failure, Kind},
    gate_api,
};

/// Ask a running host whether it is alive; exit code 1 when it is not
#[derive(clap::Args)]
pub(crate) struct Args {
    /// What to ask
    #[arg(value_name = "URL", value_parser = gate_api::base, default_value = "http://127.0.0.1:8787/healthz")]
    url: Url,
    /// Seconds to wait for the answer
    #[arg(long, value_name = "SECONDS", default_value_t = 5)]
    timeout: u64,
}

/// Asks once.
pub(crate) async fn run(args: Args) -> Result<(), Failure> {
    let asked = reqwest::Client::new()
        .get(args.url)
        .timeout(Duration::from_secs(args.timeout));
    let answer = asked
        .send()
        .await
        .and_then(reqwest::Response::error_for_status);
    answer
        .map(drop)
        .map_err(|error| Failure::new(Kind::Failed, error))
}
