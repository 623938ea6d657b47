//! One line a request, and what components and the host have to say. Never a credential.
//!
//! Lines are collected and written by a thread of their own, a batch every few milliseconds: a log
//! that is read slowly costs lines, which are counted, and never holds up a viewer.

use reelgate_core::origin::{Level, Note};
use serde::Serialize;
use std::io::Write as _;
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
/// A longer line of a guest is cut.
const GUEST_LINE: usize = 4096;

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
#[derive(Debug, Default, Serialize)]
pub(crate) struct Access<'a> {
    /// The identity of the request, in the answer's `x-request-id` too.
    pub(crate) request_id: &'a str,
    /// The client's address.
    pub(crate) client: std::borrow::Cow<'a, str>,
    /// The method.
    pub(crate) method: &'a str,
    /// The route of the manifest that matched: a path might hold a session.
    pub(crate) route: &'a str,
    /// The status of the answer.
    pub(crate) status: u16,
    /// Bytes of body that were sent.
    pub(crate) bytes: u64,
    /// From the request's arrival to the end of the answer.
    pub(crate) duration_ms: f64,
    /// Whether the whole answer was sent; `false` where it broke or the client left.
    pub(crate) complete: bool,
    /// The game asked for.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(crate) game: &'a str,
    /// Who asked, in the words of the token.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(crate) subject: &'a str,
    /// Why it was refused.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(crate) reason: &'a str,
}

#[derive(Serialize)]
struct Message<'a> {
    level: &'a str,
    component: &'a str,
    message: &'a str,
}

#[derive(Serialize)]
struct Line<'a, T> {
    time: jiff::Timestamp,
    kind: &'a str,
    #[serde(flatten)]
    fields: T,
}

/// The log of a process.
#[derive(Clone, Debug)]
pub struct Log(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    format: Format,
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

    /// A request is over.
    pub(crate) fn access(&self, access: &Access<'_>) {
        self.line("request", access);
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
        self.line(
            "message",
            &Message {
                level,
                component,
                message,
            },
        );
    }

    fn line(&self, kind: &str, fields: impl Serialize) {
        let line = Line {
            time: now_in_milliseconds(),
            kind,
            fields,
        };
        // A line is plain data: only a bug could keep it from being JSON.
        let Ok(json) = serde_json::to_vec(&line) else {
            return;
        };
        let bytes = match self.0.format {
            Format::Json => json,
            Format::Text => text(&json),
        };
        self.0.push(&bytes);
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
            return;
        }
        let first = waiting.bytes.is_empty();
        waiting.bytes.extend_from_slice(line);
        waiting.bytes.push(b'\n');
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
        let mut stderr = std::io::stderr().lock();
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

/// The same fields as `key=value`, strings bare where they have no blank.
fn text(json: &[u8]) -> Vec<u8> {
    let Ok(fields) = serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(json)
    else {
        return json.to_vec();
    };
    let words: Vec<String> = fields
        .into_iter()
        .map(|(key, value)| match value {
            serde_json::Value::String(text) if !text.contains([' ', '"', '=']) => {
                format!("{key}={text}")
            }
            value => format!("{key}={value}"),
        })
        .collect();
    words.join(" ").into_bytes()
}

/// Standard output and error of a component: every line becomes a line of the log.
#[derive(Clone, Debug)]
pub(crate) struct GuestOutput {
    log: Log,
    component: String,
    line: Vec<u8>,
}

impl GuestOutput {
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

impl IsTerminal for GuestOutput {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for GuestOutput {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }
}

impl AsyncWrite for GuestOutput {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        for &byte in bytes {
            match byte {
                b'\n' => self.end_line(),
                _ if self.line.len() < GUEST_LINE => self.line.push(byte),
                _ => {}
            }
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
