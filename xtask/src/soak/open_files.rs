//! A host that may have 256 files open, and a thousand connections that want one each.

use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::crowd::Crowd;
use super::trial::{Stage, Trial};
use super::verdict::Done;
use super::workers::Stop;
use crate::testbed::client::Client;
use crate::testbed::fixture;

/// The limit holds from before the host begins.
pub(super) const LIMIT: Trial = Trial {
    shell: "ulimit -n 256",
    ..Trial::new("open-files", "ulimit -n 256, 1,000 connections", thrown_at)
};

/// For how long the thousand stay.
const STAY: Duration = Duration::from_secs(20);
/// How long the line at the start may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Requests by new viewers once the thousand have left.
const AFTERWARDS: usize = 50;

fn thrown_at(stage: &mut Stage<'_>) -> Result<Done> {
    let host = &stage.host;
    host.log.wait_for("ulimit -n", PATIENCE)?;
    let crowd = Crowd::gather(host.place().address(), 1_000);
    Stop::default().pause(STAY);
    let what = crowd.described();
    drop(crowd);
    for number in 0..AFTERWARDS {
        visit(stage).with_context(|| format!("afterwards, new viewer {number}"))?;
    }
    Ok(Done {
        what: format!("{what}; said at the start"),
        ..Done::default()
    })
}

fn visit(stage: &Stage<'_>) -> Result<()> {
    let mut client = Client::connect(stage.host.place().address())?;
    let answer = client.get(&fixture::small(), &stage.fixture.cookie())?;
    ensure!(answer.status == 200, "answered {}", answer.status);
    Ok(())
}
