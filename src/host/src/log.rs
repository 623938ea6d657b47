//! One line a request, and what components and the host have to say. Never a credential.
//!
//! Lines are collected and written by a thread of their own, a batch every few milliseconds: a log
//! that is read slowly costs lines, which are counted, and never holds up a viewer.

use prometheus_client::metrics::counter::Counter;
use reelgate_core::origin::{Level, Note};
use std::cell::RefCell;
use std::io::{self, Write as _};
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};

/// How long lines are collected before they are written.
const BATCH: Duration = Duration::from_millis(20);
/// Lines that wait for a slow reader, in bytes.
const WAITING: usize = 4 << 20;
/// A longer line of a component is cut.
const COMPONENT_LINE: usize = 4096;
/// A longer text is cut in a line about a request: clients choose methods, tokens hold any subject.
const REQUEST_FIELD: usize = 256;

/// How lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// `key=value`, for people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// A request that is over.
#[derive(Debug, Default)]
pub(crate) struct Access<'a> {
    /// The identity of the request, in the answer's `x-request-id` too.
    pub(crate) request_id: &'a str,
    /// The client's address.
    pub(crate) client: &'a str,
    /// The method.
    pub(crate) method: &'a str,
    /// The route of the manifest that matched: a path might hold a session.
    pub(crate) route: &'a str,
    /// The host that was asked for.
    pub(crate) host: &'a str,
    /// The version of HTTP.
    pub(crate) http: &'a str,
    /// The version of TLS; empty without.
    pub(crate) tls: &'a str,
    /// What the client calls itself.
    pub(crate) user_agent: &'a str,
    /// The status of the answer.
    pub(crate) status: u16,
    /// Bytes of body that were sent.
    pub(crate) bytes: u64,
    /// From the request's arrival to the end of the answer.
    pub(crate) duration: Duration,
    /// Whether the whole answer was sent; `false` where it broke or the client left.
    pub(crate) complete: bool,
    /// The game asked for.
    pub(crate) game: &'a str,
    /// Who asked, in the words of the token.
    pub(crate) subject: &'a str,
    /// Why it was refused.
    pub(crate) reason: &'a str,
    /// The trace it belongs to; empty where it is in none.
    pub(crate) trace_id: &'a str,
}

impl Access<'_> {
    fn fields(&self) -> [(&'static str, Field<'_>); 16] {
        let text = |value| Field::Text(cut(value, REQUEST_FIELD));
        [
            ("request_id", text(self.request_id)),
            ("client", text(self.client)),
            ("method", text(self.method)),
            ("route", text(self.route)),
            ("status", Field::Whole(self.status.into())),
            ("bytes", Field::Whole(self.bytes)),
            ("duration_ms", Field::Milliseconds(self.duration)),
            ("complete", Field::Flag(self.complete)),
            ("game", text(self.game)),
            ("subject", text(self.subject)),
            ("reason", text(self.reason)),
            ("host", text(self.host)),
            ("http", text(self.http)),
            ("tls", text(self.tls)),
            ("user_agent", text(self.user_agent)),
            ("trace_id", text(self.trace_id)),
        ]
    }
}

/// The value of one field; an empty text is left out of its line.
#[derive(Clone, Copy, Debug)]
enum Field<'a> {
    Text(&'a str),
    Whole(u64),
    Milliseconds(Duration),
    Flag(bool),
}

impl Field<'_> {
    fn is_empty(self) -> bool {
        matches!(self, Self::Text(""))
    }

    fn write(self, format: Format, line: &mut Vec<u8>) -> io::Result<()> {
        match self {
            Self::Text(text) if format == Format::Text && is_a_word(text) => {
                line.write_all(text.as_bytes())
            }
            Self::Text(text) => write_quoted(text, line),
            Self::Whole(number) => write!(line, "{number}"),
            Self::Milliseconds(time) => {
                let micros = time.as_micros();
                write!(line, "{}.{:03}", micros / 1000, micros % 1000)
            }
            Self::Flag(flag) => write!(line, "{flag}"),
        }
    }
}

/// A text in quotes, as JSON has it, in which nothing moves a terminal's cursor or turns its line around:
/// control characters of Unicode, line separators and marks of direction are escaped as well.
fn write_quoted(text: &str, line: &mut Vec<u8>) -> io::Result<()> {
    line.write_all(b"\"")?;
    for character in text.chars() {
        match character {
            '"' | '\\' => write!(line, "\\{character}")?,
            '\n' => line.write_all(b"\\n")?,
            '\r' => line.write_all(b"\\r")?,
            '\t' => line.write_all(b"\\t")?,
            _ if is_unfit_to_show(character) => write!(line, "\\u{:04x}", u32::from(character))?,
            _ => line.write_all(character.encode_utf8(&mut [0; 4]).as_bytes())?,
        }
    }
    line.write_all(b"\"")
}

/// All of these are below U+10000, so that four digits do.
fn is_unfit_to_show(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        )
}

/// The beginning of `text`, of at most `most` bytes.
fn cut(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}

/// What needs no quotes among `key=value`. Subjects come from tokens and may hold anything.
fn is_a_word(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'=')
}

fn render<'a>(
    format: Format,
    fields: impl IntoIterator<Item = &'a (&'a str, Field<'a>)>,
    line: &mut Vec<u8>,
) -> io::Result<()> {
    let (open, colon, comma, close) = match format {
        Format::Json => ("{", ":", ",", "}\n"),
        Format::Text => ("", "=", " ", "\n"),
    };
    line.write_all(open.as_bytes())?;
    let mut separator = "";
    let fields = fields.into_iter().filter(|(_, field)| !field.is_empty());
    for (name, field) in fields {
        line.write_all(separator.as_bytes())?;
        match format {
            Format::Json => write!(line, "\"{name}\"")?,
            Format::Text => line.write_all(name.as_bytes())?,
        }
        line.write_all(colon.as_bytes())?;
        field.write(format, line)?;
        separator = comma;
    }
    line.write_all(close.as_bytes())
}

/// The log of a process.
#[derive(Clone, Debug)]
pub struct Log(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    format: Format,
    lost: Counter,
    waiting: Mutex<Waiting>,
    arrived: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    bytes: Vec<u8>,
    lost: usize,
}

impl Log {
    /// A log on standard error.
    #[must_use]
    pub fn new(format: Format) -> Self {
        let inner = Arc::new(Inner {
            format,
            lost: Counter::default(),
            waiting: Mutex::default(),
            arrived: Condvar::new(),
        });
        let writer = Arc::downgrade(&inner);
        std::thread::spawn(move || {
            while let Some(inner) = writer.upgrade() {
                inner.wait();
                std::thread::sleep(BATCH);
                inner.write();
            }
        });
        Self(inner)
    }

    /// How many lines were lost so far.
    pub(crate) fn lost(&self) -> Counter {
        self.0.lost.clone()
    }

    /// A request is over.
    pub(crate) fn access(&self, access: &Access<'_>) {
        self.line("request", &access.fields());
    }

    /// Something is as it should be.
    pub fn info(&self, message: &str) {
        self.message("info", "host", message);
    }

    /// Something an operator has to mend.
    pub fn error(&self, component: &str, message: &str) {
        self.message("error", component, message);
    }

    /// What the origin has to say about the bucket.
    pub(crate) fn note(&self, component: &str, note: &Note) {
        let level = match note.level {
            Level::Error => "error",
            Level::Warning => "warning",
        };
        self.message(level, component, &note.to_string());
    }

    /// Writes what waits; for the end of a process.
    pub fn flush(&self) {
        self.0.write();
    }

    fn message(&self, level: &str, component: &str, message: &str) {
        let (level, component, message) = (
            Field::Text(level),
            Field::Text(component),
            Field::Text(message),
        );
        self.line(
            "message",
            &[
                ("level", level),
                ("component", component),
                ("message", message),
            ],
        );
    }

    fn line(&self, kind: &str, fields: &[(&str, Field<'_>)]) {
        thread_local! {
            static LINE: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
        }
        let time = now_in_milliseconds().to_string();
        let first = [("time", Field::Text(&time)), ("kind", Field::Text(kind))];
        LINE.with_borrow_mut(|line| {
            line.clear();
            // Into memory: nothing that could fail.
            if render(self.0.format, first.iter().chain(fields), line).is_ok() {
                self.0.push(line);
            }
        });
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, line: &[u8]) {
        let mut waiting = self.lock();
        if waiting.bytes.len() + line.len() > WAITING {
            waiting.lost += 1;
            self.lost.inc();
            return;
        }
        let first = waiting.bytes.is_empty();
        waiting.bytes.extend_from_slice(line);
        drop(waiting);
        if first {
            self.arrived.notify_one();
        }
    }

    /// Waits for a line, or long enough to see whether the log is still wanted.
    fn wait(&self) {
        let waiting = self.lock();
        if waiting.bytes.is_empty() {
            drop(self.arrived.wait_timeout(waiting, Duration::from_secs(1)));
        }
    }

    fn write(&self) {
        let Waiting { bytes, lost } = std::mem::take(&mut *self.lock());
        if bytes.is_empty() {
            return;
        }
        let mut stderr = io::stderr().lock();
        // Nobody is left to be told when standard error is closed.
        drop(stderr.write_all(&bytes));
        if lost > 0 {
            drop(writeln!(
                stderr,
                "reelgate: {lost} log lines were lost to a slow reader"
            ));
        }
    }
}

fn now_in_milliseconds() -> jiff::Timestamp {
    let now = jiff::Timestamp::now();
    jiff::Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
}

/// Standard output and error of a component: every line becomes a line of the log.
#[derive(Clone, Debug)]
pub(crate) struct ComponentOutput {
    log: Log,
    component: String,
    line: Vec<u8>,
}

impl ComponentOutput {
    pub(crate) fn new(log: Log, component: String) -> Self {
        Self {
            log,
            component,
            line: Vec::new(),
        }
    }

    fn end_line(&mut self) {
        let line = String::from_utf8_lossy(&std::mem::take(&mut self.line)).into_owned();
        let (level, message) = match line.split_once(": ") {
            Some((level @ ("error" | "warning" | "info"), message)) => (level, message),
            _ => ("info", line.as_str()),
        };
        self.log.message(level, &self.component, message);
    }
}

impl IsTerminal for ComponentOutput {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for ComponentOutput {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }
}

impl AsyncWrite for ComponentOutput {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        for &byte in bytes {
            match byte {
                b'\n' => self.end_line(),
                _ if self.line.len() < COMPONENT_LINE => self.line.push(byte),
                _ => {}
            }
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(format: Format, fields: &[(&str, Field<'_>)]) -> String {
        let mut line = Vec::new();
        render(format, fields, &mut line).unwrap();
        String::from_utf8(line).unwrap()
    }

    const FIELDS: [(&str, Field<'_>); 5] = [
        ("route", Field::Text("/games/...")),
        ("subject", Field::Text("a \"b\"\nstatus=200")),
        ("reason", Field::Text("")),
        ("status", Field::Whole(403)),
        ("complete", Field::Flag(true)),
    ];

    #[test]
    fn a_json_line_is_one_object_of_what_is_known() {
        let value: serde_json::Value = serde_json::from_str(&line(Format::Json, &FIELDS)).unwrap();
        let expected = serde_json::json!({
            "route": "/games/...", "subject": "a \"b\"\nstatus=200", "status": 403, "complete": true
        });
        assert_eq!(value, expected);
    }

    #[test]
    fn a_text_line_stays_one_line_whatever_a_token_says() {
        let expected =
            "route=/games/... subject=\"a \\\"b\\\"\\nstatus=200\" status=403 complete=true\n";
        assert_eq!(line(Format::Text, &FIELDS), expected);
    }

    /// ECMA-48's control sequence introducer, Unicode's marks of direction, its separators of lines.
    #[test]
    fn what_moves_a_cursor_or_turns_a_line_around_is_escaped() {
        let subject = "a\u{9b}31m\u{202e}b\u{2028}c\u{1b}[2J \u{fc}";
        let fields = [("subject", Field::Text(subject))];
        let text = line(Format::Text, &fields);
        assert_eq!(
            text,
            "subject=\"a\\u009b31m\\u202eb\\u2028c\\u001b[2J \u{fc}\"\n"
        );
        let value: serde_json::Value = serde_json::from_str(&line(Format::Json, &fields)).unwrap();
        assert_eq!(value, serde_json::json!({ "subject": subject }));
    }

    #[test]
    fn what_a_client_chose_does_not_fill_the_log() {
        let long = "M".repeat(60_000);
        let access = Access {
            method: &long,
            subject: &"\u{fc}".repeat(60_000),
            ..Access::default()
        };
        let line = line(Format::Text, &access.fields());
        assert!(line.len() < 1000, "{}", line.len());
    }
}
