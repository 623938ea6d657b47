//! What runs without being asked: `trigger.cron`, and once at the start whether catalogs can do their work.
//!
//! A component is run as Spin's cron plugin runs it: in a new instance, by its export
//! `handle-cron-event`. Entries do not wait for each other. One entry never runs twice at once: a moment
//! that comes while the last run is at work is passed over.

use crate::app::handler::HandlerPre;
use crate::app::manifest::Times;
use crate::http::client::HttpClient;
use crate::log::Log;
use crate::runtime::store::{InstanceConfig, InstanceState};
use bindings::SpinCronPre;
use bindings::spin::cron::cron_types::{Error, Metadata};
use chrono::{DateTime, Utc};
use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::task::JoinSet;
use wasmtime::component::InstancePre;

mod bindings {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "spin:cron/spin-cron",
        exports: { default: async },
    });
}

/// How long one run may take: more than a reconciler needs for all its calls to a slow Stream.
const RUN: Duration = Duration::from_secs(300);
/// The clock on the wall may be set while we wait for a moment, so it is looked at this often.
const LOOK: Duration = Duration::from_secs(10);

/// A component that runs by schedule.
pub(crate) struct Job {
    pre: SpinCronPre<InstanceState>,
    config: Arc<InstanceConfig>,
}

impl Job {
    /// `None` when the component does not export `handle-cron-event` of `spin:cron@3.0.0`.
    pub(crate) fn new(pre: InstancePre<InstanceState>, config: InstanceConfig) -> Option<Self> {
        Some(Self {
            pre: SpinCronPre::new(pre).ok()?,
            config: Arc::new(config),
        })
    }

    /// Runs it once, `now`.
    async fn run(&self, now: DateTime<Utc>, client: &HttpClient) -> Result<(), String> {
        let trapped = |error: wasmtime::Error| format!("trapped: {error:#}");
        let mut store = InstanceState::store(self.pre.engine(), &self.config, client);
        let job = self
            .pre
            .instantiate_async(&mut store)
            .await
            .map_err(trapped)?;
        let metadata = Metadata {
            timestamp: u64::try_from(now.timestamp()).unwrap_or_default(),
        };
        let outcome = store
            .run_concurrent(async |accessor| job.call_handle_cron_event(accessor, metadata).await)
            .await
            .flatten()
            .map_err(trapped)?;
        outcome.map_err(|Error::Other(why)| format!("failed: {why}"))
    }
}

/// One `[[trigger.cron]]`.
pub(crate) struct Entry {
    pub(crate) times: Times,
    pub(crate) job: Job,
}

impl Entry {
    /// Runs at every moment, for ever, or until there are no more.
    async fn keep(&self, runner: &Runner) {
        while let Some(moment) = self.times.next_after(Utc::now()) {
            until(moment).await;
            let started = Instant::now();
            let run = tokio::time::timeout(RUN, self.job.run(moment, &runner.client));
            let outcome = run
                .await
                .unwrap_or_else(|_| Err(format!("stopped after {} s", RUN.as_secs())));
            let name = &self.job.config.name;
            match outcome {
                Ok(()) => runner.log.info(&format!(
                    "schedule: {name} ran for {} ms",
                    started.elapsed().as_millis()
                )),
                Err(why) => runner.log.error("host", &format!("schedule: {name} {why}")),
            }
        }
    }
}

/// Waits for `moment` of the clock on the wall.
async fn until(moment: DateTime<Utc>) {
    while let Ok(left) = (moment - Utc::now()).to_std() {
        tokio::time::sleep(left.min(LOOK)).await;
    }
}

struct Runner {
    client: HttpClient,
    log: Log,
}

impl Runner {
    /// Logs what is wrong with catalogs. Several components may have the same, and then it is said once.
    async fn check(&self, handlers: &[Arc<HandlerPre>]) {
        let mut logged = BTreeSet::new();
        for HandlerPre {
            config, readiness, ..
        } in handlers.iter().map(Arc::as_ref)
        {
            let Some(readiness) = readiness else {
                continue;
            };
            let problem = readiness.problem(config, &self.client).await;
            if let Some(problem) = problem.filter(|problem| logged.insert(problem.clone())) {
                self.log
                    .error("host", &format!("the catalog cannot be used: {problem}"));
            }
        }
    }
}

/// What runs when, of every manifest.
#[derive(Default)]
pub struct Schedule {
    entries: Vec<Arc<Entry>>,
    /// What may have a catalog.
    handlers: Vec<Arc<HandlerPre>>,
}

impl Schedule {
    pub(crate) fn push(&mut self, entry: Entry) {
        self.entries.push(Arc::new(entry));
    }

    /// Has `handler` asked at the start whether its catalog can do its work.
    pub(crate) fn check(&mut self, handler: &Arc<HandlerPre>) {
        if handler.readiness.is_some() {
            self.handlers.push(Arc::clone(handler));
        }
    }

    /// Runs what there is to run, until `stop` becomes true; what runs then is broken off.
    ///
    /// # Errors
    ///
    /// There is no thread or no runtime to be had.
    pub fn start(
        &self,
        client_tls: &Arc<rustls::ClientConfig>,
        log: &Log,
        stop: &watch::Receiver<bool>,
    ) -> io::Result<Scheduler> {
        if self.entries.is_empty() && self.handlers.is_empty() {
            return Ok(Scheduler(None));
        }
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (entries, handlers) = (self.entries.clone(), self.handlers.clone());
        let runner = Arc::new(Runner {
            client: HttpClient::new(client_tls),
            log: log.clone(),
        });
        let mut stop = stop.clone();
        let work = async move {
            let mut at_work = JoinSet::new();
            let checker = Arc::clone(&runner);
            at_work.spawn(async move { checker.check(&handlers).await });
            for entry in entries {
                let runner = Arc::clone(&runner);
                at_work.spawn(async move { entry.keep(&runner).await });
            }
            // Whoever could say stop may be gone: that is to stop as well.
            let _ = stop.wait_for(|stop| *stop).await;
        };
        let thread = thread::Builder::new()
            .name("schedule".into())
            .spawn(move || runtime.block_on(work))?;
        Ok(Scheduler(Some(thread)))
    }
}

/// A schedule at work, on a thread of its own.
#[derive(Debug)]
pub struct Scheduler(Option<JoinHandle<()>>);

impl Scheduler {
    /// Waits for the end.
    ///
    /// # Errors
    ///
    /// The thread panicked.
    pub fn join(self) -> io::Result<()> {
        self.0.map_or(Ok(()), |thread| {
            thread
                .join()
                .map_err(|_| io::Error::other("the schedule panicked"))
        })
    }
}
