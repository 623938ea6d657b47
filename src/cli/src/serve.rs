//! `reelgate serve`: an application on this machine.

use crate::cache::CacheArgs;
use crate::env_file;
use crate::exit::{Failure, Kind};
use crate::open_files;
use crate::signals;
use clap::{Args, ValueEnum};
use reelgate_host::manifest::{Manifest, ManifestError};
use reelgate_host::variables::{Sources, Variables};
use reelgate_host::{
    App, AppError, ConfigError, Format, LoadOptions, Log, OpenError, Origin, Runtime,
    RuntimeConfig, Server, ServerOptions, Stores, Timeouts, client_tls, server_tls,
};
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::watch;

/// Runs an application: the components of a spin.toml, on this machine.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// The application's manifest; may be given more than once.
    #[arg(long, value_name = "FILE", default_value = "spin.toml")]
    pub(crate) app: Vec<PathBuf>,
    /// Where to listen; port 0 takes any free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8787")]
    pub(crate) listen: SocketAddr,
    /// Where the key-value store is, and compiled components are kept between starts.
    #[arg(long, value_name = "DIR", default_value = ".reelgate")]
    pub(crate) data: PathBuf,
    /// Where key-value stores are, in Spin's format; a file in --data unless given.
    #[arg(long, value_name = "FILE")]
    pub(crate) runtime_config_file: Option<PathBuf>,
    /// A manifest with a schedule; beside each manifest, for spin.toml, spin-cron.toml, unless given.
    #[arg(long, value_name = "FILE")]
    pub(crate) schedule: Option<PathBuf>,
    /// Runs nothing by schedule.
    #[arg(long, conflicts_with = "schedule")]
    pub(crate) no_schedule: bool,
    /// Where to find what the manifest has below `target/`.
    #[arg(long, value_name = "DIR")]
    pub(crate) build_folder: Option<PathBuf>,
    /// Values of variables: lines such as SPIN_VARIABLE_S3_BUCKET=films.
    #[arg(long, value_name = "FILE")]
    pub(crate) env_file: Option<PathBuf>,
    /// The value of one variable; goes before the environment and the file.
    #[arg(long, value_name = "NAME=VALUE", value_parser = variable)]
    pub(crate) variable: Vec<(String, String)>,
    /// How requests are logged, on standard error.
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    pub(crate) log_format: LogFormat,
    /// What signs requests to the bucket: the host's own origin, or the component.
    #[arg(long, value_enum, default_value_t = OriginKind::Native)]
    pub(crate) origin: OriginKind,
    #[command(flatten)]
    pub(crate) cache: CacheArgs,
    /// Certificates in PEM, the server's own first; turns TLS on.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// The certificate's private key in PEM.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,
    /// Threads; as many as there are processors unless given.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) workers: Option<u16>,
    /// Connections open at once.
    #[arg(long, value_name = "N", default_value_t = 8192, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) max_connections: u32,
    /// Seconds that a connection stays open between requests.
    #[arg(long, value_name = "SECONDS", default_value_t = 75, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) idle_timeout: u32,
    /// Seconds that an answer waits for a client that takes nothing of it.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) stall_timeout: u32,
    /// Requests that one address may have in flight; no limit unless given. Behind a proxy all come from one.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) max_requests_per_address: Option<u32>,
    /// Seconds that answers may go on after SIGTERM.
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    pub(crate) grace: u64,
}

/// How lines of the log look.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum LogFormat {
    /// `key=value`, for people.
    Text,
    /// One JSON object a line.
    Json,
}

/// What runs as origin.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum OriginKind {
    /// Part of the host: fast.
    Native,
    /// The component, as on other hosts.
    Component,
}

/// Where the schedule of a manifest is looked for: `spin-cron.toml` beside `spin.toml`.
fn schedule_of(app: &Path) -> PathBuf {
    let mut name = app.file_stem().unwrap_or_default().to_owned();
    name.push("-cron.toml");
    app.with_file_name(name)
}

fn variable(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("give it as NAME=VALUE")?;
    Ok((name.to_ascii_lowercase(), value.to_owned()))
}

impl Serve {
    /// Serves until SIGTERM or Ctrl-C.
    pub(crate) fn run(self) -> Result<(), Failure> {
        let (stop, stopped) = watch::channel(false);
        stop_at_signal(stop)?;
        let running = self.start()?;
        // The one line on standard output, for scripts that took port 0.
        let mut stdout = std::io::stdout().lock();
        writeln!(stdout, "listening on {}", running.url())
            .and_then(|()| stdout.flush())
            .map_err(|error| Failure::new(Kind::Failed, error))?;
        drop(stdout);
        running.until(&stopped)
    }

    /// Everything that can go wrong before the first request goes wrong here.
    pub(crate) fn start(self) -> Result<Running, Failure> {
        let log = Log::new(match self.log_format {
            LogFormat::Text => Format::Text,
            LogFormat::Json => Format::Json,
        });
        let mut options = self.server_options()?;
        if let Some(shortage) = open_files::raise_for(options.connections) {
            log.error("host", &shortage.message);
            options.connections = shortage.connections;
        }
        let scheme = if options.tls.is_some() {
            "https"
        } else {
            "http"
        };
        let app = self.load(&log)?;
        let server = Server::bind(self.listen, options).map_err(|error| {
            Failure::new(
                Kind::Failed,
                format!("cannot listen on {}: {error}", self.listen),
            )
            .with_help("stop what listens there, or choose another address with --listen")
        })?;
        let address = server
            .address()
            .map_err(|error| Failure::new(Kind::Failed, error))?;
        Ok(Running {
            app,
            server,
            log,
            scheme,
            address,
        })
    }

    fn server_options(&self) -> Result<ServerOptions, Failure> {
        let mut options = ServerOptions {
            connections: self.max_connections as usize,
            requests_per_address: self.max_requests_per_address.map(|most| most as usize),
            timeouts: Timeouts {
                idle: Duration::from_secs(self.idle_timeout.into()),
                stalled: Duration::from_secs(self.stall_timeout.into()),
                ..Timeouts::default()
            },
            grace: Duration::from_secs(self.grace),
            ..ServerOptions::default()
        };
        if let Some(workers) = self.workers {
            options.workers = usize::from(workers);
        }
        if let (Some(certificate), Some(key)) = (&self.tls_cert, &self.tls_key) {
            let tls = server_tls(certificate, key)
                .map_err(|error| Failure::new(Kind::Configuration, error))?;
            options.tls = Some(tls);
        }
        Ok(options)
    }

    fn load(&self, log: &Log) -> Result<App, Failure> {
        let sources = self.sources()?;
        let cache = self.data.join("cache");
        let cache = std::fs::create_dir_all(&cache)
            .and_then(|()| cache.canonicalize())
            .map_err(|error| {
                Failure::new(
                    Kind::Failed,
                    format!("cannot use {}: {error}", cache.display()),
                )
                .with_help("choose a folder that can be written to with --data")
            })?;
        let runtime = Runtime::new(Some(&cache)).map_err(|error| {
            Failure::new(
                Kind::Failed,
                format!("cannot start the WebAssembly engine: {error:#}"),
            )
        })?;
        if let Some((have, wanted)) = runtime.reduced() {
            log.error(
                "host",
                &format!(
                    "room for {have} memories of instances instead of {wanted}: the operating system gives no \
                     more addresses (ulimit -v)"
                ),
            );
        }
        let origin = match self.origin {
            OriginKind::Native => Origin::Native,
            OriginKind::Component => Origin::Component,
        };
        let objects = self.cache.open(log)?;
        let mut stores = self.stores()?;
        let mut app = App::default();
        for path in &self.manifests() {
            let manifest = Manifest::read(path).map_err(|error| manifest_failure(path, error))?;
            let variables = Variables::resolve(&manifest, &sources).map_err(|missing| {
                Failure::new(Kind::Configuration, missing).with_help(
                    "set SPIN_VARIABLE_<NAME> for each, in the environment or with --env-file",
                )
            })?;
            let options = LoadOptions {
                folder: path.parent().unwrap_or(Path::new("")),
                build_folder: self.build_folder.as_deref(),
                variables: &variables,
                origin,
                schedule: !self.no_schedule,
                runtime: &runtime,
                cache: objects.as_ref(),
                log,
            };
            app.add(&manifest, &mut stores, &options)
                .map_err(app_failure)?;
        }
        Ok(app)
    }

    /// The manifests to load. Spin wants a schedule in a manifest of its own, since a plain `spin up`
    /// refuses one that has `trigger.cron`.
    fn manifests(&self) -> Vec<PathBuf> {
        let mut manifests = self.app.clone();
        match &self.schedule {
            _ if self.no_schedule => {}
            Some(schedule) => manifests.push(schedule.clone()),
            None => {
                let beside = self.app.iter().map(|app| schedule_of(app));
                let mut found: Vec<PathBuf> = beside.filter(|path| path.is_file()).collect();
                found.retain(|path| !manifests.contains(path));
                found.dedup();
                manifests.extend(found);
            }
        }
        manifests
    }

    fn stores(&self) -> Result<Stores, Failure> {
        let config = match &self.runtime_config_file {
            Some(path) => RuntimeConfig::read(path).map_err(config_failure)?,
            None => RuntimeConfig::default(),
        };
        Ok(Stores::new(config, &self.data))
    }

    fn sources(&self) -> Result<Sources, Failure> {
        let file = self
            .env_file
            .as_deref()
            .map(env_file::read)
            .transpose()?
            .unwrap_or_default();
        Ok(Sources::default()
            .then(self.variable.iter().cloned())
            .then_environment(std::env::vars())
            .then_environment(file))
    }
}

/// A server that has its address.
pub(crate) struct Running {
    app: App,
    server: Server,
    log: Log,
    scheme: &'static str,
    address: SocketAddr,
}

impl Running {
    /// Where it is reached.
    pub(crate) fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// Serves until `stopped` becomes true.
    pub(crate) fn until(self, stopped: &watch::Receiver<bool>) -> Result<(), Failure> {
        let tls = client_tls().map_err(|error| Failure::new(Kind::Failed, error))?;
        let scheduler = self.app.schedule().start(&tls, &self.log, stopped);
        let result = scheduler.and_then(|scheduler| {
            self.server.run(&self.app, &tls, &self.log, stopped)?;
            scheduler.join()
        });
        self.log.flush();
        result.map_err(|error| Failure::new(Kind::Failed, error))
    }
}

/// Makes `stop` true at SIGTERM or Ctrl-C; the second one ends the process at once.
pub(crate) fn stop_at_signal(stop: watch::Sender<bool>) -> Result<(), Failure> {
    let (ready, is_ready) = std::sync::mpsc::channel();
    std::thread::spawn(move || -> io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(async {
            let asked = signals::stop_requested();
            // The other side waits for this word.
            let _ = ready.send(asked.as_ref().map(drop).map_err(io::Error::kind));
            asked?.await;
            let asked_again = signals::stop_requested()?;
            stop.send_replace(true);
            asked_again.await;
            std::process::exit(1)
        })
    });
    match is_ready.recv() {
        Ok(Ok(())) => Ok(()),
        Ok(Err(kind)) => Err(Failure::new(Kind::Failed, io::Error::from(kind))),
        Err(_) => Err(Failure::new(Kind::Failed, "cannot watch for signals")),
    }
}

fn manifest_failure(path: &Path, error: ManifestError) -> Failure {
    let help = match &error {
        ManifestError::NotFound(_) => "give the manifest with --app FILE",
        ManifestError::Unreadable { .. } => "give a file that can be read",
        ManifestError::Syntax(_) | ManifestError::Meaning(_) => {
            "ARCHITECTURE.md lists what of Spin's manifest runs here"
        }
    };
    let message = match &error {
        ManifestError::NotFound(_) | ManifestError::Unreadable { .. } => error.to_string(),
        ManifestError::Syntax(_) | ManifestError::Meaning(_) => {
            format!("{}: {error}", path.display())
        }
    };
    Failure::new(Kind::Configuration, message).with_help(help)
}

fn config_failure(error: ConfigError) -> Failure {
    let help = match &error {
        ConfigError::Unreadable { .. } => "give a file that can be read",
        ConfigError::Syntax { .. } => {
            "a store has `type = \"spin\"` and a `path`, or `type = \"redis\"` and a `url`"
        }
    };
    Failure::new(Kind::Configuration, error).with_help(help)
}

fn app_failure(error: AppError) -> Failure {
    let help = match &error {
        AppError::Store(error) => return store_failure(error),
        AppError::NoJob(_) => Some("schedule another component, or start without: --no-schedule"),
        AppError::Unreadable { .. } => Some("build the components with `cargo xtask build`"),
        AppError::Configuration { .. } | AppError::Variables(_) => {
            Some("mend the variable's value")
        }
        _ => None,
    };
    let failure = Failure::new(Kind::Configuration, error);
    match help {
        Some(help) => failure.with_help(help),
        None => failure,
    }
}

fn store_failure(error: &OpenError) -> Failure {
    let (kind, help) = match error {
        OpenError::Taken(_) => (
            Kind::Failed,
            "stop the other one or choose another folder with --data; hosts that share a store \
             keep it in a Redis: --runtime-config-file",
        ),
        OpenError::Unusable { .. } => (
            Kind::Failed,
            "choose a folder that can be written to with --data",
        ),
        OpenError::Foreign { .. } => (
            Kind::Configuration,
            "give the store a file of its own: this host does not read SQLite, as Spin writes it",
        ),
        OpenError::Address { .. } => (
            Kind::Configuration,
            "give an address such as redis://127.0.0.1:6379/0",
        ),
        OpenError::Unknown { .. } => (
            Kind::Configuration,
            "say where it is in the file of --runtime-config-file: [key_value_store.NAME]",
        ),
    };
    Failure::new(kind, error.to_string()).with_help(help)
}
