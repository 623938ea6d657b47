//! The gate's own API, as its commands ask it.

use std::time::Duration;

use reelgate_core::config::Lookup as _;
use reqwest::{Client, Method, StatusCode, Url};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{
    exit::{Failure, Kind},
    plain::plain,
    settings::{Settings, SettingsArgs},
};

/// How long an answer may take; submitting waits for Stream.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where `reelgate serve` listens unless it is told otherwise.
const DEFAULT_URL: &str = "http://127.0.0.1:8787";

/// Which gate, and what opens its API.
#[derive(clap::Args)]
pub(crate) struct GateArgs {
    /// The gate's address [env: REELGATE_URL] [default: http://127.0.0.1:8787]
    #[arg(long, value_name = "URL", value_parser = base)]
    url: Option<Url>,
    /// The gate's admin_token [env: REELGATE_ADMIN_TOKEN or SPIN_VARIABLE_ADMIN_TOKEN]
    #[arg(long, value_name = "TOKEN")]
    admin_token: Option<String>,
    #[command(flatten)]
    settings: SettingsArgs,
}

/// A gate and its API.
pub(crate) struct Gate {
    client: Client,
    base: Url,
    token: String,
}

/// Why a gate did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    /// There was no answer.
    #[error("{base} cannot be reached")]
    Unreached {
        /// The gate.
        base: Url,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// The answer is an error; in the words of its problem document (RFC 9457) if it has one.
    #[error("the gate says: {}", .0.text())]
    Problem(Problem),
    /// The answer is no JSON that is known here.
    #[error("{base} does not answer as a gate does")]
    Unreadable {
        /// Who answered.
        base: Url,
    },
}

/// An error of the API.
#[derive(Debug)]
pub(crate) struct Problem {
    /// The answer's status.
    pub(crate) status: StatusCode,
    /// The end of its type: `stream-disabled`; empty where there is none.
    slug: String,
    title: Option<String>,
    detail: Option<String>,
}

/// What the types of the gate's problems begin with.
const TYPE: &str = "urn:reelgate:problem:";

impl Problem {
    fn new(status: StatusCode, body: &[u8]) -> Self {
        let body: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
        let text = |name: &str| Some(plain(body.get(name)?.as_str()?).into_owned());
        let kind = body.get("type").and_then(Value::as_str).unwrap_or_default();
        Self {
            status,
            slug: kind.strip_prefix(TYPE).unwrap_or_default().to_owned(),
            title: text("title"),
            detail: text("detail"),
        }
    }

    fn text(&self) -> String {
        match (&self.title, &self.detail) {
            (Some(title), Some(detail)) => format!("{title}: {detail}"),
            (Some(only), None) | (None, Some(only)) => only.clone(),
            (None, None) => self.status.to_string(),
        }
    }
}

impl Gate {
    /// The gate of the arguments.
    ///
    /// # Errors
    /// That nothing opens its API.
    pub(crate) fn new(args: &GateArgs) -> Result<Self, Failure> {
        let settings = Settings::read(&args.settings)?;
        let token = args
            .admin_token
            .clone()
            .or_else(|| settings.named("REELGATE_ADMIN_TOKEN"))
            .or_else(|| settings.get("admin_token"));
        let token = token.ok_or_else(|| {
            Failure::new(Kind::Configuration, "the gate's admin_token is not given")
                .with_help("set REELGATE_ADMIN_TOKEN, or name the gate's own file with --env-file")
        })?;
        let url = match &args.url {
            Some(url) => url.clone(),
            None => url_of(&settings)?,
        };
        Self::at(url, token)
    }

    /// The gate at an address.
    ///
    /// # Errors
    /// That there is no TLS.
    pub(crate) fn at(base: Url, token: String) -> Result<Self, Failure> {
        let client = Client::builder()
            .connect_timeout(Duration::from_secs(10))
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| Failure::new(Kind::Failed, error))?;
        Ok(Self {
            client,
            base,
            token,
        })
    }

    /// Where it is.
    pub(crate) fn base(&self) -> &Url {
        &self.base
    }

    /// For requests to others.
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// Asks, and reads the answer.
    ///
    /// # Errors
    /// [`Refused`].
    pub(crate) async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<T, Refused> {
        let bytes = self.send(method, path, body).await?;
        serde_json::from_slice(&bytes).map_err(|_| Refused::Unreadable {
            base: self.base.clone(),
        })
    }

    /// Asks where nothing is answered but that it is done.
    ///
    /// # Errors
    /// [`Refused`].
    pub(crate) async fn tell(&self, method: Method, path: &str) -> Result<(), Refused> {
        self.send(method, path, None).await.map(drop)
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Vec<u8>, Refused> {
        let url = format!("{}{path}", self.base.as_str().trim_end_matches('/'));
        let mut request = self
            .client
            .request(method, url)
            .bearer_auth(&self.token)
            .timeout(PATIENCE);
        if let Some(body) = body {
            request = request
                .header("content-type", "application/json")
                .body(body.to_string());
        }
        let unreached = |source: reqwest::Error| Refused::Unreached {
            base: self.base.clone(),
            source: source.without_url(),
        };
        let answer = request.send().await.map_err(unreached)?;
        let status = answer.status();
        let bytes = answer.bytes().await.map_err(unreached)?;
        if !status.is_success() {
            return Err(Refused::Problem(Problem::new(status, &bytes)));
        }
        Ok(bytes.into())
    }
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        let help = match &refused {
            Refused::Unreached { .. } => {
                Some("start it with `reelgate serve`, or say where it is with --url")
            }
            Refused::Unreadable { .. } => Some("say where the gate is with --url"),
            Refused::Problem(problem) => help(problem),
        };
        let failure = Self::new(Kind::Failed, refused);
        match help {
            Some(help) => failure.with_help(help),
            None => failure,
        }
    }
}

/// What to do where the command knows nothing better.
fn help(problem: &Problem) -> Option<&'static str> {
    match problem.slug.as_str() {
        "not-configured" => return Some("set the gate's variable admin_token and restart it"),
        "stream-disabled" => {
            return Some(
                "set the gate's variables stream_enabled, cloudflare_account_id, cf_stream_api_token, cf_stream_webhook_secret and stream_source_origin, and restart it",
            );
        }
        "full" | "unavailable" => return Some("try again in a while; the gate's log says more"),
        _ => {}
    }
    match problem.status {
        StatusCode::UNAUTHORIZED => {
            Some("give the gate's admin_token in REELGATE_ADMIN_TOKEN, or its file with --env-file")
        }
        StatusCode::NOT_FOUND => Some("`reelgate videos list` shows what there is"),
        status if status.is_server_error() => Some("the gate's log says more"),
        _ => None,
    }
}

/// The gate's address where none is given as an option.
///
/// # Errors
/// That `REELGATE_URL` is no address.
pub(crate) fn url_of(settings: &Settings) -> Result<Url, Failure> {
    let url = settings.named("REELGATE_URL");
    let url = base(url.as_deref().unwrap_or(DEFAULT_URL));
    url.map_err(|help| {
        Failure::new(Kind::Configuration, "REELGATE_URL is no address").with_help(help)
    })
}

/// Reads the address of a gate.
///
/// # Errors
/// What to give instead.
pub(crate) fn base(text: &str) -> Result<Url, String> {
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(url),
        _ => Err("give an address such as https://video.example".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_told_in_its_own_words() {
        let told = |body: &str| Problem::new(StatusCode::CONFLICT, body.as_bytes()).text();
        assert_eq!(
            told(r#"{"type":"x","title":"The id is taken","detail":"a video `film` exists"}"#),
            "The id is taken: a video `film` exists"
        );
        assert_eq!(told(r#"{"title":"Taken\u001b[2J"}"#), "Taken\u{fffd}[2J");
        assert_eq!(told("<html>"), "409 Conflict");
    }
}
