//! Exchanges against a bucket that says what a test wants it to say.

use alloc::{collections::VecDeque, vec, vec::Vec};

use super::{super::dialogue::Dialogue, *};

mod clips;
mod conditions;
mod events;
mod faults;
mod model;
mod plain;
mod ranges;
mod stored;

const NOW: UnixTime = UnixTime(1_740_832_496);

/// In the middle: pauses for about 150 ms.
const JITTER: u16 = u16::MAX / 2;

type Fields = Vec<(String, String)>;

fn fields(pairs: &[(&str, &str)]) -> Fields {
    pairs
        .iter()
        .map(|&(name, value)| (name.into(), value.into()))
        .collect()
}

fn config() -> Config {
    config_for("games")
}

fn config_for(serves: &str) -> Config {
    let lookup = |name: &str| {
        Some(String::from(match name {
            "origin_serves" => serves,
            "s3_endpoint" => "https://account.r2.cloudflarestorage.com",
            "s3_bucket" => "films",
            "s3_access_key_id" => "AKIAIOSFODNN7EXAMPLE",
            "s3_secret_access_key" => "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            _ => return None,
        }))
    };
    Config::from_lookup(&lookup).unwrap()
}

/// What the bucket does with one request.
#[derive(Clone, Debug)]
enum Reply {
    Says(u16, Fields, Vec<u8>),
    Fails(Failure),
}

fn says(status: u16, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Reply {
    Reply::Says(status, fields(headers), body.as_ref().to_vec())
}

/// An error as S3 writes it ("REST error responses" in the Amazon S3 API reference).
fn s3_error(status: u16, code: &str) -> Reply {
    let document = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error>\n  <Code>{code}</Code>\n  \
         <Message>The resource you requested does not exist</Message>\n  \
         <Resource>/mybucket/myfoto.jpg</Resource>\n  <RequestId>4442587FB7D0A2F9</RequestId>\n</Error>"
    );
    says(status, &[("content-type", "application/xml")], document)
}

/// A request as the bucket saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    method: Method,
    path_and_query: String,
    headers: Fields,
}

impl Seen {
    fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(own, _)| own == name);
        let value = values.next().map(|(_, value)| value.as_str());
        assert!(values.next().is_none(), "{name} is sent twice");
        value
    }
}

/// How an exchange went.
#[derive(Debug)]
struct Outcome {
    status: u16,
    headers: Fields,
    /// The body that was made here; `None` when the bucket's is forwarded.
    body: Option<String>,
    seen: Vec<Seen>,
    pauses: Vec<Duration>,
    note: Option<Note>,
}

impl Outcome {
    fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(own, _)| own == name);
        let value = values.next().map(|(_, value)| value.as_str());
        assert!(values.next().is_none(), "{name} is answered twice");
        value
    }

    fn is_forwarded(&self) -> bool {
        self.body.is_none()
    }
}

/// Drives an exchange; `bucket` answers each request.
fn drive(
    method: Method,
    target: &str,
    headers: &Fields,
    mut bucket: impl FnMut(&Seen) -> Reply,
) -> Outcome {
    let config = config();
    let request = Request {
        method,
        target,
        headers,
    };
    let (mut exchange, mut step) = Dialogue::start(&request, &config, NOW);
    let (mut seen, mut pauses, mut note) = (Vec::new(), Vec::new(), None);
    let mut body = None;
    let (head, own) = loop {
        let event = match step {
            Step::Send(request) => {
                assert_eq!(request.scheme, Scheme::Https);
                assert_eq!(request.authority, "account.r2.cloudflarestorage.com");
                seen.push(Seen {
                    method: request.method,
                    path_and_query: request.path_and_query,
                    headers: texts(request.headers),
                });
                body = None;
                match bucket(&seen[seen.len() - 1]) {
                    Reply::Fails(failure) => Event::<Fields>::Failed(failure),
                    Reply::Says(status, headers, document) => {
                        body = Some(document);
                        let event = Event::Head {
                            status,
                            headers: &headers,
                        };
                        step = exchange.next(event, NOW, JITTER);
                        note = note.or(exchange.take_note());
                        continue;
                    }
                }
            }
            Step::Pause(time) => {
                pauses.push(time);
                body = None;
                Event::Paused
            }
            Step::Read { limit } => {
                let document = body.take().expect("there is a response to read");
                let read = &document[..document.len().min(limit)];
                step = exchange.next(Event::<Fields>::Body(read), NOW, JITTER);
                note = note.or(exchange.take_note());
                continue;
            }
            Step::Forward(head) => {
                assert!(body.is_some(), "there is a response to forward");
                break (head, None);
            }
            Step::Answer(answer) => break (answer.head, Some(answer.body)),
        };
        step = exchange.next(event, NOW, JITTER);
        note = note.or(exchange.take_note());
    };
    let body = own.map(|body| String::from_utf8(body.into_owned()).unwrap());
    Outcome {
        status: head.status,
        headers: texts(head.headers),
        body,
        seen,
        pauses,
        note,
    }
}

fn texts(headers: Headers) -> Fields {
    headers
        .into_iter()
        .map(|(name, value)| (name.into(), String::from_utf8(value.into_owned()).unwrap()))
        .collect()
}

const TARGET: &str = "/games/7/720p/seg_00001.m4s";

/// Drives an exchange through `replies`, each of which must be wanted.
fn play(method: Method, headers: &[(&str, &str)], replies: Vec<Reply>) -> Outcome {
    let mut replies = VecDeque::from(replies);
    let outcome = drive(method, TARGET, &fields(headers), |seen| {
        replies
            .pop_front()
            .unwrap_or_else(|| panic!("one request too many: {seen:?}"))
    });
    assert!(replies.is_empty(), "not asked for: {replies:?}");
    outcome
}

fn get(headers: &[(&str, &str)], replies: Vec<Reply>) -> Outcome {
    play(Method::Get, headers, replies)
}
