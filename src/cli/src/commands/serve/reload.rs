//! SIGHUP: the configuration is read again. What cannot be used is not taken, and the log says so.

use crate::commands::serve::application::Application;
use crate::commands::serve::systemd;
use crate::exit::{Failure, Kind};
use crate::signals;
use reelgate_host::{App, CertificateSource, Reloaded, Surroundings};
use std::io;
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use tokio::sync::{oneshot, watch};

/// Signals, caught from the first moment on: an early one would end the process.
pub(crate) struct Reloads {
    reloader: oneshot::Sender<Reloader>,
    thread: JoinHandle<io::Result<()>>,
}

impl Reloads {
    /// Catches signals, and keeps them until there is something to read again.
    pub(super) fn at_signal() -> Result<Self, Failure> {
        let (sender, receiver) = oneshot::channel();
        let (ready, is_ready) = mpsc::channel();
        let thread = thread::Builder::new().name("reload".into());
        let work = move || -> io::Result<()> {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            runtime.block_on(async {
                let hangups = signals::hangups();
                // The other side waits for this word.
                let _ = ready.send(hangups.as_ref().map(drop).map_err(io::Error::kind));
                let hangups = hangups?;
                if let Ok(reloader) = receiver.await {
                    reload_at(hangups, reloader).await;
                }
                Ok(())
            })
        };
        let cannot = |error| Failure::new(Kind::Failed, error);
        let thread = thread.spawn(work).map_err(cannot)?;
        match is_ready.recv() {
            Ok(Ok(())) => Ok(Self {
                reloader: sender,
                thread,
            }),
            Ok(Err(kind)) => Err(cannot(io::Error::from(kind))),
            Err(_) => Err(cannot(io::Error::other("cannot watch for signals"))),
        }
    }

    /// The host answers: from now on it is read again, until it is to stop.
    pub(super) fn begin(self, reloader: Reloader) -> JoinHandle<io::Result<()>> {
        systemd::ready(&reloader.around.log);
        // The other side waits for it.
        drop(self.reloader.send(reloader));
        self.thread
    }
}

/// What is read again.
pub(super) struct Reloader {
    pub(super) apps: watch::Sender<Arc<App>>,
    pub(super) application: Application,
    pub(super) certificate: Option<CertificateSource>,
    pub(super) around: Surroundings,
}

async fn reload_at(mut hangups: signals::Hangups, mut reloader: Reloader) {
    let mut stop = reloader.around.stop.clone();
    loop {
        tokio::select! {
            () = hangups.next() => reloader.reload(),
            () = reloader.application.key_pair_changes() => reloader.reload(),
            _ = stop.wait_for(|stop| *stop) => break,
        }
    }
    systemd::stopping(&reloader.around.log);
}

impl Reloader {
    fn reload(&mut self) {
        let log = &self.around.log;
        systemd::reloading(log);
        if let Some(certificate) = &self.certificate {
            certificate.reload(&self.around);
        }
        let loaded = self.application.load(log);
        let reloads = self.around.metrics.reloads();
        reloads.count(Reloaded::Application, loaded.is_ok());
        match loaded {
            Ok(app) => {
                self.apps.send_replace(Arc::new(app));
                log.info("the configuration was read again");
            }
            Err(failure) => {
                let why = failure.summary();
                log.error(
                    "host",
                    &format!("{why}; the configuration from before stays in force"),
                );
            }
        }
        systemd::ready(log);
    }
}
