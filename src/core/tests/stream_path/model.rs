//! Every run of one video's world, walked through to the end.

use reelgate_core::time::UnixTime;
use reelgate_core::video::{Event, Outcome, Row, Status, apply};
use stateright::{Checker, Model, Property};

use crate::rows::{NOW, registered};
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

const LUCK: Luck = Luck {
    encodes: 1,
    retries: 1,
    sweeps: 2,
    refusals: 1,
    busies: 1,
    omissions: 1,
};

fn explored(rules: Rules, luck: Luck) -> impl Checker<Everything> {
    let checker = Everything { rules, luck }.checker();
    checker
        .timeout(std::time::Duration::from_secs(40))
        .spawn_bfs()
        .join()
}

#[test]
fn no_run_breaks_an_invariant() {
    let checker = explored(apply, LUCK);
    println!("{} states", checker.unique_state_count());
    checker.assert_properties();
}
