//! What runs without being asked: `trigger.cron`, and once at the start whether catalogs can do their work.
//!
//! A component is run as Spin's cron plugin runs it: in a new instance, by its export
//! `handle-cron-event`. Entries do not wait for each other. One entry never runs twice at once: a moment
//! that comes while the last run is at work is passed over.

use crate::app::App;
use crate::app::handler::HandlerPre;
use crate::app::manifest::Times;
use crate::http::client::HttpClient;
use crate::log::Log;
use crate::metrics::Metrics;
use crate::runtime::store::{InstanceConfig, InstanceState};
use crate::surroundings::Surroundings;
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
    /// Runs at every moment, until `end` becomes true or there are no more. A run that has begun is not broken off.
    async fn keep(&self, runner: &Runner, mut end: watch::Receiver<bool>) {
        let metrics = runner.metrics.component(&self.job.config.name);
        let client = runner.client.counted(&metrics);
        while let Some(moment) = self.times.next_after(Utc::now()) {
            tokio::select! {
                () = until(moment) => {}
                () = async { drop(end.wait_for(|end| *end).await) } => return,
            }
            let started = Instant::now();
            let run = tokio::time::timeout(RUN, self.job.run(moment, &client));
            let outcome = run
                .await
                .unwrap_or_else(|_| Err(format!("stopped after {} s", RUN.as_secs())));
            client.metrics().schedule.count(outcome.is_ok());
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

#[derive(Clone)]
struct Runner {
    client: HttpClient,
    metrics: Metrics,
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
pub(crate) struct Schedule {
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
}

/// Runs what the newest of `apps` has to run, until the process is to end; what runs then is broken off.
///
/// When there is a newer one, what runs is waited for: an entry never runs twice at once.
async fn run(mut apps: watch::Receiver<Arc<App>>, runner: Runner) {
    loop {
        let app = Arc::clone(&apps.borrow_and_update());
        let (end, ended) = watch::channel(false);
        let mut at_work = JoinSet::new();
        let checker = (Arc::clone(&app), runner.clone());
        at_work.spawn(async move { checker.1.check(&checker.0.schedule.handlers).await });
        for entry in &app.schedule.entries {
            let (entry, runner, ended) = (Arc::clone(entry), runner.clone(), ended.clone());
            at_work.spawn(async move { entry.keep(&runner, ended).await });
        }
        if apps.changed().await.is_err() {
            // Nobody is left who could bring a newer one.
            while at_work.join_next().await.is_some() {}
            return;
        }
        end.send_replace(true);
        while at_work.join_next().await.is_some() {}
    }
}

/// A schedule at work, on a thread of its own.
#[derive(Debug)]
pub struct Scheduler(JoinHandle<()>);

impl Scheduler {
    /// Begins with the newest of `apps`.
    ///
    /// # Errors
    ///
    /// There is no thread or no runtime to be had.
    pub fn start(apps: &watch::Receiver<Arc<App>>, around: &Surroundings) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let runner = Runner {
            client: HttpClient::new(&around.client_tls),
            metrics: around.metrics.clone(),
            log: around.log.clone(),
        };
        let (apps, mut stop) = (apps.clone(), around.stop.clone());
        let work = async move {
            tokio::select! {
                () = run(apps, runner) => {}
                // Whoever could say stop may be gone: that is to stop as well.
                _ = stop.wait_for(|stop| *stop) => {}
            }
        };
        let thread = thread::Builder::new()
            .name("schedule".into())
            .spawn(move || runtime.block_on(work))?;
        Ok(Self(thread))
    }

    /// Waits for the end.
    ///
    /// # Errors
    ///
    /// The thread panicked.
    pub fn join(self) -> io::Result<()> {
        self.0
            .join()
            .map_err(|_| io::Error::other("the schedule panicked"))
    }
}
