//! One answer to a viewer, from the request to the head that is sent: the state machine.

use alloc::{
    borrow::Cow,
    format,
    string::{String, ToString},
};
use core::{fmt, mem, time::Duration};

use super::{
    config::Config,
    error_document,
    question::{Ask, Question, Verdict},
    trouble::{Note, Trouble},
};
use crate::{
    endpoint::Scheme,
    http::{Answer, Head, HeaderSource, Headers, Method, Request},
    key::StoredKey,
    time::UnixTime,
};

/// The shortest wait before the one retry, in milliseconds: time for a bucket to take breath.
const PAUSE_MIN: u64 = 50;

/// The longest, in milliseconds: a viewer waits for it. The spread keeps many viewers from coming
/// back in step.
const PAUSE_MAX: u64 = 250;

/// The most seconds a viewer is told to wait by a 503, of at least one. Spread for the same reason.
const RETRY_AFTER_MAX: u16 = 4;

/// What the driver does next.
#[derive(Debug)]
pub enum Step<'c> {
    /// Drop the current response, send this, and report [`Event::Head`] or [`Event::Failed`].
    Send(BucketRequest<'c>),
    /// Drop the current response, wait this long, then report [`Event::Paused`].
    Pause(Duration),
    /// Read the current response's body to its end or to `limit` bytes, whichever comes first, and
    /// report [`Event::Body`], or [`Event::Failed`] when it breaks off.
    Read {
        /// In bytes.
        limit: usize,
    },
    /// Answer with this head, and with the current response's body as it streams. The end.
    Forward(Head),
    /// Drop the current response and answer with this. The end. To HEAD, `content-length` may be
    /// that of the object, with no body to it (RFC 9110 §9.3.2).
    Answer(Answer),
}

/// What the driver reports.
#[derive(Debug)]
pub enum Event<'a, H: ?Sized> {
    /// The head of the bucket's answer to the last [`Step::Send`], final and not 1xx.
    Head {
        /// Its status code.
        status: u16,
        /// Its header fields.
        headers: &'a H,
    },
    /// What [`Step::Read`] read.
    Body(&'a [u8]),
    /// The [`Step::Pause`] is over.
    Paused,
    /// The last [`Step::Send`] or [`Step::Read`] failed.
    Failed(Failure),
}

/// How asking the bucket failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// No connection: name, address, refusal, or longer than [`CONNECT`](super::CONNECT).
    Connect,
    /// Connected, and it speaks no TLS, or nobody who is trusted vouches for it.
    Tls,
    /// Connected, and then nothing for longer than [`FIRST_BYTE`](super::FIRST_BYTE).
    TimedOut,
    /// Anything else: reset, closed, not HTTP.
    Broken,
}

/// A request to the bucket, signed. Everything that goes there stands in here.
pub struct BucketRequest<'c> {
    /// GET or HEAD; never with a body.
    pub method: Method,
    /// How to connect.
    pub scheme: Scheme,
    /// Host and port, also the `Host` to send: it is signed.
    pub authority: &'c str,
    /// Path and signed query, escaped; to be sent as it stands and to be logged nowhere.
    pub path_and_query: String,
    /// The header fields, `Host` left to the driver.
    pub headers: Headers,
}

impl fmt::Debug for BucketRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path_and_query.split('?').next();
        f.debug_struct("BucketRequest")
            .field("method", &self.method)
            .field("scheme", &self.scheme)
            .field("authority", &self.authority)
            .field("path", &path.unwrap_or_default())
            .finish_non_exhaustive()
    }
}

/// One exchange with the bucket for one request of a viewer.
///
/// It asks at most four times: for a part, once more if the bucket was busy or failed, for the size when the
/// part seems to lie outside, and for all of the object when the part turns out not to be wanted.
///
/// # Example
/// ```
/// use reelgate_core::{
///     http::{Method, Request},
///     origin::{Config, Event, Exchange, Step},
///     time::UnixTime,
/// };
/// # let config = Config::from_lookup(&|name: &str| Some(match name {
/// #     "s3_endpoint" => "http://127.0.0.1:9000".into(),
/// #     "origin_serves" => "games".into(),
/// #     _ => "some".to_owned(),
/// # }))?;
///
/// let headers = [("range", "bytes=0-1")];
/// let request = Request { method: Method::Get, target: "/games/7/init.mp4", headers: &headers[..] };
/// let (mut exchange, step) = Exchange::start(&request, &config, UnixTime(1_700_000_000));
/// assert!(matches!(step, Step::Send(_)));
///
/// let headers = [("content-range", "bytes 0-1/900"), ("x-amz-request-id", "1")];
/// let event = Event::Head { status: 206, headers: &headers[..] };
/// let Step::Forward(head) = exchange.next(event, UnixTime(1_700_000_000), 0) else { panic!() };
/// assert_eq!(head.status, 206);
/// # Ok::<(), reelgate_core::config::Problems>(())
/// ```
#[derive(Debug)]
pub struct Exchange<'c> {
    /// The viewer's.
    method: Method,
    state: State<'c>,
    note: Option<Note>,
}

#[derive(Debug)]
enum State<'c> {
    /// The bucket has been asked.
    Asked(Inquiry<'c>),
    /// Before the one retry.
    Pausing(Inquiry<'c>),
    /// The bucket refused with this status, and its reason is being read.
    Explaining(Inquiry<'c>, u16),
    /// The answer is made.
    Done,
}

/// All that an exchange knows while it is not done.
#[derive(Debug)]
struct Inquiry<'c> {
    config: &'c Config,
    key: StoredKey,
    question: Question,
    ask: Ask,
    retried: bool,
}

impl<'c> Exchange<'c> {
    /// Begins an exchange. Of the target the path alone counts; the query belongs to the gate.
    ///
    /// What no bucket need be asked for is answered at once: other methods with 405, paths that are
    /// no object's with 404.
    pub fn start<H: HeaderSource + ?Sized>(
        request: &Request<'_, H>,
        config: &'c Config,
        now: UnixTime,
    ) -> (Self, Step<'c>) {
        let method = request.method;
        let mut exchange = Self {
            method,
            state: State::Done,
            note: None,
        };
        if !matches!(method, Method::Get | Method::Head) {
            return (exchange, Step::Answer(method_not_allowed()));
        }
        let path = request.target.split('?').next().unwrap_or_default();
        let Ok(key) = StoredKey::from_path(path, config.serves()) else {
            let refusal = exchange.answer(plain(404));
            return (exchange, refusal);
        };
        let question = Question::read(request);
        let ask = question.first_ask();
        let inquiry = Inquiry {
            config,
            key,
            question,
            ask,
            retried: false,
        };
        let step = exchange.send(inquiry, now);
        (exchange, step)
    }

    /// Takes what the driver reports, and says what to do next. `jitter` is random, over all of its range.
    ///
    /// An event that does not follow from the last step ends the exchange with 502.
    pub fn next<H: HeaderSource + ?Sized>(
        &mut self,
        event: Event<'_, H>,
        now: UnixTime,
        jitter: u16,
    ) -> Step<'c> {
        let (inquiry, verdict) = match (mem::replace(&mut self.state, State::Done), event) {
            (State::Asked(inquiry), Event::Head { status, headers }) => {
                let verdict = inquiry.question.judge(inquiry.ask, status, headers);
                (inquiry, verdict)
            }
            (State::Asked(inquiry), Event::Failed(failure)) => (inquiry, failed(failure)),
            (State::Pausing(inquiry), Event::Paused) => return self.send(inquiry, now),
            (State::Explaining(inquiry, status), Event::Body(document)) => {
                let verdict = inquiry.question.explained(inquiry.ask, status, document);
                (inquiry, verdict)
            }
            // Without its body a 404 may mean that the bucket is missing, not the object.
            (State::Explaining(inquiry, 404), Event::Failed(failure)) => (inquiry, failed(failure)),
            (State::Explaining(inquiry, status), Event::Failed(_)) => {
                let verdict = inquiry.question.explained(inquiry.ask, status, b"");
                (inquiry, verdict)
            }
            _ => return self.answer(plain(502)),
        };
        self.render(inquiry, verdict, now, jitter)
    }

    /// What the operator is to be told, once. To be asked for after each step.
    pub fn take_note(&mut self) -> Option<Note> {
        self.note.take()
    }

    fn render(
        &mut self,
        mut inquiry: Inquiry<'c>,
        verdict: Verdict,
        now: UnixTime,
        jitter: u16,
    ) -> Step<'c> {
        match verdict {
            Verdict::Deliver(head) if self.method == Method::Get => Step::Forward(head),
            Verdict::Deliver(head) | Verdict::NotModified(head) => {
                let body = Cow::Borrowed(&[][..]);
                Step::Answer(Answer { head, body })
            }
            Verdict::PreconditionFailed => self.answer(plain(412)),
            Verdict::NotFound => self.answer(plain(404)),
            Verdict::OutOfRange { size } => self.answer(out_of_range(size)),
            Verdict::Instead(ask) => {
                inquiry.ask = ask;
                self.send(inquiry, now)
            }
            Verdict::Explain(status) => self.explain(inquiry, status, now, jitter),
            Verdict::Later(_) | Verdict::Passing(_) if !inquiry.retried => {
                inquiry.retried = true;
                self.state = State::Pausing(inquiry);
                Step::Pause(pause(jitter))
            }
            Verdict::Later(status) => self.explain(inquiry, status, now, jitter),
            Verdict::Passing(trouble) | Verdict::Hopeless(trouble) => {
                let answer = self.answer(in_trouble(trouble.status(), jitter));
                self.note = Some(trouble.note(&inquiry.key));
                answer
            }
        }
    }

    fn send(&mut self, inquiry: Inquiry<'c>, now: UnixTime) -> Step<'c> {
        let request = inquiry.request(self.method, now);
        self.state = State::Asked(inquiry);
        Step::Send(request)
    }

    fn answer(&self, answer: Answer) -> Step<'c> {
        Step::Answer(answer.for_method(self.method))
    }

    /// Reads why the bucket refused. An answer to HEAD does not say.
    fn explain(
        &mut self,
        inquiry: Inquiry<'c>,
        status: u16,
        now: UnixTime,
        jitter: u16,
    ) -> Step<'c> {
        if inquiry.ask.method(self.method) == Method::Head {
            let verdict = inquiry.question.explained(inquiry.ask, status, b"");
            return self.render(inquiry, verdict, now, jitter);
        }
        self.state = State::Explaining(inquiry, status);
        Step::Read {
            limit: error_document::LIMIT,
        }
    }
}

impl<'c> Inquiry<'c> {
    fn request(&self, method: Method, now: UnixTime) -> BucketRequest<'c> {
        let method = self.ask.method(method);
        BucketRequest {
            method,
            scheme: self.config.scheme(),
            authority: self.config.authority(),
            path_and_query: self.config.sign(method, &self.key, now),
            headers: self.question.headers(self.ask),
        }
    }
}

fn failed(failure: Failure) -> Verdict {
    match failure {
        Failure::Connect => Verdict::Passing(Trouble::Unreachable),
        Failure::Tls => Verdict::Hopeless(Trouble::Untrusted),
        Failure::TimedOut => Verdict::Hopeless(Trouble::TimedOut),
        Failure::Broken => Verdict::Hopeless(Trouble::Broken),
    }
}

fn pause(jitter: u16) -> Duration {
    let spread = (PAUSE_MAX - PAUSE_MIN) * u64::from(jitter) / u64::from(u16::MAX);
    Duration::from_millis(PAUSE_MIN + spread)
}

/// A status and its name, for the viewer; the reason is for the operator.
pub(super) fn plain(status: u16) -> Answer {
    let name = match status {
        400 => "Bad Request",
        404 => "Not Found",
        405 => "Method Not Allowed",
        412 => "Precondition Failed",
        416 => "Range Not Satisfiable",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Bad Gateway",
    };
    Answer::text(status, name)
}

fn method_not_allowed() -> Answer {
    with_header(plain(405), "allow", "GET, HEAD")
}

pub(super) fn out_of_range(size: u64) -> Answer {
    with_header(plain(416), "content-range", format!("bytes */{size}"))
}

fn in_trouble(status: u16, jitter: u16) -> Answer {
    match status {
        503 => with_header(
            plain(503),
            "retry-after",
            (1 + jitter % RETRY_AFTER_MAX).to_string(),
        ),
        status => plain(status),
    }
}

fn with_header(mut answer: Answer, name: &'static str, value: impl Into<String>) -> Answer {
    let value = value.into().into_bytes();
    answer.head.headers.push((name, Cow::Owned(value)));
    answer
}

#[cfg(test)]
mod tests;
