//! The composed components in plain `wasmtime serve`.

use crate::client::Client;
use crate::deadline::within;
use crate::process::Process;
use crate::{bucket, built, portal};
use std::net::SocketAddr;
use tokio::process::Command;

/// `wasmtime serve` with a middleware and the origin in one file, configured by its environment.
#[derive(Debug)]
pub struct WasmtimeServe {
    process: Process,
    address: SocketAddr,
}

impl WasmtimeServe {
    /// The gate before the bucket at `bucket`, with `page` as an allowed origin.
    ///
    /// # Panics
    ///
    /// It does not start.
    pub async fn start(bucket: SocketAddr, page: &str) -> Self {
        let variables = [
            ("PLAYBACK_TOKEN_SECRET", portal::SECRET),
            ("ALLOWED_ORIGINS", page),
        ];
        Self::start_composed("gate-origin", bucket, &variables).await
    }

    /// The source route before the bucket at `bucket`, with the secret that addresses are signed with.
    ///
    /// # Panics
    ///
    /// It does not start.
    pub async fn start_source(bucket: SocketAddr, secret: &str) -> Self {
        let variables = [
            ("CF_STREAM_WEBHOOK_SECRET", secret),
            ("ORIGIN_SERVES", "originals"),
        ];
        Self::start_composed("source-origin", bucket, &variables).await
    }

    async fn start_composed(
        component: &str,
        bucket: SocketAddr,
        variables: &[(&str, &str)],
    ) -> Self {
        let mut command = Command::new(built::wasmtime());
        command
            .args(["serve", "-S", "p3=y,cli=y", "-W", "component-model-async=y"])
            .args(["--addr", "127.0.0.1:0"]);
        let endpoint = format!("http://{bucket}");
        let bucket = [
            ("S3_ENDPOINT", endpoint.as_str()),
            ("S3_BUCKET", bucket::NAME),
            ("S3_ACCESS_KEY_ID", bucket::ACCESS_KEY_ID),
            ("S3_SECRET_ACCESS_KEY", bucket::SECRET_ACCESS_KEY),
        ];
        for (name, value) in bucket.iter().chain(variables) {
            command
                .arg("--env")
                .arg(format!("SPIN_VARIABLE_{name}={value}"));
        }
        command.arg(built::component(component));
        let process = Process::start(&mut command);
        let serving = |line: &str| {
            let (_, address) = line.split_once("http://")?;
            address.trim_end_matches('/').parse().ok()
        };
        let address = within("wasmtime serve listens", process.stderr().find(serving)).await;
        let Some(address) = address else {
            panic!("ended at once:\n{}", process.stderr().whole().await);
        };
        Self { process, address }
    }

    /// Somebody who asks it.
    #[must_use]
    pub fn client(&self) -> Client {
        Client::new(self.address)
    }

    /// What it has written so far, to both outputs.
    #[must_use]
    pub fn log(&self) -> String {
        let Self { process, .. } = self;
        [process.stdout().so_far(), process.stderr().so_far()]
            .concat()
            .join("\n")
    }
}
