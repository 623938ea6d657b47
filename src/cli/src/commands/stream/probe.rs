//! Whether the running gate would take what Stream sends. Only it can say: its file may have been
//! changed since it was started.

use std::time::Duration;

use jiff::Timestamp;
use reelgate_fake_stream::signature;
use reqwest::{StatusCode, redirect::Policy};
use serde_json::Value;

use super::cloudflare::Subscription;
use crate::plain::plain;

/// How long the gate may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// A body that is no report. The gate looks at the signature first, and at the catalog never.
const NO_REPORT: &str = "{}";

/// What the gate made of a webhook that is signed as Stream signs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Probed {
    /// It believes the signature.
    Believed,
    /// It has another secret.
    OtherSecret,
    /// It has the secret, and this machine and that one do not agree on the time.
    Clock,
    /// It has no secret.
    NoSecret,
    /// Something else answers at that address, or a gate that is not well.
    Strange(u16),
    /// It cannot be reached from here.
    Unreached(String),
}

/// Sends the gate a webhook that reports nothing.
pub(super) async fn probe(subscription: &Subscription) -> Probed {
    match send(subscription).await {
        Ok((status, problem)) => Probed::of(status.as_u16(), &problem),
        Err(error) => Probed::Unreached(last_cause(&error)),
    }
}

async fn send(to: &Subscription) -> reqwest::Result<(StatusCode, Value)> {
    let client = reqwest::Client::builder()
        .timeout(PATIENCE)
        .redirect(Policy::none())
        .build()?;
    let now = Timestamp::now().as_second();
    let answer = client
        .post(&to.notification_url)
        .header(
            "webhook-signature",
            signature(&to.secret, now, NO_REPORT.as_bytes()),
        )
        .header("content-type", "application/json")
        .body(NO_REPORT)
        .send()
        .await?;
    let status = answer.status();
    // What is no JSON is no problem of a gate.
    Ok((
        status,
        serde_json::from_slice(&answer.bytes().await?).unwrap_or_default(),
    ))
}

fn last_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

impl Probed {
    /// Reads the gate's answer; the problem's words are those of `reelgate_core::video`.
    fn of(status: u16, problem: &Value) -> Self {
        let text = |name: &str| problem[name].as_str().unwrap_or_default();
        match (status, text("reason")) {
            (400, "not_a_report" | "not_json") => Self::Believed,
            (401, "signature_stale") => Self::Clock,
            (401, "signature_mismatch") => Self::OtherSecret,
            (503, _) if text("type").ends_with("not-configured") => Self::NoSecret,
            _ => Self::Strange(status),
        }
    }

    /// The word for programs.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Believed => "believed",
            Self::OtherSecret => "other_secret",
            Self::Clock => "clock",
            Self::NoSecret => "no_secret",
            Self::Strange(_) => "strange",
            Self::Unreached(_) => "unreached",
        }
    }

    /// What it means, and what to do.
    pub(super) fn in_words(&self) -> String {
        match self {
            Self::Believed => "the running gate believes Stream".to_owned(),
            Self::OtherSecret => "the running gate has ANOTHER secret, and refuses every webhook: \
                put the line that `reelgate stream subscribe` prints into its variables and restart it"
                .to_owned(),
            Self::Clock => "the running gate has it, and its clock differs from this machine's by \
                more than five minutes: set the clocks"
                .to_owned(),
            Self::NoSecret => "the running gate has NONE: put the line that \
                `reelgate stream subscribe` prints into its variables and restart it"
                .to_owned(),
            Self::Strange(status) => format!(
                "what is at that address answers {status}, which no gate does: see whether the \
                 address leads to one, and whether it is well"
            ),
            Self::Unreached(why) => format!(
                "the gate cannot be asked from here ({}): run this where that address can be reached",
                plain(why)
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_says_what_the_gate_has() {
        let of = |status, reason| Probed::of(status, &json!({ "reason": reason }));
        assert_eq!(of(400, "not_a_report"), Probed::Believed);
        assert_eq!(of(401, "signature_mismatch"), Probed::OtherSecret);
        assert_eq!(of(401, "signature_stale"), Probed::Clock);
        let unset = json!({ "type": "urn:reelgate:problem:not-configured" });
        assert_eq!(Probed::of(503, &unset), Probed::NoSecret);
        for (status, reason) in [
            (200, ""),
            (301, ""),
            (400, ""),
            (401, ""),
            (404, ""),
            (503, ""),
        ] {
            assert_eq!(of(status, reason), Probed::Strange(status));
        }
    }
}
