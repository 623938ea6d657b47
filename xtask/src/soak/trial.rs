//! One trial: a host, its viewers and intruders, and what is done to it meanwhile.

use std::time::Duration;

use anyhow::{Context, Result};

use super::host::{Host, Options};
use super::intruders::Intruders;
use super::memory::Watch;
use super::table::Row;
use super::verdict::{Done, Outcome};
use super::viewers::{Retry, Viewers};
use super::workers::Stop;
use crate::testbed::fixture::Fixture;

/// For how long viewers play alone: a host that has just started takes memory for its first requests.
const ALONE: Duration = Duration::from_secs(4);

/// What is at hand while a trial goes on.
pub(super) struct Stage<'a> {
    /// The bucket and the session.
    pub(super) fixture: &'a Fixture<'a>,
    /// The host.
    pub(super) host: Host<'a>,
    /// How long the mixed soak takes, in minutes.
    pub(super) minutes: u64,
}

/// One kind of trouble.
#[derive(Debug, Clone, Copy)]
pub(super) struct Trial {
    /// The word for `--only` and for scripts.
    pub(super) name: &'static str,
    /// What is done, in words.
    pub(super) what: &'static str,
    /// What the shell does that becomes the host.
    pub(super) shell: &'static str,
    /// Further options of `reelgate serve`.
    pub(super) arguments: &'static [&'static str],
    /// What viewers do when the host is gone.
    pub(super) retry: Retry,
    /// Does it.
    pub(super) act: fn(&mut Stage<'_>) -> Result<Done>,
}

impl Trial {
    /// One that needs nothing particular.
    pub(super) const fn new(
        name: &'static str,
        what: &'static str,
        act: fn(&mut Stage<'_>) -> Result<Done>,
    ) -> Self {
        Self {
            name,
            what,
            shell: "",
            arguments: &[],
            retry: Retry::Never,
            act,
        }
    }

    /// Runs it; what cannot be run is not held.
    pub(super) fn run(&self, fixture: &Fixture<'_>, minutes: u64) -> Row {
        eprintln!("soak: {}: {}", self.name, self.what);
        let row = Row {
            name: self.name,
            what: self.what,
            outcome: self
                .outcome(fixture, minutes)
                .map_err(|error| format!("{error:#}")),
        };
        for fault in row.faults() {
            eprintln!("soak: {}: {fault}", self.name);
        }
        row
    }

    fn outcome(&self, fixture: &Fixture<'_>, minutes: u64) -> Result<Outcome> {
        let options = Options {
            name: self.name,
            shell: self.shell,
            arguments: self.arguments,
        };
        let host = Host::start(fixture, options)?;
        let place = host.place();
        let intruders = Intruders::try_all(fixture, &place)?;
        let play = || Viewers::play(fixture, &place, self.retry);
        let viewers = play();
        Stop::default().pause(ALONE);
        let before = viewers.leave();
        let viewers = play();
        let memory = Watch::begin(&place)?;
        let mut stage = Stage {
            fixture,
            host,
            minutes,
        };
        let done = (self.act)(&mut stage).unwrap_or_else(|error| Done {
            faults: vec![format!("{error:#}")],
            ..Done::default()
        });
        let meanwhile = viewers.leave();
        let viewers = play();
        let memory = memory
            .end()
            .with_context(|| format!("the host is gone; {}", done.faults.join("; ")))?;
        Ok(Outcome {
            done,
            seen: meanwhile.beside(before).beside(viewers.leave()),
            got: intruders.leave(),
            memory,
        })
    }
}
