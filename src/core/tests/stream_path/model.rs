//! Every run of one video's world, walked through to the end.

use reelgate_core::time::UnixTime;
use reelgate_core::video::{Cause, Event, Outcome, Progress, Row, Status, Transition, Via, apply};
use stateright::{Checker, HasDiscoveries, Model, Property};

use crate::rows::registered;
use crate::world::{Action, Luck, Rules, World};

/// Runs are followed up to this attempt; the next would be like the one before.
const LAST_ATTEMPT: u32 = 2;

struct Everything {
    rules: Rules,
    luck: Luck,
}

impl Model for Everything {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        let mut row = registered("v1");
        row.history.clear();
        vec![World::new(row, self.luck.clone())]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        world.actions(actions);
    }

    fn next_state(&self, world: &World, action: Action) -> Option<World> {
        let mut next = world.clone();
        next.act(action, self.rules);
        (next != *world).then_some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("nothing is wrong", |_, world: &World| world.wrong.is_none()),
            Property::always("never stuck", |model: &Self, world: &World| {
                world.can_finish(model.rules)
            }),
            Property::sometimes("a video is ready", |_, world: &World| {
                world.row.status == Status::Ready
            }),
            Property::sometimes("a video fails", |_, world: &World| {
                world.row.status == Status::Failed
            }),
            Property::sometimes("a second attempt is ready", |_, world: &World| {
                world.row.status == Status::Ready && world.row.attempt == 2
            }),
        ]
    }

    fn within_boundary(&self, world: &World) -> bool {
        world.row.attempt <= LAST_ATTEMPT
    }
}

/// Two sweeps beside one command.
const CROWD: Luck = Luck {
    encodes: 1,
    retries: 0,
    sweeps: 2,
    refusals: 0,
    busies: 0,
    omissions: 0,
    unknowns: 0,
};

/// One sweep, and Stream at its worst.
const MISHAPS: Luck = Luck {
    encodes: 1,
    retries: 1,
    sweeps: 1,
    refusals: 1,
    busies: 1,
    omissions: 1,
    unknowns: 0,
};

/// Two sweeps, one of which is told that Stream does not know the copy.
const FORGETFUL: Luck = Luck {
    encodes: 1,
    retries: 1,
    sweeps: 2,
    refusals: 0,
    busies: 0,
    omissions: 1,
    unknowns: 1,
};

fn explored(rules: Rules, luck: Luck) -> impl Checker<Everything> {
    let checker = Everything { rules, luck }.checker();
    let failed = HasDiscoveries::AnyFailures;
    checker.finish_when(failed).spawn_bfs().join()
}

#[test]
fn sweeps_and_a_command_do_not_collide() {
    explored(apply, CROWD).assert_properties();
}

#[test]
fn mishaps_break_nothing() {
    explored(apply, MISHAPS).assert_properties();
}

#[test]
fn a_404_that_comes_late_fails_nothing_that_is_ready() {
    explored(apply, FORGETFUL).assert_properties();
}

/// What the model finds when a rule is broken: it would notice.
mod broken {
    use super::*;

    fn finds(rules: Rules, luck: Luck) -> (bool, Option<&'static str>) {
        let checker = explored(rules, luck);
        let last = |name| {
            checker
                .discovery(name)
                .map(|path| path.last_state().clone())
        };
        let wrong = last("nothing is wrong").and_then(|world| world.wrong);
        (last("never stuck").is_some(), wrong)
    }

    /// Whoever reports, it is about this row.
    fn believe_everybody(row: &Row, event: &Event, now: UnixTime) -> Outcome {
        match event {
            Event::Report { report, via } => {
                let mut report = report.clone();
                report.uid = row.stream_uid.clone().unwrap_or(report.uid);
                let via = *via;
                apply(row, &Event::Report { report, via }, now)
            }
            event => apply(row, event, now),
        }
    }

    /// What was lost is submitted again under its old number.
    fn use_a_number_again(row: &Row, event: &Event, now: UnixTime) -> Outcome {
        match (event, apply(row, event, now)) {
            (Event::SubmitLost { .. }, Outcome::Changed(mut next)) => {
                next.attempt -= 1;
                Outcome::Changed(next)
            }
            (_, outcome) => outcome,
        }
    }

    /// A late report brings a failed video back.
    fn take_back_a_failure(row: &Row, event: &Event, now: UnixTime) -> Outcome {
        match (event, apply(row, event, now)) {
            (Event::Report { report, via }, Outcome::Same)
                if report.progress < Progress::Failed && row.status == Status::Failed =>
            {
                let mut next = row.clone();
                next.status = Status::Ready;
                next.history.push(Transition {
                    at: now,
                    from: Some(Status::Failed),
                    to: Status::Ready,
                    cause: match via {
                        Via::Webhook => Cause::WEBHOOK,
                        Via::Poll => Cause::POLL,
                    },
                });
                Outcome::Changed(Box::new(next))
            }
            (_, outcome) => outcome,
        }
    }

    /// That Stream does not know a copy is as good a reason to fail as any.
    fn believe_every_404(row: &Row, event: &Event, now: UnixTime) -> Outcome {
        let mut event = event.clone();
        if let Event::Report { report, .. } = &mut event
            && let Some(failure) = &mut report.failure
            && row.status == Status::Ready
        {
            failure.code = "gone".into();
        }
        apply(row, &event, now)
    }

    /// Nobody cares for a submission without an answer.
    fn wait_for_ever(row: &Row, event: &Event, now: UnixTime) -> Outcome {
        match event {
            Event::SubmitLost { .. } => Outcome::Same,
            event => apply(row, event, now),
        }
    }

    #[test]
    fn a_broken_rule_is_noticed() {
        for (rules, luck, expected) in [
            (
                believe_everybody as Rules,
                MISHAPS,
                (false, Some("a report of an old attempt applied")),
            ),
            (
                use_a_number_again,
                CROWD,
                (false, Some("an attempt submitted twice")),
            ),
            (
                take_back_a_failure,
                MISHAPS,
                (false, Some("an illegal transition")),
            ),
            (
                believe_every_404,
                FORGETFUL,
                (false, Some("a 404 failed what was ready")),
            ),
            (wait_for_ever, MISHAPS, (true, None)),
        ] {
            assert_eq!(finds(rules, luck), expected);
        }
    }
}
