//! A host that has its addresses.

use crate::commands::serve::application::Application;
use crate::commands::serve::reload::{Reloader, Reloads};
use crate::exit::{Failure, Kind};
use reelgate_host::{
    App, CertificateSource, Log, Metrics, MetricsListener, Scheduler, Server, Surroundings, Traces,
};
use rustls::ClientConfig;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::sync::watch;

/// A host that listens and answers nobody yet.
pub(crate) struct Running {
    pub(super) apps: watch::Sender<Arc<App>>,
    pub(super) application: Application,
    pub(super) server: Server,
    pub(super) address: SocketAddr,
    pub(super) certificate: Option<CertificateSource>,
    pub(super) prometheus: Option<MetricsListener>,
    pub(super) client_tls: Arc<ClientConfig>,
    pub(super) metrics: Metrics,
    pub(super) traces: Traces,
    pub(super) log: Log,
}

impl Running {
    /// Where it is reached.
    pub(crate) fn url(&self) -> String {
        let scheme = match self.certificate {
            Some(_) => "https",
            None => "http",
        };
        format!("{scheme}://{}", self.address)
    }

    /// Says where it listens, for scripts that took port 0.
    pub(super) fn introduce(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(out, "listening on {}", self.url())?;
        if let Some(address) = self.metrics_address()? {
            writeln!(out, "metrics on http://{address}/metrics")?;
        }
        out.flush()
    }

    fn metrics_address(&self) -> io::Result<Option<SocketAddr>> {
        let listener = self.prometheus.as_ref();
        listener.map(MetricsListener::address).transpose()
    }

    /// Serves until `stopped` becomes true.
    pub(crate) fn until(self, stopped: &watch::Receiver<bool>) -> Result<(), Failure> {
        self.serve(stopped, None)
    }

    /// The same, and reads its configuration again when `reloads` say so.
    pub(super) fn until_with(
        self,
        stopped: &watch::Receiver<bool>,
        reloads: Reloads,
    ) -> Result<(), Failure> {
        self.serve(stopped, Some(reloads))
    }

    fn serve(
        self,
        stopped: &watch::Receiver<bool>,
        reloads: Option<Reloads>,
    ) -> Result<(), Failure> {
        let failed = |error| Failure::new(Kind::Failed, error);
        let around = Surroundings {
            client_tls: self.client_tls,
            log: self.log,
            metrics: self.metrics,
            traces: self.traces,
            stop: stopped.clone(),
        };
        if let Some(prometheus) = self.prometheus {
            prometheus.start(&around.metrics).map_err(failed)?;
        }
        if let Some(certificate) = &self.certificate {
            certificate.watch(&around).map_err(failed)?;
        }
        let apps = self.apps.subscribe();
        let reloading = reloads.map(|reloads| {
            reloads.begin(Reloader {
                apps: self.apps,
                application: self.application,
                certificate: self.certificate,
                around: around.clone(),
            })
        });
        let result = Scheduler::start(&apps, &around).and_then(|scheduler| {
            self.server.run(&apps, &around)?;
            scheduler.join()?;
            reloading.map_or(Ok(()), |thread| {
                let ended = thread.join();
                ended.map_err(|_| io::Error::other("the thread that reads again panicked"))?
            })
        });
        around.traces.finish();
        around.log.flush();
        result.map_err(failed)
    }
}
