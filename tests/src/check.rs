//! `reelgate package check`, as a person runs it.

use crate::bucket::{ACCESS_KEY_ID, SECRET_ACCESS_KEY};
use crate::built;
use crate::process::{Outcome, run};
use crate::s3::S3;
use tokio::process::Command;

/// Judges `playlist`, an address that may be in the bucket of `s3`.
pub async fn check(s3: &S3, playlist: &str, options: &[&str]) -> Outcome {
    let mut command = Command::new(built::reelgate());
    command
        .args(["package", "check", playlist])
        .args(["--endpoint", &format!("http://{}", s3.address())])
        .args(["--access-key-id", ACCESS_KEY_ID])
        .args(options)
        .env("REELGATE_S3_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY);
    run(&mut command).await
}
