//! `reelgate serve`: an application on this machine.

mod acme;
mod application;
mod failures;
mod reload;
mod running;
mod systemd;
mod traces;
mod unused;

pub(crate) use acme::AcmeArgs;
pub(crate) use running::Running;

use crate::cache::CacheArgs;
use crate::commands::serve::application::Application;
use crate::commands::serve::reload::Reloads;
use crate::exit::{Failure, Kind};
use crate::open_files;
use crate::places::Places;
use crate::signals;
use clap::{Args, ValueEnum};
use reelgate_host::{
    Certificate, CertificateSource, Format, Log, Metrics, MetricsListener, Server, ServerOptions,
    Timeouts, client_tls,
};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::watch;

/// Runs an application: the components of a spin.toml, on this machine.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// The manifest of an application; may be given more than once. The one inside this program unless
    /// given, and spin.toml where the program was built without.
    #[arg(long, value_name = "FILE")]
    pub(crate) app: Vec<PathBuf>,
    /// Where the application inside this program keeps the rows of videos.
    #[arg(long, value_enum, default_value_t = Catalog::Bucket, conflicts_with = "app")]
    pub(crate) catalog: Catalog,
    /// Where to listen; port 0 takes any free one. A socket that systemd hands over goes before it.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8787")]
    pub(crate) listen: SocketAddr,
    /// Where Prometheus finds /metrics; nowhere unless given.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) metrics_listen: Option<SocketAddr>,
    /// A collector of OpenTelemetry that takes traces by OTLP over HTTP, as http://127.0.0.1:4318; none unless
    /// given. OpenTelemetry's variables say the rest.
    #[arg(
        long,
        value_name = "URL",
        env = "OTEL_EXPORTER_OTLP_ENDPOINT",
        hide_env_values = true
    )]
    pub(crate) otlp_endpoint: Option<String>,
    /// Where the key-value store is, and compiled components are kept between starts; the user's folders
    /// for state and caches unless given.
    #[arg(long, value_name = "DIR", env = "REELGATE_DATA")]
    pub(crate) data: Option<PathBuf>,
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
    #[arg(long, value_name = "FILE", env = "REELGATE_ENV_FILE")]
    pub(crate) env_file: Option<PathBuf>,
    /// Take the bucket's key pair from AWS's usual places: the environment, ~/.aws, a web identity, a container,
    /// the instance. A temporary one is replaced before it ends.
    #[arg(long)]
    pub(crate) aws_credentials: bool,
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
    #[command(flatten)]
    pub(crate) acme: AcmeArgs,
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

/// Which manifest of those inside this program.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Catalog {
    /// As objects of the films' bucket: any number of hosts share them.
    Bucket,
    /// In a key-value store: a file in --data, or a Redis.
    Keyvalue,
}

impl Catalog {
    fn manifest(self) -> &'static str {
        match self {
            Self::Bucket => "spin.toml",
            Self::Keyvalue => "spin-keyvalue.toml",
        }
    }
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

fn variable(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("give it as NAME=VALUE")?;
    Ok((name.to_ascii_lowercase(), value.to_owned()))
}

impl Serve {
    /// Serves until SIGTERM or Ctrl-C; SIGHUP has it read its configuration again.
    pub(crate) fn run(self) -> Result<(), Failure> {
        let (stop, stopped) = watch::channel(false);
        let starting = stop_at_signal(stop)?;
        let reloads = Reloads::at_signal()?;
        let running = self.start_at(systemd::socket()?)?;
        drop(starting);
        running
            .introduce(&mut io::stdout().lock())
            .map_err(|error| Failure::new(Kind::Failed, error))?;
        running.until_with(&stopped, reloads)
    }

    /// Everything that can go wrong before the first request goes wrong here.
    pub(crate) fn start(self) -> Result<Running, Failure> {
        self.start_at(None)
    }

    /// The same at a socket that is there already.
    fn start_at(self, socket: Option<TcpListener>) -> Result<Running, Failure> {
        let log = Log::new(match self.log_format {
            LogFormat::Text => Format::Text,
            LogFormat::Json => Format::Json,
        });
        let certificate = self.certificate()?;
        let traces = traces::settings(self.otlp_endpoint.as_deref())?;
        let mut options = self.server_options(certificate.as_ref())?;
        if let Some(shortage) = open_files::raise_for(options.connections) {
            log.error("host", &shortage.message);
            options.connections = shortage.connections;
        }
        let (listen, metrics_listen) = (self.listen, self.metrics_listen);
        let mut application = Application::new(self, &log)?;
        let metrics = Metrics::new(&log, application.objects());
        let client_tls = client_tls().map_err(|error| Failure::new(Kind::Failed, error))?;
        let traces = traces::start(traces.as_ref(), &client_tls, &log, &metrics)?;
        let app = application.load(&log)?;
        let server = match socket {
            Some(socket) => Server::at(socket, options),
            None => Server::bind(listen, options),
        };
        let server = server.map_err(|error| cannot_listen(listen, "--listen", error))?;
        let prometheus = metrics_listen
            .map(|address| {
                MetricsListener::bind(address)
                    .map_err(|error| cannot_listen(address, "--metrics-listen", error))
            })
            .transpose()?;
        Ok(Running {
            apps: watch::Sender::new(Arc::new(app)),
            application,
            address: server
                .address()
                .map_err(|error| Failure::new(Kind::Failed, error))?,
            server,
            certificate,
            prometheus,
            client_tls,
            metrics,
            traces,
            log,
        })
    }

    fn certificate(&self) -> Result<Option<CertificateSource>, Failure> {
        if let (Some(certificate), Some(key)) = (&self.tls_cert, &self.tls_key) {
            let files = Certificate::read(certificate, key);
            let files = files.map_err(|error| Failure::new(Kind::Configuration, error))?;
            return Ok(Some(CertificateSource::Files(files)));
        }
        let places = Places::of(self.data.clone());
        let acme = self.acme.open(&places.state)?;
        Ok(acme.map(CertificateSource::Acme))
    }

    fn server_options(
        &self,
        certificate: Option<&CertificateSource>,
    ) -> Result<ServerOptions, Failure> {
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
        options.tls = certificate
            .map(CertificateSource::server_config)
            .transpose()
            .map_err(|error| Failure::new(Kind::Failed, error))?;
        Ok(options)
    }
}

fn cannot_listen(address: SocketAddr, option: &str, error: io::Error) -> Failure {
    Failure::new(Kind::Failed, format!("cannot listen on {address}: {error}")).with_help(format!(
        "stop what listens there, or choose another address with {option}"
    ))
}

/// A command that has not begun its work: a signal ends it at once, for nobody is being served.
#[must_use = "it has begun when this is dropped"]
pub(crate) struct Starting(Arc<AtomicBool>);

impl Drop for Starting {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

/// Makes `stop` true at SIGTERM or Ctrl-C; the second one ends the process at once, and so does the first one
/// while the command is [`Starting`]: compiling components takes long, and cannot be stopped.
pub(crate) fn stop_at_signal(stop: watch::Sender<bool>) -> Result<Starting, Failure> {
    let starting = Starting(Arc::new(AtomicBool::new(true)));
    let is_starting = Arc::clone(&starting.0);
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
            if is_starting.load(Ordering::Acquire) {
                std::process::exit(0);
            }
            let asked_again = signals::stop_requested()?;
            stop.send_replace(true);
            asked_again.await;
            std::process::exit(1)
        })
    });
    match is_ready.recv() {
        Ok(Ok(())) => Ok(starting),
        Ok(Err(kind)) => Err(Failure::new(Kind::Failed, io::Error::from(kind))),
        Err(_) => Err(Failure::new(Kind::Failed, "cannot watch for signals")),
    }
}
