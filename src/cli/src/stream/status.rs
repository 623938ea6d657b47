//! `reelgate stream status`.

use std::{collections::BTreeMap, fmt::Write as _};

use serde_json::{Value, json};

use super::cloudflare::{Cloudflare, Subscription};
use crate::{
    exit::{self, Failure},
    plain::plain,
    settings::SettingsArgs,
};

/// Arguments of `reelgate stream status`.
#[derive(clap::Args)]
pub(super) struct Args {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    settings: SettingsArgs,
}

/// What is known of the account; without its secret.
struct Status {
    subscription: Option<Subscription>,
    /// Whether the gate has the same secret; `None` when it is not known here.
    same_secret: Option<bool>,
    /// How many of the newest thousand videos are in each state.
    states: BTreeMap<String, u64>,
}

/// Prints who is called and what is on its way.
pub(super) async fn run(args: Args) -> Result<(), Failure> {
    let cloudflare = Cloudflare::new(&args.settings)?;
    let subscription = cloudflare.subscription().await?;
    let same_secret = subscription.as_ref().and_then(|subscription| {
        let gates = cloudflare.gates_secret.as_ref()?;
        Some(*gates == subscription.secret)
    });
    let status = Status {
        subscription,
        same_secret,
        states: count(&cloudflare.videos().await?),
    };
    let shown = if args.json {
        status.json()
    } else {
        status.text()
    };
    exit::print(&shown)
}

fn count(videos: &[Value]) -> BTreeMap<String, u64> {
    let states = videos
        .iter()
        .filter_map(|video| video["status"]["state"].as_str());
    states.fold(BTreeMap::new(), |mut counts, state| {
        *counts.entry(state.to_owned()).or_default() += 1;
        counts
    })
}

impl Status {
    fn json(&self) -> String {
        let url = self
            .subscription
            .as_ref()
            .map(|made| &made.notification_url);
        json!({
            "notification_url": url,
            "secret_matches": self.same_secret,
            "videos": self.states,
        })
        .to_string()
    }

    fn text(&self) -> String {
        let mut text = match &self.subscription {
            Some(made) => format!("webhooks go to  {}", plain(&made.notification_url)),
            None => "webhooks go to  nobody; `reelgate stream subscribe` changes that".to_owned(),
        };
        let secret = match self.same_secret {
            Some(true) => "the gate has it",
            Some(false) => "the gate has another; `reelgate stream subscribe` prints the right one",
            None => "not compared, for cf_stream_webhook_secret is not set here",
        };
        if self.subscription.is_some() {
            // Writing to a string cannot fail.
            let _ = write!(text, "\nsecret          {secret}");
        }
        let states = self
            .states
            .iter()
            .map(|(state, count)| format!("{count} {}", plain(state)));
        let states: Vec<String> = states.collect();
        let videos = if states.is_empty() {
            "none".to_owned()
        } else {
            states.join(", ")
        };
        let _ = write!(text, "\nvideos          {videos}");
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_shows_no_secret() {
        let status = Status {
            subscription: Some(Subscription {
                notification_url: "https://video.example/hook".to_owned(),
                secret: "s3cret".to_owned(),
                modified: String::new(),
            }),
            same_secret: Some(false),
            states: count(&[
                json!({"status": {"state": "ready"}}),
                json!({"status": {"state": "error"}}),
                json!({"status": {"state": "ready"}}),
            ]),
        };
        assert_eq!(
            status.text(),
            "webhooks go to  https://video.example/hook\n\
             secret          the gate has another; `reelgate stream subscribe` prints the right one\n\
             videos          1 error, 2 ready"
        );
        assert!(!status.json().contains("s3cret"));
    }
}
