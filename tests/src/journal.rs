//! The host's log, read as an operator's tools would: one JSON object a line.

use crate::deadline::within;
use crate::process::Output;
use serde::Deserialize;

/// The line of a request.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the names are the log's own")]
pub struct RequestLine {
    pub time: String,
    pub kind: String,
    pub request_id: String,
    pub client: String,
    pub method: String,
    #[serde(default)]
    pub route: String,
    pub status: u16,
    pub bytes: u64,
    pub duration_ms: f64,
    pub complete: bool,
    #[serde(default)]
    pub game: String,
    #[serde(default)]
    pub subject: String,
    #[serde(default)]
    pub reason: String,
    #[serde(default)]
    pub host: String,
    pub http: String,
    #[serde(default)]
    pub tls: String,
    #[serde(default)]
    pub user_agent: String,
    #[serde(default)]
    pub trace_id: String,
}

/// A line of something else.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the names are the log's own")]
pub struct Message {
    pub time: String,
    pub kind: String,
    pub level: String,
    pub component: String,
    #[serde(default)]
    pub message: String,
}

/// A log in the format `json`.
#[derive(Clone, Debug)]
pub struct Journal(Output);

impl Journal {
    /// The log that `output` is.
    #[must_use]
    pub fn new(output: &Output) -> Self {
        Self(output.clone())
    }

    /// Waits for the line of the request with that id.
    ///
    /// # Panics
    ///
    /// There is none.
    pub async fn request(&self, id: &str) -> RequestLine {
        let of_id = |line: &str| request(line).filter(|line| line.request_id == id);
        let found = within(&format!("the line of request {id}"), self.0.find(of_id)).await;
        found.expect("a line before the log ends")
    }

    /// Waits for a message that contains `part`.
    ///
    /// # Panics
    ///
    /// There is none.
    pub async fn message(&self, part: &str) -> Message {
        let with_part = |line: &str| message(line).filter(|line| line.message.contains(part));
        let found = within(&format!("a message with `{part}`"), self.0.find(with_part)).await;
        found.unwrap_or_else(|| panic!("no message with `{part}` in {:#?}", self.0.so_far()))
    }

    /// The messages so far.
    #[must_use]
    pub fn messages(&self) -> Vec<Message> {
        self.0
            .so_far()
            .iter()
            .filter_map(|line| message(line))
            .collect()
    }

    /// The lines of requests so far.
    #[must_use]
    pub fn requests(&self) -> Vec<RequestLine> {
        self.0
            .so_far()
            .iter()
            .filter_map(|line| request(line))
            .collect()
    }
}

fn request(line: &str) -> Option<RequestLine> {
    serde_json::from_str(line)
        .ok()
        .filter(|line: &RequestLine| line.kind == "request")
}

fn message(line: &str) -> Option<Message> {
    serde_json::from_str(line)
        .ok()
        .filter(|line: &Message| line.kind == "message")
}

/// Every line of `log` is one of the two kinds, and none holds a secret, a credential or a signed URL.
///
/// # Panics
///
/// One does.
pub fn assert_clean(log: &str, secrets: &[&str]) {
    for line in log.lines() {
        let known = request(line).is_some() || message(line).is_some();
        assert!(known, "no line of a log: {line}");
        // Every JWT begins with the base64 of `{"`.
        for secret in secrets.iter().chain(&["eyJ", "X-Amz-", "Signature="]) {
            assert!(!line.contains(secret), "`{secret}` in {line}");
        }
    }
}
