//! `reelgate stream status`.

use std::{collections::BTreeMap, fmt::Write as _};

use serde_json::{Value, json};

use super::{
    cloudflare::{Cloudflare, Subscription},
    probe::{Probed, probe},
};
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

/// What is known of the account and of the gate; without their secret.
struct Status {
    subscription: Option<Subscription>,
    /// Whether the variables that are given here have the secret; `None` when they have none.
    same_secret: Option<bool>,
    /// What the running gate made of a webhook with it; `None` when nobody is called.
    gate: Option<Probed>,
    /// How many of the newest thousand videos are in each state.
    states: BTreeMap<String, u64>,
}

/// Prints who is called and what is on its way.
pub(super) async fn run(args: Args) -> Result<(), Failure> {
    let cloudflare = Cloudflare::new(&args.settings)?;
    let subscription = cloudflare.subscription().await?;
    let gates = &cloudflare.gates_secrets;
    let same_secret = subscription
        .as_ref()
        .filter(|_| !gates.is_empty())
        .map(|subscription| gates.contains(&subscription.secret));
    let gate = match &subscription {
        Some(subscription) => Some(probe(subscription).await),
        None => None,
    };
    let status = Status {
        subscription,
        same_secret,
        gate,
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
            "gate": self.gate.as_ref().map(Probed::word),
            "videos": self.states,
        })
        .to_string()
    }

    fn text(&self) -> String {
        let mut text = match &self.subscription {
            Some(made) => format!("webhooks go to  {}", plain(&made.notification_url)),
            None => "webhooks go to  nobody; `reelgate stream subscribe` changes that".to_owned(),
        };
        let file = match self.same_secret {
            Some(true) => "\nvariables       have its secret",
            Some(false) => {
                "\nvariables       have another secret; `reelgate stream subscribe` prints the right one"
            }
            None => "",
        };
        if let Some(gate) = &self.gate {
            // Writing to a string cannot fail.
            let _ = write!(text, "\ngate            {}{file}", gate.in_words());
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
            gate: Some(Probed::Strange(404)),
            states: count(&[
                json!({"status": {"state": "ready"}}),
                json!({"status": {"state": "error"}}),
                json!({"status": {"state": "ready"}}),
            ]),
        };
        assert_eq!(
            status.text(),
            "webhooks go to  https://video.example/hook\n\
             gate            what is at that address answers 404, which no gate does: see whether \
             the address leads to one, and whether it is well\n\
             variables       have another secret; `reelgate stream subscribe` prints the right one\n\
             videos          1 error, 2 ready"
        );
        assert!(!status.json().contains("s3cret"));
    }
}
