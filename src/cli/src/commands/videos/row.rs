//! A video's row as the API gives it, and how it looks on a terminal.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    exit::{Failure, Kind},
    plain::plain,
};

/// A row. What is not known here is kept for `--json`.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Row {
    pub(super) id: String,
    pub(super) source_key: String,
    pub(super) status: String,
    pub(super) attempt: u32,
    pub(super) stream_uid: Option<String>,
    pub(super) hls_url: Option<String>,
    pub(super) dash_url: Option<String>,
    pub(super) thumbnail_url: Option<String>,
    pub(super) duration_seconds: Option<f64>,
    pub(super) pct_complete: Option<f64>,
    pub(super) error: Option<RowError>,
    pub(super) retry_at: Option<String>,
    #[serde(default)]
    pub(super) meta: Map<String, Value>,
    pub(super) created_at: String,
    pub(super) updated_at: String,
    #[serde(default)]
    pub(super) history: Vec<Transition>,
    #[serde(flatten)]
    pub(super) more: Map<String, Value>,
}

/// Why a video failed.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct RowError {
    pub(super) code: String,
    pub(super) message: String,
}

/// One change of status.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Transition {
    at: String,
    from: Option<String>,
    to: String,
    cause: String,
}

/// A part of a list.
#[derive(Debug, Deserialize)]
pub(super) struct Page {
    pub(super) videos: Vec<Row>,
    pub(super) next_cursor: Option<String>,
}

impl Row {
    /// Nothing more happens by itself.
    pub(super) fn is_over(&self) -> bool {
        matches!(self.status.as_str(), "ready" | "failed")
    }

    /// The status, with how much of an encoding is done.
    pub(super) fn progress(&self) -> String {
        match (self.status.as_str(), self.pct_complete) {
            ("encoding", Some(pct)) => format!("encoding {pct:.0} %"),
            (status, _) => plain(status).into_owned(),
        }
    }

    /// Whether the command that started the encoding has done what was asked: who waited and got a
    /// failed video, has not.
    pub(super) fn verdict(&self, waited: bool) -> Result<(), Failure> {
        let failed = self
            .error
            .as_ref()
            .filter(|_| waited || self.status == "failed");
        let Some(error) = failed else { return Ok(()) };
        let text = format!(
            "{} failed: {} ({})",
            self.id,
            plain(&error.message),
            plain(&error.code)
        );
        let help = format!("mend the cause, then `reelgate videos retry {}`", self.id);
        Err(Failure::new(Kind::Failed, text).with_help(help))
    }

    /// For scripts.
    pub(super) fn json(&self) -> Result<String, Failure> {
        serde_json::to_string(self).map_err(|error| Failure::new(Kind::Failed, error))
    }

    /// For people.
    pub(super) fn text(&self) -> String {
        let mut text = format!("{}: {}", plain(&self.id), self.progress());
        let mut line = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                // Writing to a string cannot fail.
                let _ = write!(text, "\n  {name:<11}{}", plain(&value));
            }
        };
        let error = self
            .error
            .as_ref()
            .map(|error| format!("{} ({})", error.message, error.code));
        line("error", error);
        line("HLS", self.hls_url.clone());
        line("DASH", self.dash_url.clone());
        line("thumbnail", self.thumbnail_url.clone());
        line("length", self.duration_seconds.map(clock));
        line("source", Some(self.source_key.clone()));
        let attempt = self.stream_uid.as_ref().map_or_else(
            || self.attempt.to_string(),
            |uid| format!("{}, at Stream as {uid}", self.attempt),
        );
        line("attempt", Some(attempt).filter(|_| self.attempt > 0));
        line("submit at", self.retry_at.clone());
        let meta = (!self.meta.is_empty()).then(|| Value::from(self.meta.clone()).to_string());
        line("meta", meta);
        for (n, change) in self.history.iter().enumerate() {
            let name = if n == 0 { "history" } else { "" };
            let told = format!("{}  {} ({})", change.at, change.to, change.cause);
            line(name, Some(told));
        }
        text
    }
}

/// Seconds as people write the length of a film.
fn clock(seconds: f64) -> String {
    let tenths = (seconds * 10.0).round() as u64;
    let (whole, tenth) = (tenths / 10, tenths % 10);
    let (minutes, seconds) = (whole / 60, whole % 60);
    match minutes / 60 {
        0 => format!("{minutes}:{seconds:02}.{tenth}"),
        hours => format!("{hours}:{:02}:{seconds:02}", minutes % 60),
    }
}

/// A list for people.
pub(super) fn table(rows: &[Row]) -> String {
    if rows.is_empty() {
        return "no videos".to_owned();
    }
    let mut lines = vec![["ID", "STATUS", "UPDATED", "WHAT"].map(str::to_owned)];
    lines.extend(rows.iter().map(|row| {
        [
            plain(&row.id).into_owned(),
            row.progress(),
            plain(&row.updated_at).into_owned(),
            plain(what(row)).into_owned(),
        ]
    }));
    let width = |column: usize| {
        let widths = lines.iter().map(|line| line[column].chars().count());
        widths.max().unwrap_or(0)
    };
    let widths = [width(0), width(1), width(2)];
    let lines = lines.iter().map(|[id, status, updated, what]| {
        format!(
            "{id:<0$}  {status:<1$}  {updated:<2$}  {what}",
            widths[0], widths[1], widths[2]
        )
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// What one wants to know of a video in a list.
fn what(row: &Row) -> &str {
    let error = row.error.as_ref().map(|error| error.message.as_str());
    error.or(row.hls_url.as_deref()).unwrap_or(&row.source_key)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn row(status: &str, more: Value) -> Row {
        let mut row = json!({
            "id": "film", "source_key": "uploads/film/film.mp4", "status": status, "attempt": 1,
            "stream_uid": null, "hls_url": null, "dash_url": null, "thumbnail_url": null,
            "duration_seconds": null, "pct_complete": null, "error": null, "retry_at": null,
            "meta": {}, "created_at": "2025-10-09T08:53:20Z", "updated_at": "2025-10-09T08:54:00Z",
            "history": [
                {"at": "2025-10-09T08:53:20Z", "from": null, "to": "uploading", "cause": "register"},
                {"at": "2025-10-09T08:54:00Z", "from": "uploading", "to": "encoding", "cause": "encode"},
            ],
        });
        for (name, value) in more.as_object().unwrap() {
            row[name] = value.clone();
        }
        serde_json::from_value(row).unwrap()
    }

    #[test]
    fn a_row_reads_well() {
        let row = row(
            "ready",
            json!({"hls_url": "https://x/v.m3u8", "duration_seconds": 65.52, "stream_uid": "8f3a"}),
        );
        assert_eq!(
            row.text(),
            "film: ready\n  \
             HLS        https://x/v.m3u8\n  \
             length     1:05.5\n  \
             source     uploads/film/film.mp4\n  \
             attempt    1, at Stream as 8f3a\n  \
             history    2025-10-09T08:53:20Z  uploading (register)\n             \
             2025-10-09T08:54:00Z  encoding (encode)"
        );
        assert!(row.verdict(true).is_ok());
    }

    #[test]
    fn a_list_is_aligned() {
        let error = json!({"code": "ERR_NON_VIDEO", "message": "not a film\u{7}"});
        let rows = [
            row("encoding", json!({"pct_complete": 39.0})),
            row("failed", json!({"id": "x", "error": error})),
        ];
        assert_eq!(
            table(&rows),
            "ID    STATUS         UPDATED               WHAT\n\
             film  encoding 39 %  2025-10-09T08:54:00Z  uploads/film/film.mp4\n\
             x     failed         2025-10-09T08:54:00Z  not a film\u{fffd}"
        );
        assert_eq!(table(&[]), "no videos");
        let failure = rows[1].verdict(true).unwrap_err().to_string();
        assert!(
            failure.starts_with("error: x failed: not a film"),
            "{failure}"
        );
    }

    #[test]
    fn json_keeps_what_is_not_known_here() {
        let row = row("queued", json!({"colour": "blue"}));
        let json: Value = serde_json::from_str(&row.json().unwrap()).unwrap();
        assert_eq!(json["colour"], "blue");
        assert_eq!(json["hls_url"], Value::Null);
    }

    #[test]
    fn lengths_are_written_as_a_clock() {
        assert_eq!(clock(5.5), "0:05.5");
        assert_eq!(clock(59.96), "1:00.0");
        assert_eq!(clock(7384.0), "2:03:04");
    }
}
