//! One video, Stream, and all that works on it at once. Rows change by the real rules, and sweeps are the
//! real ones.
//!
//! What is on its way may come at any time or never, and webhooks any number of times. Who has something
//! to do does it at any time or never, which is all that a crash is.

use std::collections::BTreeSet;
use std::hash::{Hash, Hasher};

use reelgate_core::time::UnixTime;
use reelgate_core::video::{
    Applied, CallFailed, Effect, Event, Failure, Label, Listed, Outcome, Progress, Report, Row,
    Status, Step, StreamUid, Submission, Submitted, Sweep, Told, Via, is_legal,
};

mod choices;

pub(crate) use choices::{Action, Luck};

use crate::rows::{NOW, report, uid};

/// How a row changes; the real one is `reelgate_core::video::apply`.
pub(crate) type Rules = fn(&Row, &Event, UnixTime) -> Outcome;

/// Who waits for the answer to a submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Sender {
    Videos,
    Sweep(usize),
}

/// A copy at Stream. Its uid is `u` and its place in the list.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Copy {
    pub(crate) label: Label,
    pub(crate) progress: Progress,
    was_ready: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Post {
    by: Sender,
    submission: Submission,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    to: Sender,
    submission: Submission,
    submitted: Submitted,
}

/// A sweep and what it wants done next; `waiting` while its submission is on the way.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Driver {
    sweep: Sweep,
    step: Step,
    waiting: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct World {
    pub(crate) row: Row,
    pub(crate) copies: Vec<Copy>,
    /// A command that has changed the row and has not sent the submission yet.
    videos: Option<Submission>,
    sweeps: [Option<Driver>; 2],
    posts: Vec<Post>,
    answers: Vec<Answer>,
    sent: BTreeSet<u32>,
    luck: Luck,
    /// The first invariant that was broken.
    pub(crate) wrong: Option<&'static str>,
}

/// Texts stand for the types that have numbers in them.
impl Hash for World {
    fn hash<H: Hasher>(&self, to: &mut H) {
        self.row.to_json().hash(to);
        (&self.copies, &self.videos, &self.posts).hash(to);
        (&self.sent, &self.luck, self.wrong).hash(to);
        format!("{:?}", self.answers).hash(to);
        for driver in self.sweeps.iter().flatten() {
            (&driver.sweep, driver.waiting).hash(to);
            format!("{:?}", driver.step).hash(to);
        }
        self.sweeps.each_ref().map(Option::is_some).hash(to);
    }
}

impl World {
    pub(crate) fn new(row: Row, luck: Luck) -> Self {
        Self {
            row,
            copies: Vec::new(),
            videos: None,
            sweeps: [None, None],
            posts: Vec::new(),
            answers: Vec::new(),
            sent: BTreeSet::new(),
            luck,
            wrong: None,
        }
    }

    pub(crate) fn act(&mut self, action: Action, rules: Rules) {
        match action {
            Action::Encode => {
                self.luck.encodes -= 1;
                if self.tell(&Event::Encode, rules).effect == Effect::Changed {
                    self.videos = Some(Submission::of(&self.row));
                }
            }
            Action::Retry => {
                self.luck.retries -= 1;
                self.tell(&Event::Retry, rules);
            }
            Action::Send => {
                if let Some(submission) = self.videos.take() {
                    self.post(Sender::Videos, submission);
                }
            }
            Action::Take(at) => {
                let post = self.posts.remove(at);
                let taken = self.take(&post.submission);
                self.answer(post, Submitted::Taken(taken));
            }
            Action::Refuse(at) => {
                self.luck.refusals -= 1;
                let post = self.posts.remove(at);
                let failure = Failure {
                    code: "submit_400".into(),
                    message: String::new(),
                };
                self.answer(post, Submitted::Refused(failure));
            }
            Action::Busy(at) => {
                self.luck.busies -= 1;
                let post = self.posts.remove(at);
                self.answer(post, Submitted::Busy(NOW));
            }
            Action::Answer(at) => self.deliver(at, rules),
            Action::Advance(at, progress) => {
                let copy = &mut self.copies[at];
                copy.progress = progress;
                copy.was_ready |= progress == Progress::Ready;
            }
            Action::Webhook(copy, progress) => self.report(copy, progress, rules),
            Action::Sweep(at) => {
                self.luck.sweeps -= 1;
                let (sweep, step) = Sweep::start(std::slice::from_ref(&self.row), 0, 0, NOW);
                self.go_on(at, sweep, step);
            }
            Action::Step(at) => self.step(at, rules),
            Action::Omit(at) => {
                self.luck.omissions -= 1;
                self.told(at, Told::Listed(Ok(Listed::default())));
            }
            Action::Unknown(at) => {
                self.luck.unknowns -= 1;
                let asked = self.sweeps[at].as_ref().map(|driver| driver.step.clone());
                if let Some(Step::Get(uid)) = asked {
                    self.told(at, Told::Got(Ok(Report::gone(uid))));
                }
            }
            Action::TimeOut(at) => {
                let unknown = Submitted::Unknown("no answer in time".into());
                self.told(at, Told::Submitted(unknown));
            }
        }
    }

    /// Whether a run without further mishap, webhooks lost for good, ends the video's way: everything that
    /// is at work now dies, and sweeps alone bring it home.
    pub(crate) fn can_finish(&self, rules: Rules) -> bool {
        let mut world = Self {
            videos: None,
            sweeps: [None, None],
            posts: Vec::new(),
            answers: Vec::new(),
            ..self.clone()
        };
        if world.row.status == Status::Uploading {
            world.tell(&Event::Encode, rules);
        }
        for _ in 0..4 {
            if matches!(world.row.status, Status::Ready | Status::Failed) {
                return true;
            }
            let (sweep, step) = Sweep::start(std::slice::from_ref(&world.row), 0, 0, NOW);
            world.go_on(0, sweep, step);
            while world.sweeps[0].is_some() {
                world.step(0, rules);
                if let Some(post) = world.posts.pop() {
                    let taken = world.take(&post.submission);
                    world.told(0, Told::Submitted(Submitted::Taken(taken)));
                }
            }
            for copy in &mut world.copies {
                copy.progress = copy.progress.max(Progress::Ready);
            }
        }
        false
    }

    /// Compare-and-swap, tried until it wins: the row changes in one step.
    fn tell(&mut self, event: &Event, rules: Rules) -> Applied {
        let effect = match rules(&self.row, event, NOW) {
            Outcome::Changed(next) => {
                self.check(event, &next);
                self.row = *next;
                // Where it came from is checked, so that worlds that differ in nothing else are one.
                self.row.history.clear();
                Effect::Changed
            }
            Outcome::Same => Effect::Same,
            Outcome::Stale(stale) => Effect::Stale(stale),
            Outcome::Refused(refusal) => Effect::Refused(refusal),
        };
        Applied {
            row: self.row.clone(),
            effect,
        }
    }

    fn check(&mut self, event: &Event, next: &Row) {
        let mut from = self.row.status;
        for step in &next.history {
            let gone = self.row.error.as_ref().is_some_and(Failure::is_gone);
            let comes_back = (from, step.to) == (Status::Failed, Status::Ready);
            if step.from != Some(from) || !is_legal(from, step.to) || (comes_back && !gone) {
                self.wrong = Some("an illegal transition");
            }
            from = step.to;
        }
        if from != next.status {
            self.wrong = Some("a status without a transition");
        }
        if let Event::Report { report, .. } = event {
            let gone = report.failure.as_ref().is_some_and(Failure::is_gone);
            if gone && self.row.status == Status::Ready && next.status != Status::Ready {
                self.wrong = Some("a 404 failed what was ready");
            }
            let of = self.attempt_of(&report.uid);
            if of != Some(self.row.attempt) || next.attempt != self.row.attempt {
                self.wrong = Some("a report of an old attempt applied");
            }
        }
    }

    fn attempt_of(&self, uid: &StreamUid) -> Option<u32> {
        let at: usize = uid.as_str().strip_prefix('u')?.parse().ok()?;
        Some(self.copies.get(at)?.label.attempt)
    }

    fn post(&mut self, by: Sender, submission: Submission) {
        if !self.sent.insert(submission.label.attempt) {
            self.wrong = Some("an attempt submitted twice");
        }
        self.posts.push(Post { by, submission });
    }

    fn take(&mut self, submission: &Submission) -> StreamUid {
        let label = submission.label.clone();
        if self.copies.iter().any(|copy| copy.label == label) {
            self.wrong = Some("two copies of one attempt");
        }
        self.copies.push(Copy {
            label,
            progress: Progress::Encoding,
            was_ready: false,
        });
        uid(&format!("u{}", self.copies.len() - 1))
    }

    fn answer(&mut self, post: Post, submitted: Submitted) {
        let Post { by, submission } = post;
        // Who waits no more hears nothing.
        let waits = |driver: &Driver| driver.step == Step::Submit(submission.clone());
        let heard = match by {
            Sender::Videos => true,
            Sender::Sweep(at) => self.sweeps[at].as_ref().is_some_and(waits),
        };
        if heard {
            self.answers.push(Answer {
                to: by,
                submission,
                submitted,
            });
        }
    }

    fn deliver(&mut self, at: usize, rules: Rules) {
        let Answer {
            to,
            submission,
            submitted,
        } = self.answers.remove(at);
        match to {
            Sender::Videos => {
                if let Some(event) = submitted.event(&submission) {
                    self.tell(&event, rules);
                }
            }
            Sender::Sweep(at) => {
                let waits = self.sweeps[at].as_ref();
                if waits.is_some_and(|driver| driver.step == Step::Submit(submission)) {
                    self.told(at, Told::Submitted(submitted));
                }
            }
        }
    }

    fn report(&mut self, copy: usize, progress: Progress, rules: Rules) {
        let report = self.said(copy, progress);
        let via = Via::Webhook;
        self.tell(&Event::Report { report, via }, rules);
    }

    fn said(&self, at: usize, progress: Progress) -> Report {
        report(&format!("u{at}"), &self.copies[at].label, progress)
    }

    fn step(&mut self, at: usize, rules: Rules) {
        let Some(driver) = self.sweeps[at].clone() else {
            return;
        };
        match driver.step {
            Step::List(uids) => {
                let known = |report: &Report| uids.contains(&report.uid);
                self.told(at, Told::Listed(Ok(self.listed(known))));
            }
            Step::Find(label) => {
                let named = |report: &Report| {
                    let theirs = report.label.as_ref();
                    theirs.is_some_and(|theirs| theirs.name() == label.name())
                };
                self.told(at, Told::Listed(Ok(self.listed(named))));
            }
            Step::Get(uid) => {
                let found = self.listed(|report| report.uid == uid).reports.pop();
                let found = found.ok_or(CallFailed::Passing(String::new()));
                self.told(at, Told::Got(found));
            }
            Step::Submit(submission) => {
                self.post(Sender::Sweep(at), submission);
                if let Some(driver) = &mut self.sweeps[at] {
                    driver.waiting = true;
                }
            }
            Step::Apply(events) => {
                let applied = events
                    .iter()
                    .map(|(_, event)| Some(self.tell(event, rules)))
                    .collect();
                self.told(at, Told::Applied(applied));
            }
            Step::Done(_) => self.sweeps[at] = None,
        }
    }

    fn listed(&self, which: impl Fn(&Report) -> bool) -> Listed {
        let all = (0..self.copies.len()).map(|at| self.said(at, self.copies[at].progress));
        Listed {
            reports: all.filter(which).collect(),
            unreadable: 0,
        }
    }

    fn told(&mut self, at: usize, told: Told) {
        if let Some(mut driver) = self.sweeps[at].take() {
            let step = driver.sweep.next(told, NOW);
            self.go_on(at, driver.sweep, step);
        }
    }

    fn go_on(&mut self, at: usize, sweep: Sweep, step: Step) {
        self.sweeps[at] = (!matches!(step, Step::Done(_))).then_some(Driver {
            sweep,
            step,
            waiting: false,
        });
    }
}
