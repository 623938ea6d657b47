//! Looks after the videos that nobody has moved on: by the schedule, and when an operator asks.
//!
//! Imports catalog, transcoder and its configuration: no network and no store. Every rule is in
//! `reelgate_core::video::sweep`; this loop does what it says.

use reelgate_wasi::core::video::config::Reconciler as Config;
use reelgate_wasi::core::video::{
    Applied, Event, Step, Summary, Sweep, Told, VideoId,
    routes::{answers, problem, reconcile},
};
use reelgate_wasi::video::{CatalogError, kind};
use reelgate_wasi::{
    ErrorCode, Incoming, Level, OncePerInstance, Request, Response, log, now, reply,
};

struct Reconciler;

reelgate_wasi::export_handler!(Reconciler);
reelgate_wasi::export_reconciler!(Reconciler);
reelgate_wasi::import_catalog!();
reelgate_wasi::import_transcoder!();

static CONFIG: OncePerInstance<Config> = OncePerInstance::new();

impl wasip3::exports::http::handler::Guest for Reconciler {
    async fn handle(request: Request) -> Result<Response, ErrorCode> {
        let incoming = Incoming::read(request);
        let request = incoming.request();
        let Some(config) = config() else {
            return reply(problem::misconfigured().for_method(request.method));
        };
        if let Err(answer) = reconcile::authorise(&request, config.admin.as_ref()) {
            return reply(answer);
        }
        reply(match sweep(config).await {
            Ok((summary, disabled)) => reconcile::done(&summary, disabled.as_deref()),
            Err(error) => answers::trouble(kind(&error)),
        })
    }
}

impl reelgate_wasi::Reconciler for Reconciler {
    async fn sweep() -> Result<(), String> {
        let config = config().ok_or("misconfigured; the log names the variables")?;
        // Where Stream is off, a summary of nothing is told, which is no line.
        let (summary, _) = sweep(config).await.map_err(|error| format!("{error:?}"))?;
        tell(&summary);
        Ok(())
    }
}

fn config() -> Option<&'static Config> {
    CONFIG.get(|| Config::from_lookup(&reelgate_wasi::variable))
}

/// One sweep; or none, and why.
async fn sweep(config: &Config) -> Result<(Summary, Option<String>), CatalogError> {
    if let Some(reason) = transcoder::disabled().await {
        return Ok((Summary::default(), Some(reason)));
    }
    let found = catalog::in_flight().await?;
    let (mut sweep, mut step) = Sweep::start(
        &found.rows,
        found.unreadable,
        config.stuck_after_seconds,
        now(),
    );
    loop {
        let told = match step {
            Step::List(uids) => Told::Listed(transcoder::list(&uids).await),
            Step::Get(uid) => Told::Got(transcoder::get(&uid).await),
            Step::Find(label) => Told::Listed(transcoder::find(&label).await),
            Step::Submit(submission) => Told::Submitted(transcoder::submit(&submission).await),
            Step::Apply(events) => Told::Applied(apply(&events).await),
            Step::Done(summary) => return Ok((summary, None)),
        };
        step = sweep.next(told, now());
    }
}

async fn apply(events: &[(VideoId, Event)]) -> Vec<Option<Applied>> {
    let answers = catalog::apply_all(events).await.into_iter();
    answers.map(|answer| answer.ok().flatten()).collect()
}

/// A sweep that did nothing is not worth a line a minute.
fn tell(summary: &Summary) {
    let Summary {
        scanned,
        updated,
        errors,
        ended,
    } = summary;
    let ended = ended.map(|why| format!(", ended early: {}", why.as_str()));
    let ended = ended.unwrap_or_default();
    if *updated + *errors > 0 || !ended.is_empty() {
        let level = if *errors > 0 {
            Level::Warning
        } else {
            Level::Info
        };
        log(
            level,
            &format!("sweep: {scanned} in flight, {updated} updated, {errors} undecided{ended}"),
        );
    }
}
