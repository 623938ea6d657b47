//! Asking Cloudflare's API, for the few things a person asks it from a terminal.

use std::time::Duration;

use reelgate_core::{config::Lookup as _, video::config::api_base};
use reqwest::{Client, Method, StatusCode};
use serde_json::Value;

use crate::{
    exit::{Failure, Kind},
    plain::plain,
    settings::{Settings, SettingsArgs},
};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// The variable that the gate reads the webhook's secret from.
pub(super) const SECRET_VARIABLE: &str = "SPIN_VARIABLE_CF_STREAM_WEBHOOK_SECRET";

/// An account at Cloudflare.
pub(super) struct Cloudflare {
    client: Client,
    stream: String,
    token: String,
    /// The secrets that the gate has, if they are known here; it signs with the first.
    pub(super) gates_secrets: Vec<String>,
}

/// Who is called when a video is through.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Subscription {
    /// The address that is called.
    pub(super) notification_url: String,
    /// What calls are signed with.
    pub(super) secret: String,
    /// Since when, as Cloudflare writes it.
    pub(super) modified: String,
}

impl Cloudflare {
    /// The account of the gate's variables.
    ///
    /// # Errors
    /// What is missing.
    pub(super) fn new(args: &SettingsArgs) -> Result<Self, Failure> {
        let settings = Settings::read(args)?;
        let find = |name: &str| settings.get(name).filter(|value| !value.is_empty());
        let (account, token) = (find("cloudflare_account_id"), find("cf_stream_api_token"));
        let (Some(account), Some(token)) = (account, token) else {
            let error = "Stream is not configured: the account's id or the API token is missing";
            return Err(Failure::new(Kind::Configuration, error).with_help(
                "set SPIN_VARIABLE_CLOUDFLARE_ACCOUNT_ID and SPIN_VARIABLE_CF_STREAM_API_TOKEN, or name a file that does with --env-file",
            ));
        };
        let base = api_base(find("cf_stream_api_base").as_deref()).map_err(|wrong| {
            Failure::new(Kind::Configuration, format!("cf_stream_api_base {wrong}"))
        })?;
        let client = Client::builder()
            .timeout(PATIENCE)
            .redirect(reqwest::redirect::Policy::none())
            .build();
        Ok(Self {
            client: client.map_err(|error| Failure::new(Kind::Failed, error))?,
            stream: format!("{base}/accounts/{account}/stream"),
            token,
            gates_secrets: find("cf_stream_webhook_secret")
                .map(|list| secrets(&list))
                .unwrap_or_default(),
        })
    }

    /// Who is called now; `None` when nobody is.
    ///
    /// # Errors
    /// When Cloudflare refuses or cannot be reached.
    pub(super) async fn subscription(&self) -> Result<Option<Subscription>, Failure> {
        match self.ask(Method::GET, "/webhook", None).await {
            Ok(result) => Ok(subscription(&result)),
            Err(Refused::Not { status, .. }) if status == StatusCode::NOT_FOUND => Ok(None),
            Err(refused) => Err(refused.into()),
        }
    }

    /// Has this address called from now on, with another secret whatever address was called before
    /// (<https://developers.cloudflare.com/stream/manage-video-library/using-webhooks/>).
    ///
    /// # Errors
    /// As [`Self::subscription`].
    pub(super) async fn subscribe(&self, notification_url: &str) -> Result<Subscription, Failure> {
        let body = serde_json::json!({"notificationUrl": notification_url});
        let result = self.ask(Method::PUT, "/webhook", Some(body)).await?;
        subscription(&result).ok_or_else(|| Refused::Unreadable.into())
    }

    /// The newest thousand videos of the account.
    ///
    /// # Errors
    /// As [`Self::subscription`].
    pub(super) async fn videos(&self) -> Result<Vec<Value>, Failure> {
        match self.ask(Method::GET, "?limit=1000", None).await? {
            Value::Array(videos) => Ok(videos),
            _ => Err(Refused::Unreadable.into()),
        }
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value, Refused> {
        let url = format!("{}{path}", self.stream);
        let mut request = self.client.request(method, url).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request
                .header("content-type", "application/json")
                .body(body.to_string());
        }
        let answer = request.send().await.map_err(Refused::Unreached)?;
        let status = answer.status();
        let bytes = answer.bytes().await.map_err(Refused::Unreached)?;
        let envelope: Option<Value> = serde_json::from_slice(&bytes).ok();
        if !status.is_success() {
            let said = envelope.as_ref().and_then(said);
            return Err(Refused::Not { status, said });
        }
        let mut envelope = envelope.ok_or(Refused::Unreadable)?;
        Ok(envelope["result"].take())
    }
}

/// The secrets of a list, separated by commas or blanks.
fn secrets(list: &str) -> Vec<String> {
    let secrets = list.split(|c: char| c == ',' || c.is_whitespace());
    secrets
        .filter(|secret| !secret.is_empty())
        .map(str::to_owned)
        .collect()
}

fn subscription(result: &Value) -> Option<Subscription> {
    let text = |name: &str| result.get(name)?.as_str().map(str::to_owned);
    Some(Subscription {
        notification_url: text("notificationUrl").or_else(|| text("notification_url"))?,
        secret: text("secret")?,
        modified: text("modified").unwrap_or_default(),
    })
}

/// What Cloudflare's first error says, with its code.
fn said(envelope: &Value) -> Option<String> {
    let error = envelope.get("errors")?.get(0)?;
    let message = error.get("message")?.as_str()?;
    let code = error.get("code").map(|code| format!(" (code {code})"));
    Some(format!("{message}{}", code.unwrap_or_default()))
}

/// Why there is no result.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("Cloudflare cannot be reached")]
    Unreached(#[source] reqwest::Error),
    #[error("Cloudflare answered {status}{}", said.as_ref().map(|said| format!(": {}", plain(said))).unwrap_or_default())]
    Not {
        status: StatusCode,
        said: Option<String>,
    },
    #[error("Cloudflare's answer cannot be read")]
    Unreadable,
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        let help = match &refused {
            Refused::Not { status, .. } => help(*status),
            Refused::Unreached(_) => Some("check the network, and cf_stream_api_base if it is set"),
            Refused::Unreadable => Some("check cf_stream_api_base"),
        };
        let failure = Self::new(Kind::Failed, refused);
        match help {
            Some(help) => failure.with_help(help),
            None => failure,
        }
    }
}

fn help(status: StatusCode) -> Option<&'static str> {
    match status {
        StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            Some("check the account's id, and that the API token may edit Stream in it")
        }
        StatusCode::TOO_MANY_REQUESTS => {
            Some("wait five minutes: Cloudflare allows 1,200 requests in that time")
        }
        _ => None,
    }
}
