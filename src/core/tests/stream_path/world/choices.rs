//! What can happen next in a world.

use reelgate_core::video::{Progress, Status, Step};

use super::World;

/// What may go wrong how often, so that there is an end to all runs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Luck {
    pub(crate) encodes: u8,
    pub(crate) retries: u8,
    pub(crate) sweeps: u8,
    pub(crate) refusals: u8,
    pub(crate) busies: u8,
    pub(crate) omissions: u8,
    /// Of how many copies Stream says that it does not know them, although it does.
    pub(crate) unknowns: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Action {
    Encode,
    Retry,
    Send,
    Take(usize),
    Refuse(usize),
    Busy(usize),
    Answer(usize),
    Advance(usize, Progress),
    Webhook(usize, Progress),
    Sweep(usize),
    Step(usize),
    Omit(usize),
    Unknown(usize),
    TimeOut(usize),
}

impl World {
    pub(crate) fn actions(&self, actions: &mut Vec<Action>) {
        use Action::*;
        let luck = &self.luck;
        let mut offer = |possible: bool, action: Action| actions.extend(possible.then_some(action));
        let waits = matches!(self.row.status, Status::Uploading | Status::Queued);
        offer(luck.encodes > 0 && waits && self.videos.is_none(), Encode);
        offer(luck.retries > 0 && self.row.status == Status::Failed, Retry);
        offer(self.videos.is_some(), Send);
        for at in 0..self.posts.len() {
            offer(true, Take(at));
            offer(luck.refusals > 0, Refuse(at));
            offer(luck.busies > 0, Busy(at));
        }
        for at in 0..self.answers.len() {
            offer(true, Answer(at));
        }
        for (at, copy) in self.copies.iter().enumerate() {
            let failed = copy.progress == Progress::Failed;
            offer(
                copy.progress == Progress::Encoding,
                Advance(at, Progress::Ready),
            );
            offer(!failed, Advance(at, Progress::Failed));
            offer(copy.was_ready, Webhook(at, Progress::Ready));
            offer(failed, Webhook(at, Progress::Failed));
        }
        for (at, sweep) in self.sweeps.iter().enumerate() {
            let Some(driver) = sweep else {
                offer(luck.sweeps > 0 && self.row.status.is_in_flight(), Sweep(at));
                continue;
            };
            offer(!driver.waiting, Step(at));
            offer(driver.waiting, TimeOut(at));
            offer(
                luck.omissions > 0 && matches!(driver.step, self::Step::List(_)),
                Omit(at),
            );
            offer(
                luck.unknowns > 0 && matches!(driver.step, self::Step::Get(_)),
                Unknown(at),
            );
        }
    }
}
