//! The reconciler's pass over the rows in flight: what Stream is asked, and what the rows are told.
//!
//! [`Sweep`] is the whole of it, without a socket or a store. A driver hands it the rows of
//! [`Catalog::to_sweep`](super::Catalog::to_sweep), does what each [`Step`] says, and reports with
//! [`Told`] what came of it:
//!
//! 1. Rows with a uid that nothing has changed for long are polled, fifty in a call.
//! 2. What a list leaves out is asked for one by one. What Stream knows no more has failed.
//! 3. Rows without a uid that nothing has changed for long are looked up by name. A copy that is found is
//!    adopted; where there is none the submission was lost, and the row is queued again.
//! 4. Queued rows whose time has come are submitted, until Stream is busy.
//!
//! The oldest come first. A sweep makes at most [`BUDGET`] calls; what is left over, and what could not
//! be decided, the next one does. A row that Stream will not speak of keeps none of the others waiting; where it
//! speaks of none, is busy, or is slow, the sweep ends early, and its [`Summary`] says so. Two sweeps at once do no harm: each row's change is a
//! compare-and-swap, and only the one who made it acts on it.

use alloc::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    vec::Vec,
};

use core::ops::Bound::{Excluded, Unbounded};

use serde::Serialize;

mod plan;

use plan::{Plan, Poll, Task, Work, is_due, plan};

use super::{
    catalog::{Applied, Effect, MAX_EVENTS},
    id::{StreamUid, VideoId},
    lifecycle::{Event, Via},
    report::{Label, Report},
    row::{Row, json},
    stream_api::{CallFailed, Listed, MAX_LISTED, Submission, Submitted},
};
use crate::time::UnixTime;

/// The most calls to Stream in one sweep: a seventh of what Cloudflare allows in five minutes, with a
/// sweep each minute.
pub const BUDGET: usize = 40;

/// How many rows, one after the other, Stream may deny before it is taken to deny all of them: an account's token
/// that holds no more is denied at each, and one that may not see one video at that one.
pub const MAX_DENIED: usize = 3;

/// After how many seconds no more calls are begun: whoever has asked for the sweep waits for its end, and has a
/// minute.
pub const LONGEST_SECONDS: u64 = 40;

/// What the driver does next.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Ask Stream, and report [`Told::Listed`].
    List(Vec<StreamUid>),
    /// Ask Stream for one video, and report [`Told::Got`].
    Get(StreamUid),
    /// Ask Stream which copies have this label's name, and report [`Told::Listed`].
    Find(Label),
    /// Submit, and report [`Told::Submitted`].
    Submit(Submission),
    /// Apply these events, [`MAX_EVENTS`] at most, and report [`Told::Applied`] with as many answers in the
    /// same order.
    Apply(Vec<(VideoId, Event)>),
    /// The end.
    Done(Summary),
}

/// What the driver reports.
#[derive(Debug)]
pub enum Told {
    /// What came of [`Step::List`] or [`Step::Find`].
    Listed(Result<Listed, CallFailed>),
    /// What came of [`Step::Get`].
    Got(Result<Report, CallFailed>),
    /// What came of [`Step::Submit`].
    Submitted(Submitted),
    /// What came of [`Step::Apply`]; `None` where the row is gone or could not be written.
    Applied(Vec<Option<Applied>>),
}

/// What a sweep has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Rows in flight that were looked at.
    pub scanned: usize,
    /// Rows that were changed.
    pub updated: usize,
    /// Rows about which nothing could be found out, or that could not be written or read.
    pub errors: usize,
    /// Why rows were left to the next sweep that this one could have asked about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<Ended>,
}

/// Why a sweep ended before its work was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Ended {
    /// Stream takes the token for nothing: for a list, or for [`MAX_DENIED`] rows in turn.
    Denied,
    /// Stream has said 429.
    Busy,
    /// It took [`LONGEST_SECONDS`].
    Late,
}

impl Ended {
    /// The word that JSON has.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::Busy => "busy",
            Self::Late => "late",
        }
    }
}

impl Summary {
    /// The body of the reconcile route's answer; `disabled` says why nothing was done.
    #[must_use]
    pub fn to_json(&self, disabled: Option<&str>) -> Vec<u8> {
        #[derive(Serialize)]
        struct Body<'a> {
            #[serde(flatten)]
            summary: &'a Summary,
            #[serde(skip_serializing_if = "Option::is_none")]
            disabled: Option<&'a str>,
        }
        json(&Body {
            summary: self,
            disabled,
        })
    }
}

/// One pass over the rows in flight.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sweep {
    state: State,
    /// What lists are made of, oldest first.
    polls: VecDeque<Poll>,
    /// What takes a call of its own, oldest first.
    work: BTreeSet<Work>,
    calls: usize,
    /// Whether Stream may still be given something to do.
    submitting: bool,
    updated: BTreeSet<VideoId>,
    undecided: BTreeSet<VideoId>,
    /// Of the undecided, the last whose row has been told.
    told: Option<VideoId>,
    scanned: usize,
    unreadable: usize,
    began: UnixTime,
    late: bool,
    /// Rows that Stream has denied since it last spoke of one.
    denied: usize,
    ended: Option<Ended>,
}

/// What the driver was told to do last.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum State {
    Listing(Vec<Poll>),
    Getting(VideoId),
    Finding(Label),
    /// A queued row is being taken, to be submitted.
    Taking(VideoId),
    Submitting(Submission),
    Writing(Vec<VideoId>),
    /// The undecided rows are being told, and then nothing is left.
    Ending,
}

impl Sweep {
    /// Begins a sweep over `rows` in flight; `unreadable` more could not be read. A row
    /// with a copy, or with a submission that had no answer, is looked after when nothing has changed
    /// it for `stuck_after_seconds`.
    #[must_use]
    pub fn start(
        rows: &[Row],
        unreadable: usize,
        stuck_after_seconds: u64,
        now: UnixTime,
    ) -> (Self, Step) {
        let mut sweep = Self {
            state: State::Ending,
            polls: VecDeque::new(),
            work: BTreeSet::new(),
            calls: 0,
            submitting: true,
            updated: BTreeSet::new(),
            undecided: BTreeSet::new(),
            told: None,
            scanned: rows.len() + unreadable,
            unreadable,
            began: now,
            late: false,
            denied: 0,
            ended: None,
        };
        let mut polls = BTreeSet::new();
        for row in rows {
            match plan(row, stuck_after_seconds, now) {
                Some(Plan::Poll(poll)) => {
                    polls.insert(poll);
                }
                Some(Plan::Work(work)) => {
                    sweep.work.insert(work);
                }
                None => {}
            }
        }
        sweep.polls = polls.into_iter().collect();
        let step = sweep.go_on();
        (sweep, step)
    }

    /// Takes what the driver reports, and says what to do next. A report that does not follow from the
    /// last step ends the sweep.
    pub fn next(&mut self, told: Told, now: UnixTime) -> Step {
        self.late |= now.since(self.began) >= LONGEST_SECONDS;
        if is_answer(&told) {
            self.denied = 0;
        }
        match (core::mem::replace(&mut self.state, State::Ending), told) {
            (State::Listing(polls), Told::Listed(listed)) => self.listed(polls, listed),
            (State::Getting(id), Told::Got(Ok(report))) => self.write(id, polled(report)),
            (State::Getting(id), Told::Got(Err(failed))) => self.row_unanswered(id, &failed),
            (State::Finding(label), Told::Listed(Ok(listed))) => self.found(label, &listed),
            (State::Finding(label), Told::Listed(Err(failed))) => {
                self.row_unanswered(label.id, &failed)
            }
            (State::Taking(id), Told::Applied(answers)) => self.taken(id, answers),
            (State::Submitting(submission), Told::Submitted(submitted)) => {
                self.submitted(submission, submitted)
            }
            (State::Writing(ids), Told::Applied(answers)) => {
                self.written(&ids, answers, now);
                self.go_on()
            }
            (State::Ending, Told::Applied(_)) => self.end(),
            _ => Step::Done(self.summary()),
        }
    }

    fn go_on(&mut self) -> Step {
        if self.late && !(self.polls.is_empty() && self.work.is_empty()) {
            return self.end_early(Ended::Late);
        }
        if self.denied >= MAX_DENIED {
            return self.end_early(Ended::Denied);
        }
        if self.calls < BUDGET && !self.polls.is_empty() {
            let batch = self.polls.len().min(MAX_LISTED);
            let polls: Vec<Poll> = self.polls.drain(..batch).collect();
            let uids = polls.iter().map(|poll| poll.uid.clone()).collect();
            return self.call(State::Listing(polls), Step::List(uids));
        }
        while self.calls < BUDGET
            && let Some(Work { id, task, .. }) = self.work.pop_first()
        {
            return match task {
                Task::Get(uid) => self.call(State::Getting(id), Step::Get(uid)),
                Task::Find(label) => self.call(State::Finding(label.clone()), Step::Find(label)),
                Task::Submit if !self.submitting => continue,
                Task::Submit => {
                    self.state = State::Taking(id.clone());
                    Step::Apply(alloc::vec![(id, Event::Submit)])
                }
            };
        }
        self.end()
    }

    fn end_early(&mut self, why: Ended) -> Step {
        self.ended = Some(why);
        self.end()
    }

    /// What could not be decided goes to the end of the next sweep's queue.
    fn end(&mut self) -> Step {
        self.state = State::Ending;
        let from = self.told.as_ref().map_or(Unbounded, Excluded);
        let untold = self.undecided.range((from, Unbounded));
        let events: Vec<(VideoId, Event)> = untold
            .take(MAX_EVENTS)
            .map(|id| (id.clone(), Event::Tried))
            .collect();
        let Some((last, _)) = events.last() else {
            return Step::Done(self.summary());
        };
        self.told = Some(last.clone());
        Step::Apply(events)
    }

    fn summary(&self) -> Summary {
        Summary {
            scanned: self.scanned,
            updated: self.updated.len(),
            errors: self.undecided.len() + self.unreadable,
            ended: self.ended,
        }
    }

    fn call(&mut self, state: State, step: Step) -> Step {
        self.calls += 1;
        self.state = state;
        step
    }

    fn write(&mut self, id: VideoId, event: Event) -> Step {
        self.state = State::Writing(alloc::vec![id.clone()]);
        Step::Apply(alloc::vec![(id, event)])
    }

    fn listed(&mut self, polls: Vec<Poll>, listed: Result<Listed, CallFailed>) -> Step {
        let listed = match listed {
            Ok(listed) => listed,
            // One uid that Stream cannot read must not hide the others.
            Err(CallFailed::Refused(_)) => Listed::default(),
            Err(failed) => {
                self.undecided.extend(polls.into_iter().map(|poll| poll.id));
                return match failed {
                    // What may not list any may not see any.
                    CallFailed::Denied(_) => self.end_early(Ended::Denied),
                    CallFailed::Busy => self.end_early(Ended::Busy),
                    CallFailed::Passing(_) | CallFailed::Refused(_) => self.go_on(),
                };
            }
        };
        let mut reports: BTreeMap<StreamUid, Report> = listed
            .reports
            .into_iter()
            .map(|report| (report.uid.clone(), report))
            .collect();
        let mut events = Vec::new();
        for Poll { since, id, uid } in polls {
            if let Some(report) = reports.remove(&uid) {
                events.push((id, polled(report)));
            } else {
                let task = Task::Get(uid);
                self.work.insert(Work { since, id, task });
            }
        }
        if events.is_empty() {
            return self.go_on();
        }
        self.state = State::Writing(events.iter().map(|(id, _)| id.clone()).collect());
        Step::Apply(events)
    }

    fn found(&mut self, label: Label, listed: &Listed) -> Step {
        let ours = listed.reports.iter().filter(|report| {
            let named = report.label.as_ref();
            named.is_some_and(|named| label.matches(named))
        });
        // There is one at most; were there more, every sweep would choose the same.
        if let Some(report) = ours.min_by_key(|report| &report.uid) {
            return self.write(label.id, polled(report.clone()));
        }
        if listed.unreadable > 0 {
            self.undecided.insert(label.id);
            return self.go_on();
        }
        let attempt = label.attempt;
        self.write(label.id, Event::SubmitLost { attempt })
    }

    fn taken(&mut self, id: VideoId, answers: Vec<Option<Applied>>) -> Step {
        match answers.into_iter().next().flatten() {
            Some(applied) if applied.effect == Effect::Changed => {
                self.updated.insert(id);
                let submission = Submission::of(&applied.row);
                let state = State::Submitting(submission.clone());
                self.call(state, Step::Submit(submission))
            }
            Some(_) => self.go_on(),
            None => {
                self.undecided.insert(id);
                self.go_on()
            }
        }
    }

    fn submitted(&mut self, submission: Submission, submitted: Submitted) -> Step {
        if matches!(submitted, Submitted::Busy(_)) {
            self.submitting = false;
        }
        if is_denied(&submitted) {
            self.denied += 1;
        }
        let id = submission.label.id.clone();
        if let Some(event) = submitted.event(&submission) {
            return self.write(id, event);
        }
        self.undecided.insert(id);
        self.go_on()
    }

    fn written(&mut self, ids: &[VideoId], answers: Vec<Option<Applied>>, now: UnixTime) {
        let mut answers = answers.into_iter();
        for id in ids {
            let Some(applied) = answers.next().flatten() else {
                self.undecided.insert(id.clone());
                continue;
            };
            if applied.effect != Effect::Changed {
                continue;
            }
            self.updated.insert(id.clone());
            if is_due(&applied.row, now) {
                self.work.insert(Work::submit(&applied.row));
            }
        }
    }

    fn row_unanswered(&mut self, id: VideoId, failed: &CallFailed) -> Step {
        self.undecided.insert(id);
        match failed {
            // More questions would only be refused as well, and keep us shut out for longer.
            CallFailed::Busy => return self.end_early(Ended::Busy),
            CallFailed::Denied(_) => self.denied += 1,
            CallFailed::Passing(_) | CallFailed::Refused(_) => {}
        }
        self.go_on()
    }
}

/// Whether Stream has spoken of what it was asked about, so that it takes our token.
fn is_answer(told: &Told) -> bool {
    match told {
        Told::Listed(listed) => listed.is_ok(),
        Told::Got(got) => got.is_ok(),
        Told::Submitted(submitted) => matches!(submitted, Submitted::Taken(_)),
        Told::Applied(_) => false,
    }
}

fn is_denied(submitted: &Submitted) -> bool {
    let denied = |code: &str| matches!(code, "submit_401" | "submit_403");
    matches!(submitted, Submitted::Refused(failure) if denied(&failure.code))
}

fn polled(report: Report) -> Event {
    let via = Via::Poll;
    Event::Report { report, via }
}
