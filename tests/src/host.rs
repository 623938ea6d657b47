//! `reelgate serve` as a process.

use crate::client::Client;
use crate::journal::{self, Journal};
use crate::process::Process;
use crate::{bucket, built, manifest, portal};
use rustix::process::Signal;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use tempfile::TempDir;
use tokio::process::Command;
use tokio::sync::Semaphore;

/// Who signs requests to the bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The host.
    Native,
    /// The component.
    Component,
}

/// How a host is to be started.
#[derive(Clone, Debug)]
pub struct Settings {
    app: PathBuf,
    origin: Origin,
    listen: SocketAddr,
    variables: BTreeMap<String, String>,
    environment: Vec<(String, String)>,
    arguments: Vec<OsString>,
    cache: Vec<OsString>,
    log_format: &'static str,
    open_files: Option<u32>,
    socket: Option<Arc<TcpListener>>,
}

impl Settings {
    /// The product's own manifest, its secret that of [`portal`], its bucket at `bucket`, everything
    /// else as it is by default.
    #[must_use]
    pub fn new(bucket: SocketAddr) -> Self {
        let variables = [
            ("s3_endpoint", format!("http://{bucket}")),
            ("s3_bucket", bucket::NAME.into()),
            ("s3_access_key_id", bucket::ACCESS_KEY_ID.into()),
            ("s3_secret_access_key", bucket::SECRET_ACCESS_KEY.into()),
            ("playback_token_secret", portal::SECRET.into()),
        ];
        Self {
            app: manifest::product(),
            origin: Origin::Native,
            listen: ([127, 0, 0, 1], 0).into(),
            variables: variables.map(|(name, value)| (name.into(), value)).into(),
            environment: Vec::new(),
            arguments: Vec::new(),
            // Journeys count what the bucket is asked, and their objects have one tag, whatever is in them.
            cache: ["--cache-memory", "0"].map(OsString::from).into(),
            log_format: "json",
            open_files: None,
            socket: None,
        }
    }

    /// With another origin.
    #[must_use]
    pub fn origin(mut self, origin: Origin) -> Self {
        self.origin = origin;
        self
    }

    /// With another manifest.
    #[must_use]
    pub fn app(mut self, app: &Path) -> Self {
        self.app = app.to_owned();
        self
    }

    /// With a variable set.
    #[must_use]
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    /// With something else in its environment.
    #[must_use]
    pub fn environment(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// The value of a variable.
    ///
    /// # Panics
    ///
    /// It is not set.
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        &self.variables[name]
    }

    /// Without a variable.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.variables.remove(name);
        self
    }

    /// At this address.
    #[must_use]
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = address;
        self
    }

    /// With these words more on the command line.
    #[must_use]
    pub fn arguments(mut self, words: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        self.arguments.extend(words.into_iter().map(Into::into));
        self
    }

    /// With a cache of hot objects, these words saying which; none for the one that it has by default.
    #[must_use]
    pub fn cache(mut self, words: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        self.cache = words.into_iter().map(Into::into).collect();
        self
    }

    /// Where the operating system lets it have no more files open.
    #[must_use]
    pub fn open_files(mut self, most: u32) -> Self {
        self.open_files = Some(most);
        self
    }

    /// With a socket that somebody else has opened, handed over as systemd does it.
    #[must_use]
    pub fn socket(mut self, socket: &Arc<TcpListener>) -> Self {
        self.socket = Some(Arc::clone(socket));
        self
    }

    /// With the log for people.
    #[must_use]
    pub fn text_log(mut self) -> Self {
        self.log_format = "text";
        self
    }

    /// The command that starts it, with its data in `data`. It sees nothing of this process's environment.
    ///
    /// # Panics
    ///
    /// The folder cannot be used.
    #[must_use]
    pub fn command(&self, data: &Path) -> Command {
        // Compiled components are the same for all: only the first host of all has to make them.
        let cache = data.join("cache");
        if !cache.exists() {
            std::os::unix::fs::symlink(built::kept("cache"), cache).expect("a writable folder");
        }
        let mut command = self.program();
        command
            .env_clear()
            .arg("serve")
            .args(["--log-format", self.log_format, "--origin"])
            .arg(match self.origin {
                Origin::Native => "native",
                Origin::Component => "component",
            })
            .args(["--listen", &self.listen.to_string()])
            .arg("--app")
            .arg(&self.app)
            .arg("--build-folder")
            .arg(built::build_folder())
            .arg("--data")
            .arg(data)
            .args(&self.cache)
            .args(&self.arguments);
        for (name, value) in &self.variables {
            command.env(format!("SPIN_VARIABLE_{}", name.to_uppercase()), value);
        }
        command.envs(self.environment.iter().cloned());
        command
    }

    /// The program, before its first word.
    fn program(&self) -> Command {
        let before = match (self.open_files, &self.socket) {
            (None, None) => return Command::new(built::reelgate()),
            (Some(most), _) => format!("ulimit -n {most}"),
            // sd_listen_fds(3): the first is number 3, and they are for the process with that id.
            (None, Some(_)) => {
                "exec 3<&0 0</dev/null; export LISTEN_FDS=1 LISTEN_PID=$$".to_owned()
            }
        };
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", &format!("{before}; exec \"$0\" \"$@\"")]);
        shell.arg(built::reelgate());
        shell
    }

    /// Starts it with a folder of its own.
    ///
    /// # Panics
    ///
    /// It does not start.
    pub async fn start(&self) -> Host {
        self.start_in(TempDir::new().expect("a temporary folder"))
            .await
    }

    /// Starts it with the folder of another.
    ///
    /// # Panics
    ///
    /// It does not start.
    pub async fn start_in(&self, data: TempDir) -> Host {
        // One at a time: who comes first compiles for all.
        static STARTING: Semaphore = Semaphore::const_new(1);
        let _turn = STARTING.acquire().await.expect("never closed");
        let stdin = self.socket.as_ref().map_or_else(Stdio::null, |socket| {
            let socket = socket.try_clone().expect("a file more");
            OwnedFd::from(socket).into()
        });
        let process = Process::start_with(&mut self.command(data.path()), stdin);
        let address = process.address().await;
        Host {
            process,
            address,
            data,
            secrets: self.secrets(),
        }
    }

    /// What must not be in the log: values of secret variables, and each secret among them.
    fn secrets(&self) -> Vec<String> {
        let values = [
            "playback_token_secret",
            "s3_secret_access_key",
            "cf_stream_webhook_secret",
            "cf_stream_api_token",
            "admin_token",
        ];
        let values = values.iter().filter_map(|name| self.variables.get(*name));
        values
            .flat_map(|value| value.split([',', ':']))
            .filter(|part| part.len() > 8)
            .map(str::to_owned)
            .collect()
    }
}

/// A host that listens.
#[derive(Debug)]
pub struct Host {
    process: Process,
    address: SocketAddr,
    data: TempDir,
    secrets: Vec<String>,
}

impl Host {
    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it tells what it counts, with the words of [`crate::metrics::ARGUMENTS`].
    ///
    /// # Panics
    ///
    /// It does not.
    pub async fn metrics_address(&self) -> SocketAddr {
        self.process.metrics_address().await
    }

    /// Somebody who asks it.
    #[must_use]
    pub fn client(&self) -> Client {
        Client::new(self.address)
    }

    /// Its log.
    #[must_use]
    pub fn journal(&self) -> Journal {
        Journal::new(self.process.stderr())
    }

    /// The process.
    #[must_use]
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// Memory it has, in bytes: `VmRSS`.
    ///
    /// # Panics
    ///
    /// It runs no more, or this is not Linux.
    #[must_use]
    pub fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()));
        let status = status.expect("a running process");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
        kilobytes
            .and_then(|text| text.parse::<u64>().ok())
            .expect("a number")
            * 1024
    }

    /// Kills it as a power cut would, and gives back its folder.
    ///
    /// # Panics
    ///
    /// It does not die.
    pub async fn kill(mut self) -> TempDir {
        self.process.signal(Signal::KILL);
        self.process.ended().await;
        self.data
    }

    /// Waits until it ends by itself, however that is.
    ///
    /// # Panics
    ///
    /// It does not.
    pub async fn died(mut self) -> std::process::ExitStatus {
        self.process.ended().await
    }

    /// Asks it to end, and waits for that, whatever its log is like.
    ///
    /// # Panics
    ///
    /// It fails, or does not end.
    pub async fn stopped(mut self) -> String {
        self.process.signal(Signal::TERM);
        let status = self.process.ended().await;
        let log = self.process.stderr().whole().await;
        assert_eq!(status.code(), Some(0), "{log}");
        log
    }

    /// Asks it to end, and waits for that: with success, and with a log that holds no secret.
    ///
    /// # Panics
    ///
    /// It fails, does not end, or has said too much.
    pub async fn finish(mut self) -> String {
        self.process.signal(Signal::TERM);
        self.ended().await
    }

    /// Waits until it ends by itself, with success, and with a log that holds no secret.
    ///
    /// # Panics
    ///
    /// It fails, does not end, or has said too much.
    pub async fn ended(&mut self) -> String {
        let status = self.process.ended().await;
        let log = self.process.stderr().whole().await;
        assert_eq!(status.code(), Some(0), "{log}");
        let secrets: Vec<&str> = self.secrets.iter().map(String::as_str).collect();
        journal::assert_clean(&log, &secrets);
        log
    }
}
