//! What a bucket may answer: a part is never delivered as the whole, and nothing is that contradicts itself.
//!
//! The input is blocks of text with an empty line between them. The first holds the viewer's headers; each of the
//! others is an answer of the bucket, a line with its status and its headers. What there is no answer for breaks.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reelgate_core::http::{Answer, Head, HeaderSource, Method, Request};
use reelgate_core::origin::range::{ByteRange, parse};
use reelgate_core::origin::{Config, Event, Exchange, Failure, Step};
use reelgate_core::time::UnixTime;

const NOW: UnixTime = UnixTime(1_700_000_000);

/// A part, its retry, its size, and all of the object.
const MOST_ASKS: usize = 5;

type Fields = Vec<(String, String)>;

fuzz_target!(|input: &str| {
    let mut blocks = input.split("\n\n");
    let asked = fields(blocks.next().unwrap_or_default());
    for method in [Method::Get, Method::Head] {
        exchange(method, &asked, blocks.clone());
    }
});

fn exchange<'a>(method: Method, asked: &Fields, mut blocks: impl Iterator<Item = &'a str>) {
    let config = Config::from_lookup(&variable).expect("a configuration");
    let request = Request {
        method,
        target: "/games/7/seg_00001.m4s",
        headers: asked,
    };
    let (mut exchange, mut step) = Exchange::start(&request, &config, NOW);
    let (mut asks, mut said) = (0, Fields::new());
    loop {
        step = match step {
            Step::Send(_) => {
                asks += 1;
                assert!(asks <= MOST_ASKS, "asked without end");
                match blocks.next().and_then(answer) {
                    Some((status, headers)) => {
                        said = headers;
                        let headers = &said;
                        exchange.next(Event::Head { status, headers }, NOW, 0)
                    }
                    None => exchange.next(Event::<Fields>::Failed(Failure::Broken), NOW, 0),
                }
            }
            Step::Pause(_) => exchange.next(Event::<Fields>::Paused, NOW, 0),
            Step::Read { limit } => {
                let document = blocks.next().unwrap_or_default().as_bytes();
                let document = &document[..document.len().min(limit)];
                exchange.next(Event::<Fields>::Body(document), NOW, 0)
            }
            Step::Forward(head) => {
                assert_eq!(method, Method::Get);
                return assert_agrees(&head, asked, &said);
            }
            Step::Answer(Answer { head, body }) => {
                assert!(matches!(head.status, 200 | 304 | 400..=599));
                assert!(method == Method::Get || body.is_empty());
                // A 206 or a 200 to GET has a body, which is the bucket's.
                assert!(method == Method::Head || head.status >= 300);
                return;
            }
        };
    }
}

/// Status, `Content-Range`, `Content-Length`, what was asked and what the bucket said.
fn assert_agrees(head: &Head, asked: &Fields, said: &Fields) {
    for (name, _) in &head.headers {
        let times = head.headers.iter().filter(|(other, _)| other == name);
        assert_eq!(times.count(), 1, "{name} twice");
    }
    let length: Option<u64> = head
        .headers
        .single("content-length")
        .map(|length| length.parse().expect("a number"));
    let sent = head.headers.single("content-range");
    let bucket = said.single("content-range").and_then(range_and_size);
    match head.status {
        200 => {
            assert_eq!(sent, None);
            if said.values("content-range").next().is_some() {
                let (first, last, size) = bucket.expect("it is readable");
                assert!(first == 0 && size == Some(last + 1), "a part as the whole");
                assert!(length.is_none_or(|length| length == last + 1));
            }
        }
        206 => {
            let (first, last, size) = sent.and_then(range_and_size).expect("a range");
            assert!(length.is_none_or(|length| length == last - first + 1));
            let range = asked.single("range").and_then(parse).expect("asked for");
            match range {
                ByteRange::FromTo {
                    first: from,
                    last: to,
                } => {
                    assert!(first == from && last <= to);
                }
                ByteRange::From { first: from } => assert_eq!(first, from),
                ByteRange::Last { length } => match size {
                    Some(size) => assert_eq!(first, size.saturating_sub(length)),
                    None => assert!(last - first < length),
                },
            }
        }
        status => panic!("{status} is forwarded"),
    }
}

/// `bytes 0-499/1234`, as RFC 9110 §14.4 has it; read by other means than the rules do.
fn range_and_size(value: &str) -> Option<(u64, u64, Option<u64>)> {
    let number = |text: &str| -> Option<u64> {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        // No position lies beyond what a signed number holds.
        let most = i64::MAX as u64;
        digits.then(|| text.parse().unwrap_or(most).min(most))
    };
    let (unit, rest) = value.split_once(' ')?;
    let (range, size) = rest.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let size = match size {
        "*" => None,
        size => Some(number(size)?),
    };
    let (first, last) = (number(first)?, number(last)?);
    let sane = unit.eq_ignore_ascii_case("bytes") && first <= last;
    (sane && size.is_none_or(|size| last < size)).then_some((first, last, size))
}

fn answer(block: &str) -> Option<(u16, Fields)> {
    let (status, headers) = block.split_once('\n').unwrap_or((block, ""));
    Some((status.trim().parse().ok()?, fields(headers)))
}

fn fields(lines: &str) -> Fields {
    let lines = lines.lines().filter_map(|line| line.split_once(':'));
    lines
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect()
}

fn variable(name: &str) -> Option<String> {
    let value = match name {
        "s3_endpoint" => "http://127.0.0.1:9000",
        "s3_bucket" => "films",
        "s3_access_key_id" | "s3_secret_access_key" => "key",
        _ => return None,
    };
    Some(value.to_owned())
}
