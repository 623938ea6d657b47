//! The host of a trial: all routes, the catalog in a file, a fake Stream beside it.

use std::fs::{self, File};
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result};

use super::log::Log;
use crate::testbed::fixture::Fixture;
use crate::testbed::host::{Launch, listening_address};
use crate::testbed::server::Server;
use crate::testbed::stream::Stream;

/// Videos that the fake takes at once.
const VIDEOS: &str = "1000";

/// Where the host of a trial is now; it moves when the host is started anew.
#[derive(Debug, Clone)]
pub(super) struct Place(Arc<Mutex<(SocketAddr, u32)>>);

impl Place {
    /// Where it listens.
    pub(super) fn address(&self) -> SocketAddr {
        self.lock().0
    }

    /// The process.
    pub(super) fn pid(&self) -> u32 {
        self.lock().1
    }

    fn lock(&self) -> MutexGuard<'_, (SocketAddr, u32)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How the host of a trial is started.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Options<'a> {
    /// The name of the trial.
    pub(super) name: &'a str,
    /// What the shell does that becomes the host.
    pub(super) shell: &'a str,
    /// Further options of `reelgate serve`.
    pub(super) arguments: &'a [&'a str],
}

/// A running host.
#[derive(Debug)]
pub(super) struct Host<'a> {
    /// What is said about it while it runs.
    pub(super) log: Log,
    place: Place,
    server: Server,
    fixture: &'a Fixture<'a>,
    options: Options<'a>,
    stream: Stream,
}

impl<'a> Host<'a> {
    /// Starts it with an empty catalog.
    ///
    /// # Errors
    /// When it, or the fake Stream, does not listen.
    pub(super) fn start(fixture: &'a Fixture<'a>, options: Options<'a>) -> Result<Self> {
        for of_an_earlier_run in [store_file(fixture), log_file(fixture, options)] {
            match fs::remove_file(of_an_earlier_run) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
                _ => {}
            }
        }
        let films = fixture.folder.join("films");
        let stream = Stream::start(fixture, &films, &["--most-in-flight", VIDEOS])?;
        let (server, address, log) = start_host(fixture, options, &stream)?;
        let place = Place(Arc::new(Mutex::new((address, server.pid()))));
        Ok(Self {
            log,
            place,
            server,
            fixture,
            options,
            stream,
        })
    }

    /// Where it is, for those who visit it.
    pub(super) fn place(&self) -> Place {
        self.place.clone()
    }

    /// The file that the catalog is in.
    pub(super) fn store_file(&self) -> PathBuf {
        store_file(self.fixture)
    }

    /// Ends the host as a power cut would.
    pub(super) fn kill(&mut self) {
        self.server.kill();
    }

    /// Starts the killed host anew, on the same catalog and without what the shell did.
    ///
    /// # Errors
    /// When it does not listen.
    pub(super) fn start_anew(&mut self) -> Result<()> {
        self.options.shell = "";
        let (server, address, log) = start_host(self.fixture, self.options, &self.stream)?;
        *self.place.lock() = (address, server.pid());
        self.server = server;
        self.log = log;
        Ok(())
    }
}

/// The folder of compiled components and of the catalog; the former outlive a trial.
const DATA: &str = "data";

fn store_file(fixture: &Fixture<'_>) -> PathBuf {
    fixture.folder.join(DATA).join("store.redb")
}

fn log_file(fixture: &Fixture<'_>, options: Options<'_>) -> PathBuf {
    fixture.folder.join(options.name).with_extension("log")
}

fn start_host(
    fixture: &Fixture<'_>,
    options: Options<'_>,
    stream: &Stream,
) -> Result<(Server, SocketAddr, Log)> {
    let mut variables = stream.variables()?;
    variables.extend([
        // Nobody here can sign in: it is enough that the routes would ask for it.
        (
            "SPIN_VARIABLE_CLERK_JWKS_URL",
            "http://127.0.0.1:9".to_owned(),
        ),
        (
            "SPIN_VARIABLE_VIDEO_ORIGIN_URL",
            "http://127.0.0.1:9".to_owned(),
        ),
    ]);
    let launch = Launch {
        manifest: "spin-keyvalue.toml",
        data: DATA,
        variables,
        arguments: options.arguments.iter().map(ToString::to_string).collect(),
        shell: options.shell,
    };
    let path = log_file(fixture, options);
    let mut command = launch.command(fixture);
    let mut server = Server::spawn(command.stderr(std::process::Stdio::piped()))?;
    let stderr = server.child().stderr.take().context("no standard error")?;
    let log = Log::read(
        stderr,
        File::options().create(true).append(true).open(&path)?,
    );
    let address = listening_address(&mut server)
        .with_context(|| format!("reelgate serve does not listen, see {}", path.display()))?;
    Ok((server, address, log))
}
