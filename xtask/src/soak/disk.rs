//! A disk that is full while the host runs, has room again, and a power cut after that.
//!
//! The catalog's file may not grow beyond its size (RLIMIT_FSIZE): a write behind its end fails, as it does
//! where a file system has no block left, and nobody has to mount anything.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use serde_json::json;

use super::catalog::{Operator, Reporter};
use super::ledger::Ledger;
use super::trial::{Stage, Trial};
use super::verdict::Done;
use super::workers::Stop;

/// Who ignores the signal is told by an error of the write, as of a full disk.
pub(super) const FULL: Trial = Trial {
    shell: "trap '' XFSZ",
    // The power cut at the end.
    retry: super::viewers::Retry::For(Duration::from_secs(5)),
    ..Trial::new(
        "full-disk",
        "no room for the catalog, then room again",
        fill,
    )
};

/// Registrations before the disk is full.
const BEFORE: usize = 50;
/// Registrations that at most fit into what the file has left; each brings 4 KB.
const MOST: usize = 5_000;
/// Registrations that are tried while the disk is full, and the pause between two.
const TRIES: usize = 200;
const TRY_EVERY: Duration = Duration::from_millis(50);
/// Videos that Stream reports on meanwhile.
const REPORTED: usize = 10;
/// How long the host may need to notice that there is room again.
const PATIENCE: Duration = Duration::from_secs(15);
/// Between two of its tries.
const PAUSE: Duration = Duration::from_millis(200);

fn fill(stage: &mut Stage<'_>) -> Result<Done> {
    let mut portal = Portal::new(stage)?;
    for _ in 0..BEFORE {
        portal.register()?;
    }
    let size = fs::metadata(stage.host.store_file())?.len();
    limit_files(stage, Some(size))?;
    let (written, answer) = portal.register_until_refused()?;
    let refused = portal.refused_meanwhile();
    limit_files(stage, None)?;
    let recovered = portal.register_again()?;
    for _ in 0..BEFORE {
        portal.register()?;
    }
    stage.host.kill();
    stage.host.start_anew()?;
    let catalog = Operator::new(stage.host.place()).catalog()?;
    let kept = portal.acknowledged().hold_against(&catalog);
    Ok(Done {
        what: format!(
            "full after {written} ({answer}), {refused} of {TRIES} refused, written again after {recovered:.1?}"
        ),
        kept: Some(kept),
        ..Done::default()
    })
}

/// `None`: no limit.
fn limit_files(stage: &Stage<'_>, bytes: Option<u64>) -> Result<()> {
    let pid = i32::try_from(stage.host.place().pid())?;
    let limit = Rlimit {
        current: bytes,
        maximum: None,
    };
    prlimit(Pid::from_raw(pid), Resource::Fsize, limit).context("cannot limit the host's files")?;
    Ok(())
}

/// Registers videos that take room, while Stream reports on others.
struct Portal {
    operator: Operator,
    ledger: Ledger,
    next: usize,
    reporter: Reporter,
}

impl Portal {
    fn new(stage: &Stage<'_>) -> Result<Self> {
        let place = stage.host.place();
        Ok(Self {
            operator: Operator::new(place.clone()),
            ledger: Ledger::default(),
            next: 0,
            reporter: Reporter::with_videos(place, "reported", REPORTED)?,
        })
    }

    fn acknowledged(&self) -> Ledger {
        let mut all = self.ledger.clone();
        all.join(&self.reporter.ledger);
        all
    }

    /// A registration and a report; whether the former was acknowledged.
    fn register(&mut self) -> Result<()> {
        let id = format!("disk-{}", self.next);
        self.next += 1;
        let registered = self
            .operator
            .register(&id, &json!({ "padding": "x".repeat(4_000) }));
        match registered {
            Ok(()) => self.ledger.registered(&id),
            Err(_) => self.ledger.refused(),
        }
        // The ledger of reports knows whether this one was taken.
        let _ = self.reporter.report();
        registered
    }

    /// How many went in before the first that did not, and the answer to that one.
    fn register_until_refused(&mut self) -> Result<(usize, anyhow::Error)> {
        let refused = (0..MOST).find_map(|written| Some((written, self.register().err()?)));
        refused.with_context(|| format!("{MOST} videos fit on a full disk"))
    }

    /// The disk stays full for a while: how many of many more do not go in.
    fn refused_meanwhile(&mut self) -> usize {
        let clock = Stop::default();
        let tries = 0..TRIES;
        let refused = tries.filter(|_| {
            clock.pause(TRY_EVERY);
            self.register().is_err()
        });
        refused.count()
    }

    /// After what time one went in.
    fn register_again(&mut self) -> Result<Duration> {
        let began = Instant::now();
        loop {
            let registered = self.register();
            if registered.is_ok() {
                return Ok(began.elapsed());
            }
            ensure!(
                began.elapsed() < PATIENCE,
                "there is room again, and still: {registered:?}"
            );
            Stop::default().pause(PAUSE);
        }
    }
}
