//! The reconciler's pass: what it asks, what it writes, what it leaves.

use std::collections::BTreeMap;

use reelgate_core::time::UnixTime;
use reelgate_core::video::sweep::BUDGET;
use reelgate_core::video::{
    Applied, CallFailed, Ended, Event, Failure, Listed, Progress, Report, Row, Status, Step,
    Submitted, Summary, Sweep, Told, Trouble, Via,
};

use crate::in_every_place;
use crate::place::{Place, alone};
use crate::rows::{NOW, after, id, registered, report, uid};

const LATER: UnixTime = UnixTime(NOW.0 + 301);

/// What Stream would answer, and what it was asked.
struct Stream {
    copies: BTreeMap<String, Report>,
    /// What the list leaves out.
    unlisted: Vec<&'static str>,
    list_fails: Option<CallFailed>,
    get_fails: Vec<&'static str>,
    get_denied: Vec<&'static str>,
    submits: fn(usize) -> Submitted,
    asked: Vec<String>,
}

impl Stream {
    fn new(copies: impl IntoIterator<Item = Report>) -> Self {
        let copies = copies.into_iter();
        Self {
            copies: copies.map(|copy| (copy.uid.to_string(), copy)).collect(),
            unlisted: Vec::new(),
            list_fails: None,
            get_fails: Vec::new(),
            get_denied: Vec::new(),
            submits: |number| Submitted::Taken(uid(&format!("new{number}"))),
            asked: Vec::new(),
        }
    }

    fn told(&mut self, step: &Step) -> Option<Told> {
        Some(match step {
            Step::List(uids) => {
                self.asked.push(format!("list {}", uids.len()));
                if let Some(failed) = &self.list_fails {
                    return Some(Told::Listed(Err(failed.clone())));
                }
                let listed = uids.iter().map(ToString::to_string);
                let listed = listed.filter(|uid| !self.unlisted.contains(&uid.as_str()));
                Told::Listed(Ok(Listed {
                    reports: listed
                        .filter_map(|uid| self.copies.get(&uid).cloned())
                        .collect(),
                    unreadable: 0,
                }))
            }
            Step::Get(uid) => {
                self.asked.push(format!("get {uid}"));
                if self.get_fails.contains(&uid.as_str()) {
                    return Some(Told::Got(Err(CallFailed::Passing("status 500".into()))));
                }
                if self.get_denied.contains(&uid.as_str()) {
                    return Some(Told::Got(Err(CallFailed::Denied("status 403".into()))));
                }
                let copy = self.copies.get(uid.as_str()).cloned();
                Told::Got(Ok(copy.unwrap_or_else(|| Report::gone(uid.clone()))))
            }
            Step::Find(label) => {
                self.asked.push(format!("find {}", label.name()));
                let named = |copy: &&Report| copy.label.as_ref().unwrap().name() == label.name();
                Told::Listed(Ok(Listed {
                    reports: self.copies.values().filter(named).cloned().collect(),
                    unreadable: 0,
                }))
            }
            Step::Submit(submission) => {
                let number = self.asked.len();
                self.asked
                    .push(format!("submit {}", submission.label.name()));
                Told::Submitted((self.submits)(number))
            }
            Step::Apply(_) | Step::Done(_) => return None,
        })
    }
}

/// One whole sweep at `now`, on the real catalog.
fn sweep<P: Place>(place: &P, stream: &mut Stream, now: UnixTime) -> Summary {
    let catalog = place.catalog();
    let found = alone(catalog.to_sweep()).unwrap();
    let (mut sweep, mut step) = Sweep::start(&found.rows, found.unreadable.len(), 300, now);
    for _ in 0..1000 {
        step = match step {
            Step::Done(summary) => return summary,
            Step::Apply(events) => {
                let answers = alone(catalog.apply_all(&events, now));
                let applied = |answer: Result<Option<Applied>, Trouble>| answer.unwrap_or(None);
                let answers = answers.into_iter().map(applied).collect();
                sweep.next(Told::Applied(answers), now)
            }
            step => {
                let told = stream.told(&step).unwrap();
                sweep.next(told, now)
            }
        };
    }
    panic!("the sweep does not end");
}

/// A store with these rows in it, changed at [`NOW`].
fn store<P: Place>(rows: impl IntoIterator<Item = (Row, Vec<Event>)>) -> P {
    let place = P::default();
    for (row, events) in rows {
        let catalog = place.catalog();
        alone(catalog.register(&row)).unwrap();
        for event in events {
            alone(catalog.apply(&row.id, &event, NOW)).unwrap();
        }
    }
    place
}

fn encoding(name: &str, uid_text: &str) -> (Row, Vec<Event>) {
    let taken = Event::Submitted {
        attempt: 1,
        uid: uid(uid_text),
    };
    (registered(name), vec![Event::Encode, taken])
}

fn without_answer(name: &str) -> (Row, Vec<Event>) {
    (registered(name), vec![Event::Encode])
}

fn copy(name: &str, uid_text: &str, progress: Progress) -> Report {
    let row = after(&registered(name), &[Event::Encode]);
    report(uid_text, &row.label(), progress)
}

fn row<P: Place>(place: &P, name: &str) -> Row {
    alone(place.catalog().get(&id(name))).unwrap().unwrap()
}

fn summary(scanned: usize, updated: usize, errors: usize) -> Summary {
    Summary {
        scanned,
        updated,
        errors,
        ended: None,
    }
}

fn ended_by(why: Ended, summary: Summary) -> Summary {
    Summary {
        ended: Some(why),
        ..summary
    }
}

in_every_place! {
    a_hundred_rows_take_two_calls
    young_rows_are_left_alone
    what_the_list_leaves_out_is_asked_for
    a_refused_list_is_asked_one_by_one_and_a_failed_one_next_time
    a_row_that_is_denied_keeps_no_other_waiting
    a_token_that_is_good_for_nothing_ends_the_sweep
    a_sweep_that_takes_long_leaves_the_rest
    a_copy_whose_answer_was_lost_is_adopted
    another_rows_copy_under_the_same_name_is_not
    a_submission_that_never_arrived_is_made_again_under_a_new_number
    queued_rows_are_submitted_when_they_are_due_until_stream_is_busy
    a_retry_is_submitted
    calls_are_bounded_and_nobody_starves
    a_report_out_of_turn_ends_the_sweep
}

fn a_hundred_rows_take_two_calls<P: Place>() {
    let names: Vec<String> = (0..100).map(|number| format!("v{number:03}")).collect();
    let place: P = store(
        names
            .iter()
            .map(|name| encoding(name, &format!("u-{name}"))),
    );
    let mut stream = Stream::new(
        names
            .iter()
            .map(|name| copy(name, &format!("u-{name}"), Progress::Ready)),
    );
    assert_eq!(sweep(&place, &mut stream, LATER), summary(100, 100, 0));
    assert_eq!(stream.asked, ["list 50", "list 50"]);
    assert!(place.rows().iter().all(|row| row.status == Status::Ready));
    assert!(place.indexed().is_empty());
    assert_eq!(sweep(&place, &mut stream, LATER), summary(0, 0, 0));
}

fn young_rows_are_left_alone<P: Place>() {
    let place: P = store([encoding("v1", "u1"), without_answer("v2")]);
    let mut stream = Stream::new([]);
    assert_eq!(sweep(&place, &mut stream, NOW.plus(299)), summary(2, 0, 0));
    assert_eq!(stream.asked, [""; 0]);
}

fn what_the_list_leaves_out_is_asked_for<P: Place>() {
    let place: P = store([
        encoding("v1", "u1"),
        encoding("v2", "u2"),
        encoding("v3", "u3"),
        encoding("v4", "u4"),
    ]);
    let mut stream = Stream::new([
        copy("v1", "u1", Progress::Ready),
        copy("v2", "u2", Progress::Ready),
        copy("v3", "u3", Progress::Encoding),
    ]);
    stream.unlisted = vec!["u2", "u3"];
    stream.get_fails = vec!["u3"];
    assert_eq!(sweep(&place, &mut stream, LATER), summary(4, 3, 1));
    assert_eq!(stream.asked, ["list 4", "get u2", "get u3", "get u4"]);
    assert_eq!(row(&place, "v2").status, Status::Ready);
    assert_eq!(row(&place, "v3").status, Status::Encoding);
    let gone = row(&place, "v4");
    assert_eq!(gone.status, Status::Failed);
    assert_eq!(gone.error.unwrap().code, "not_found");
    // The one that could not be decided is tried again.
    stream.get_fails.clear();
    assert_eq!(sweep(&place, &mut stream, LATER), summary(1, 0, 0));
}

fn a_refused_list_is_asked_one_by_one_and_a_failed_one_next_time<P: Place>() {
    let place: P = store([encoding("v1", "u1"), encoding("v2", "u2")]);
    let copies = [
        copy("v1", "u1", Progress::Ready),
        copy("v2", "u2", Progress::Encoding),
    ];
    let mut stream = Stream::new(copies);
    for (failed, ended) in [
        (CallFailed::Passing("status 500".into()), None),
        (CallFailed::Busy, Some(Ended::Busy)),
        (CallFailed::Denied("status 401".into()), Some(Ended::Denied)),
    ] {
        stream.list_fails = Some(failed);
        let expected = Summary {
            ended,
            ..summary(2, 0, 2)
        };
        assert_eq!(sweep(&place, &mut stream, LATER), expected);
    }
    assert_eq!(stream.asked, ["list 2"; 3]);
    stream.asked.clear();
    stream.list_fails = Some(CallFailed::Refused("status 400".into()));
    assert_eq!(sweep(&place, &mut stream, LATER), summary(2, 1, 0));
    assert_eq!(stream.asked, ["list 2", "get u1", "get u2"]);
}

fn a_row_that_is_denied_keeps_no_other_waiting<P: Place>() {
    let numbers = 1..=6;
    let rows = numbers.map(|number| encoding(&format!("v{number}"), &format!("u{number}")));
    let place: P = store(rows);
    let copies = ["u2", "u4", "u5", "u6"].map(|uid| {
        let name = uid.replace('u', "v");
        copy(&name, uid, Progress::Ready)
    });
    let mut stream = Stream::new(copies);
    stream.unlisted = vec!["u1", "u2", "u3", "u4", "u5", "u6"];
    stream.get_denied = vec!["u1", "u3"];
    assert_eq!(sweep(&place, &mut stream, LATER), summary(6, 4, 2));
    assert_eq!(row(&place, "v1").status, Status::Encoding);
    assert_eq!(row(&place, "v6").status, Status::Ready);
    // Two in turn are two rows, not all.
    let asked_again = sweep(&place, &mut stream, LATER.plus(60));
    assert_eq!(asked_again, summary(2, 0, 2));
}

fn a_token_that_is_good_for_nothing_ends_the_sweep<P: Place>() {
    let names = ["v1", "v2", "v3", "v4", "v5"];
    let place: P = store(names.map(|name| encoding(name, &name.replace('v', "u"))));
    let mut stream = Stream::new([copy("v5", "u5", Progress::Ready)]);
    stream.unlisted = vec!["u1", "u2", "u3", "u4", "u5"];
    stream.get_denied = vec!["u1", "u2", "u3", "u4"];
    let denied = ended_by(Ended::Denied, summary(5, 0, 3));
    assert_eq!(sweep(&place, &mut stream, LATER), denied);
    assert_eq!(stream.asked, ["list 5", "get u1", "get u2", "get u3"]);
    // What was denied goes to the end of the queue, so the others have their turn.
    stream.asked.clear();
    let next = sweep(&place, &mut stream, LATER.plus(60));
    assert_eq!(next, ended_by(Ended::Denied, summary(5, 1, 4)));
    assert_eq!(stream.asked[1..3], ["get u4", "get u5"]);

    let queued = |attempt| Event::SubmitBusy {
        attempt,
        retry_at: NOW,
    };
    let place: P = store(names.map(|name| (registered(name), vec![Event::Encode, queued(1)])));
    let mut stream = Stream::new([]);
    stream.submits = |_| {
        Submitted::Refused(Failure {
            code: "submit_403".into(),
            message: "10000: Authentication error".into(),
        })
    };
    let denied = ended_by(Ended::Denied, summary(5, 3, 0));
    assert_eq!(sweep(&place, &mut stream, LATER), denied);
    assert_eq!(stream.asked.len(), 3);
    assert_eq!(row(&place, "v5").status, Status::Queued);
}

fn a_sweep_that_takes_long_leaves_the_rest<P: Place>() {
    let rows = store::<P>([encoding("v1", "u1"), encoding("v2", "u2")]).rows();
    let (mut sweep, _) = Sweep::start(&rows, 0, 300, LATER);
    let left_out = || Told::Listed(Ok(Listed::default()));
    let step = sweep.next(left_out(), LATER.plus(39));
    assert_eq!(step, Step::Get(uid("u1")));
    let silent = CallFailed::Passing("no answer in time".into());
    let step = sweep.next(Told::Got(Err(silent)), LATER.plus(49));
    assert!(matches!(step, Step::Apply(_)), "{step:?}");
    let step = sweep.next(Told::Applied(vec![None]), LATER.plus(49));
    assert_eq!(step, Step::Done(ended_by(Ended::Late, summary(2, 0, 1))));
    // Who is done when time is up has left nothing.
    let (mut sweep, _) = Sweep::start(&rows[..1], 0, 300, LATER);
    let gone = Told::Got(Ok(Report::gone(uid("u1"))));
    sweep.next(left_out(), LATER.plus(39));
    sweep.next(gone, LATER.plus(49));
    sweep.next(Told::Applied(vec![None]), LATER.plus(49));
    let step = sweep.next(Told::Applied(vec![None]), LATER.plus(49));
    assert_eq!(step, Step::Done(summary(1, 0, 1)));
}

#[test]
fn the_answer_says_why_a_sweep_ended() {
    let text = |summary: Summary| String::from_utf8(summary.to_json(None)).unwrap();
    assert_eq!(
        text(summary(3, 2, 1)),
        r#"{"scanned":3,"updated":2,"errors":1}"#
    );
    for why in [Ended::Denied, Ended::Busy, Ended::Late] {
        let word = why.as_str();
        let expected = format!(r#"{{"scanned":3,"updated":2,"errors":1,"ended":"{word}"}}"#);
        assert_eq!(text(ended_by(why, summary(3, 2, 1))), expected);
    }
    let off = Summary::default().to_json(Some("why"));
    assert_eq!(
        String::from_utf8(off).unwrap(),
        r#"{"scanned":0,"updated":0,"errors":0,"disabled":"why"}"#
    );
}

fn a_copy_whose_answer_was_lost_is_adopted<P: Place>() {
    let place: P = store([without_answer("v1")]);
    let mut stream = Stream::new([copy("v1", "u9", Progress::Encoding)]);
    assert_eq!(sweep(&place, &mut stream, LATER), summary(1, 1, 0));
    assert_eq!(stream.asked, ["find v1#1"]);
    let row = row(&place, "v1");
    assert_eq!((row.attempt, row.stream_uid), (1, Some(uid("u9"))));
}

fn another_rows_copy_under_the_same_name_is_not<P: Place>() {
    let place: P = store([without_answer("v1")]);
    let mut theirs = copy("v1", "u9", Progress::Ready);
    theirs.label.as_mut().unwrap().nonce = Some("of an earlier row".into());
    let mut stream = Stream::new([theirs]);
    assert_eq!(sweep(&place, &mut stream, LATER), summary(1, 1, 0));
    assert_eq!(stream.asked, ["find v1#1", "submit v1#2"]);
    assert_eq!(row(&place, "v1").stream_uid, Some(uid("new1")));
}

fn a_submission_that_never_arrived_is_made_again_under_a_new_number<P: Place>() {
    let place: P = store([without_answer("v1")]);
    let mut stream = Stream::new([]);
    stream.submits = |_| Submitted::Unknown("no answer in time".into());
    assert_eq!(sweep(&place, &mut stream, LATER), summary(1, 1, 1));
    assert_eq!(stream.asked, ["find v1#1", "submit v1#2"]);
    let row = row(&place, "v1");
    assert_eq!((row.status, row.attempt), (Status::Encoding, 2));
    let causes: Vec<&str> = row.history.iter().map(|step| step.cause.as_str()).collect();
    assert_eq!(
        causes,
        ["register", "encode", "encode", "submit_lost", "submit"]
    );
}

fn queued_rows_are_submitted_when_they_are_due_until_stream_is_busy<P: Place>() {
    let busy = |attempt| Event::SubmitBusy {
        attempt,
        retry_at: LATER,
    };
    let place: P = store((1..=5).map(|number| {
        let events = vec![Event::Encode, busy(1)];
        (registered(&format!("v{number}")), events)
    }));
    let mut stream = Stream::new([]);
    assert_eq!(sweep(&place, &mut stream, NOW.plus(300)), summary(5, 0, 0));
    assert_eq!(stream.asked, [""; 0]);
    stream.submits = |number| match number {
        2 => Submitted::Busy(LATER.plus(60)),
        1 => Submitted::Refused(Failure {
            code: "submit_400".into(),
            message: "10005: bad".into(),
        }),
        number => Submitted::Taken(uid(&format!("new{number}"))),
    };
    assert_eq!(sweep(&place, &mut stream, LATER), summary(5, 3, 0));
    assert_eq!(stream.asked, ["submit v1#2", "submit v2#2", "submit v3#2"]);
    let statuses: Vec<Status> = place.rows().iter().map(|row| row.status).collect();
    use Status::{Encoding, Failed, Queued};
    assert_eq!(statuses, [Encoding, Failed, Queued, Queued, Queued]);
    assert_eq!(row(&place, "v3").retry_at, Some(LATER.plus(60)));
    assert_eq!(row(&place, "v4").attempt, 1);
}

fn a_retry_is_submitted<P: Place>() {
    let (row_of_v1, mut events) = encoding("v1", "u1");
    let failed = Event::Report {
        report: copy("v1", "u1", Progress::Failed),
        via: Via::Webhook,
    };
    events.extend([failed, Event::Retry]);
    let place: P = store([(row_of_v1, events)]);
    assert_eq!(row(&place, "v1").error, None);
    let mut stream = Stream::new([copy("v1", "u1", Progress::Failed)]);
    assert_eq!(sweep(&place, &mut stream, NOW), summary(1, 1, 0));
    assert_eq!(stream.asked, ["submit v1#2"]);
}

fn calls_are_bounded_and_nobody_starves<P: Place>() {
    let names: Vec<String> = (0..100).map(|number| format!("v{number:03}")).collect();
    let place: P = store(
        names
            .iter()
            .map(|name| encoding(name, &format!("u-{name}"))),
    );
    let mut stream = Stream::new([]);
    stream.list_fails = Some(CallFailed::Refused("status 400".into()));
    // The oldest are in trouble for good; the others are gone, which can be found out.
    stream.get_fails = names[..60]
        .iter()
        .map(|name| &*format!("u-{name}").leak())
        .collect();
    let mut now = LATER;
    let mut sweeps = 0;
    while place.indexed().len() > 60 {
        stream.asked.clear();
        sweep(&place, &mut stream, now);
        assert!(stream.asked.len() <= BUDGET, "{:?}", stream.asked);
        now = now.plus(60);
        sweeps += 1;
        assert!(sweeps <= 3, "{:?}", place.indexed());
    }
}

fn a_report_out_of_turn_ends_the_sweep<P: Place>() {
    let rows = store::<P>([encoding("v1", "u1")]).rows();
    let (mut sweep, step) = Sweep::start(&rows, 2, 300, LATER);
    assert_eq!(step, Step::List(vec![uid("u1")]));
    let step = sweep.next(Told::Applied(Vec::new()), LATER);
    assert_eq!(step, Step::Done(summary(3, 0, 2)));
}
