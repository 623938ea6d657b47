//! kill -9 in the middle of webhooks and registrations, again and again.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::json;

use super::catalog::{Operator, Reporter};
use super::host::Place;
use super::ledger::Ledger;
use super::trial::{Stage, Trial};
use super::verdict::Done;
use super::viewers::Retry;

/// Viewers ask again while the host is started anew, as players do.
pub(super) const KILLS: Trial = Trial {
    retry: Retry::For(Duration::from_secs(5)),
    ..Trial::new("kill-9", "15 × kill -9 among webhooks", killed)
};

const KILLS_IN_ALL: usize = 15;
/// Who report at once, and the videos of each.
const REPORTERS: usize = 4;
const VIDEOS: usize = 10;
/// Changes that are acknowledged before a kill; a different number each time, so that it comes at different moments.
const LEAST: usize = 150;
const MORE_EACH_TIME: usize = 37;
/// How long these may take.
const PATIENCE: Duration = Duration::from_secs(30);

fn killed(stage: &mut Stage<'_>) -> Result<Done> {
    let place = stage.host.place();
    let mut reporters = (0..REPORTERS)
        .map(|number| Reporter::with_videos(place.clone(), &format!("kill-{number}"), VIDEOS))
        .collect::<Result<Vec<Reporter>>>()?;
    let mut portal = Ledger::default();
    let mut lost = 0;
    let mut slowest = Duration::ZERO;
    for round in 0..KILLS_IN_ALL {
        let least = LEAST + round * MORE_EACH_TIME;
        work_until_killed(stage, &mut reporters, &mut portal, round, least)?;
        let began = Instant::now();
        stage.host.start_anew()?;
        slowest = slowest.max(began.elapsed());
        let catalog = Operator::new(place.clone()).catalog()?;
        // What was lost once counts once in each round after: any number but 0 is too many.
        lost += ledger(&reporters, &portal).hold_against(&catalog).lost;
    }
    let all = ledger(&reporters, &portal);
    let mut kept = all.hold_against(&Operator::new(place).catalog()?);
    kept.lost += lost;
    Ok(Done {
        what: format!(
            "{} changes, {} in doubt, back within {slowest:.1?}",
            all.acknowledged(),
            all.not_acknowledged()
        ),
        kept: Some(kept),
        ..Done::default()
    })
}

fn ledger(reporters: &[Reporter], portal: &Ledger) -> Ledger {
    let mut all = portal.clone();
    for reporter in reporters {
        all.join(&reporter.ledger);
    }
    all
}

/// Everybody works until the host is gone, which is when so many changes are acknowledged.
fn work_until_killed(
    stage: &mut Stage<'_>,
    reporters: &mut [Reporter],
    portal: &mut Ledger,
    round: usize,
    least: usize,
) -> Result<()> {
    let place = stage.host.place();
    let acknowledged = Arc::new(AtomicUsize::new(0));
    let (tell, enough) = mpsc::channel();
    let count = |acknowledged: &AtomicUsize, tell: &mpsc::Sender<()>| {
        if acknowledged.fetch_add(1, Ordering::Relaxed) + 1 == least {
            // Nobody listens when the patience is over.
            let _ = tell.send(());
        }
    };
    thread::scope(|scope| {
        for reporter in reporters {
            let (acknowledged, tell) = (Arc::clone(&acknowledged), tell.clone());
            scope.spawn(move || {
                while reporter.report().is_ok() {
                    count(&acknowledged, &tell);
                }
            });
        }
        scope.spawn(|| {
            register_until_killed(place, portal, round, || count(&acknowledged, &tell.clone()));
        });
        let outcome = enough.recv_timeout(PATIENCE);
        // Whatever the outcome: they work until it is gone.
        stage.host.kill();
        ensure!(
            outcome != Err(RecvTimeoutError::Timeout),
            "{least} changes take longer than {PATIENCE:?}"
        );
        Ok(())
    })
}

fn register_until_killed(place: Place, portal: &mut Ledger, round: usize, count: impl Fn()) {
    let mut operator = Operator::new(place);
    for number in 0.. {
        let id = format!("new-{round}-{number}");
        if operator.register(&id, &json!({})).is_err() {
            portal.refused();
            return;
        }
        portal.registered(&id);
        count();
    }
}
