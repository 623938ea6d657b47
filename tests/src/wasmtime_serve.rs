//! A composed file in plain `wasmtime serve`.

use crate::built::{self, Wasmtime};
use crate::client::Client;
use crate::deadline::within;
use crate::process::{Process, run_within_time};
use crate::{bucket, portal};
use rustix::process::Signal;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use tokio::process::Command;

/// What turns WASI 0.3 on.
const FEATURES: [&str; 4] = ["-S", "p3=y,cli=y", "-W", "component-model-async=y"];

/// The longest that compiling may take on a busy machine.
const COMPILING_TAKES: Duration = Duration::from_secs(300);

/// How `wasmtime serve` is to be started.
#[derive(Clone, Debug)]
pub struct Settings {
    line: Wasmtime,
    file: PathBuf,
    listen: SocketAddr,
    variables: BTreeMap<String, String>,
}

impl Settings {
    /// The composed file `name` on the LTS line, configured by its environment for the bucket at `bucket`.
    ///
    /// # Panics
    ///
    /// It has not been composed.
    #[must_use]
    pub fn new(name: &str, bucket: SocketAddr) -> Self {
        let variables = [
            ("s3_endpoint", format!("http://{bucket}")),
            ("s3_bucket", bucket::NAME.into()),
            ("s3_access_key_id", bucket::ACCESS_KEY_ID.into()),
            ("s3_secret_access_key", bucket::SECRET_ACCESS_KEY.into()),
            ("playback_token_secret", portal::SECRET.into()),
        ];
        Self {
            line: Wasmtime::V48,
            file: built::composed(name),
            listen: ([127, 0, 0, 1], 0).into(),
            variables: variables.map(|(name, value)| (name.into(), value)).into(),
        }
    }

    /// On another line of wasmtime.
    #[must_use]
    pub fn line(mut self, line: Wasmtime) -> Self {
        self.line = line;
        self
    }

    /// With a variable set.
    #[must_use]
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    /// At this address.
    #[must_use]
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = address;
        self
    }

    /// Starts it.
    ///
    /// # Panics
    ///
    /// It does not start.
    pub async fn start(&self) -> WasmtimeServe {
        let mut command = Command::new(built::wasmtime(self.line));
        command
            .arg("serve")
            .args(FEATURES)
            .arg("--addr")
            .arg(self.listen.to_string());
        for (name, value) in &self.variables {
            let name = name.to_uppercase();
            command
                .arg("--env")
                .arg(format!("SPIN_VARIABLE_{name}={value}"));
        }
        command
            .arg("--allow-precompiled")
            .arg(self.compiled().await);
        let process = Process::start(&mut command);
        let serving = |line: &str| {
            let (_, address) = line.split_once("http://")?;
            address.trim_end_matches('/').parse().ok()
        };
        let address = within("wasmtime serve listens", process.stderr().find(serving)).await;
        let Some(address) = address else {
            panic!("ended at once:\n{}", process.stderr().whole().await);
        };
        WasmtimeServe { process, address }
    }

    /// The file, compiled once for all who start it: by `wasmtime compile`, which is what `serve` would do
    /// each time.
    async fn compiled(&self) -> PathBuf {
        static COMPILING: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
        let _turn = COMPILING.lock().await;
        let name = self.file.file_name().expect("a file");
        let compiled = built::kept(&format!("compiled/{:?}", self.line))
            .join(name)
            .with_extension("cwasm");
        let modified = |path: &PathBuf| path.metadata().and_then(|data| data.modified()).ok();
        if modified(&compiled) <= modified(&self.file) {
            let mut command = Command::new(built::wasmtime(self.line));
            command
                .arg("compile")
                .args(&FEATURES[2..])
                .arg("--output")
                .args([&compiled, &self.file]);
            let outcome = run_within_time(COMPILING_TAKES, &mut command).await;
            assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
        }
        compiled
    }
}

/// A `wasmtime serve` that listens.
#[derive(Debug)]
pub struct WasmtimeServe {
    process: Process,
    address: SocketAddr,
}

impl WasmtimeServe {
    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
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

    /// Kills it as a power cut would.
    ///
    /// # Panics
    ///
    /// It does not die.
    pub async fn kill(mut self) {
        self.process.signal(Signal::KILL);
        self.process.ended().await;
    }
}
