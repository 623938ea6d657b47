//! The one webhook of an account: who is told, and how it is signed.

use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use reqwest::Client;
use serde::Serialize;
use sha2::Sha256;

use crate::{hex::hex, video::State};

/// How long the one who is told may take. Stream's own patience is not documented.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where webhooks go.
#[derive(Clone)]
pub struct Subscription {
    /// The address that was given.
    pub notification_url: String,
    /// What they are signed with.
    pub secret: String,
    /// Since when.
    pub modified: Timestamp,
}

/// One webhook that was sent.
#[derive(Clone, Debug, Serialize)]
pub struct Delivery {
    /// Which video it told of.
    pub uid: String,
    /// The state it told.
    pub state: State,
    /// When it was sent.
    pub at: Timestamp,
    /// The answer's status.
    pub status: Option<u16>,
    /// Why there was no answer.
    pub problem: Option<String>,
}

/// The value of `Webhook-Signature` for a body that is sent at `time`, in seconds.
#[must_use]
pub fn signature(secret: &str, time: i64, body: &[u8]) -> String {
    // HMAC takes a key of any length (RFC 2104 §2).
    #[expect(clippy::expect_used, reason = "an HMAC has no wrong key length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length");
    mac.update(time.to_string().as_bytes());
    mac.update(b".");
    mac.update(body);
    format!("time={time},sig1={}", hex(&mac.finalize().into_bytes()))
}

/// Sends one webhook; what comes of it is the answer's status, or why there is none.
pub(crate) async fn deliver(
    client: &Client,
    to: &Subscription,
    body: String,
) -> Result<u16, String> {
    let time = Timestamp::now().as_second();
    let signature = signature(&to.secret, time, body.as_bytes());
    let sent = client
        .post(&to.notification_url)
        .header("webhook-signature", signature)
        .header("content-type", "application/json")
        .timeout(PATIENCE)
        .body(body)
        .send()
        .await;
    match sent {
        Ok(answer) => Ok(answer.status().as_u16()),
        Err(error) => Err(error.without_url().to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn a_webhook_is_signed_as_python_signs_it() {
        let vectors: Value =
            serde_json::from_str(include_str!("../../../tests/vectors.json")).unwrap();
        let vector = &vectors["webhook"];
        let text = |name: &str| vector[name].as_str().unwrap();
        let time = vector["time"].as_i64().unwrap();
        let expected = format!("time={time},sig1={}", text("sig1"));
        assert_eq!(
            signature(text("secret"), time, text("body").as_bytes()),
            expected
        );
    }
}
