//! `reelgate stream subscribe`.

use std::io::Write as _;

use jiff::{SignedDuration, Timestamp};
use reelgate_core::video::routes::source::LIFE_SECONDS;
use serde_json::json;

use super::cloudflare::{Cloudflare, SECRET_VARIABLE, Subscription};
use crate::{
    exit::{self, Failure, Kind},
    settings::SettingsArgs,
};

/// Arguments of `reelgate stream subscribe`.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The gate's address for webhooks, `https://video.example/api/webhooks/stream`
    #[arg(long, value_name = "URL", value_parser = url)]
    notification_url: String,
    /// Take the place of another address that is called now; an account has one
    #[arg(long)]
    replace: bool,
    /// Have Cloudflare make another secret although the address is called already; every webhook is
    /// refused until the gate has it
    #[arg(long)]
    roll: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    settings: SettingsArgs,
}

/// What the gate needs: the secrets go to stdout and nowhere else.
struct Line {
    subscription: Subscription,
    /// Whether Cloudflare was asked to change something.
    is_new: bool,
    /// A secret that the gate has signed source addresses with, and until when one may be good.
    old: Option<(String, Timestamp)>,
}

/// Subscribes unless that is done, and prints the line that the gate needs.
pub(super) async fn run(args: Args) -> Result<(), Failure> {
    let cloudflare = Cloudflare::new(&args.settings)?;
    let before = cloudflare.subscription().await?;
    refuse_to_replace(&args, before.as_ref())?;
    let is_called = |before: &Subscription| before.notification_url == args.notification_url;
    let before = before.filter(is_called);
    let mut gates = cloudflare.gates_secrets.clone();
    // Where the gate's variables are not known, it has what it was called with so far.
    gates.extend(before.iter().map(|before| before.secret.clone()));
    let (subscription, is_new) = match before {
        Some(before) if !args.roll => (before, false),
        _ => (cloudflare.subscribe(&args.notification_url).await?, true),
    };
    let line = Line {
        old: old(&gates, &subscription.secret),
        subscription,
        is_new,
    };
    line.explain();
    exit::print(&if args.json { line.json() } else { line.text() })
}

fn refuse_to_replace(args: &Args, before: Option<&Subscription>) -> Result<(), Failure> {
    match before {
        Some(other) if !args.replace && other.notification_url != args.notification_url => {
            let error = format!("the account calls {} already", other.notification_url);
            Err(Failure::new(Kind::Failed, error).with_help(
                "an account has one subscription: take its place with --replace, or use another account",
            ))
        }
        _ => Ok(()),
    }
}

/// The secret that the gate signs with until it is restarted, unless it is the new one.
fn old(gates: &[String], new: &str) -> Option<(String, Timestamp)> {
    let old = gates.iter().find(|secret| *secret != new)?;
    let life = i64::try_from(LIFE_SECONDS).ok()?;
    let until = Timestamp::now().checked_add(SignedDuration::from_secs(life));
    Some((old.clone(), until.ok()?))
}

impl Line {
    /// For the person at the terminal, who may have stdout appended to a file.
    fn explain(&self) {
        let mut stderr = std::io::stderr().lock();
        // Nothing is left to tell it to when stderr is closed.
        let _ = match self.is_new {
            true => writeln!(
                stderr,
                "Stream signs with a new secret from now on. Restart the gate with this line; until \
                 then it refuses webhooks, and the schedule finds out what they would have said."
            ),
            false => writeln!(
                stderr,
                "Stream calls this address already, and nothing was changed. --roll has another \
                 secret made."
            ),
        };
        if let Some((_, until)) = &self.old {
            let _ = writeln!(
                stderr,
                "The second secret in it is the old one: source addresses that were signed with it \
                 are good until {until:.0}. Remove it then."
            );
        }
    }

    fn secrets(&self) -> String {
        let new = &self.subscription.secret;
        match &self.old {
            Some((old, _)) => format!("{new},{old}"),
            None => new.clone(),
        }
    }

    fn text(&self) -> String {
        format!("{SECRET_VARIABLE}={}", self.secrets())
    }

    fn json(&self) -> String {
        json!({
            "notification_url": self.subscription.notification_url,
            "modified": self.subscription.modified,
            "variable": SECRET_VARIABLE,
            "value": self.secrets(),
            "secret": self.subscription.secret,
            "changed": self.is_new,
            "old_secret_needed_until": self.old.as_ref().map(|(_, until)| until.to_string()),
        })
        .to_string()
    }
}

/// Stream calls no other addresses; it calls no localhost either, but a fake does.
fn url(text: &str) -> Result<String, String> {
    match reqwest::Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(text.to_owned()),
        _ => Err("give an address such as https://video.example/api/webhooks/stream".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(gates: &[&str]) -> Line {
        let gates: Vec<String> = gates.iter().map(|secret| (*secret).to_owned()).collect();
        let subscription = Subscription {
            notification_url: "https://video.example/api/webhooks/stream".to_owned(),
            secret: "5af3".to_owned(),
            modified: String::new(),
        };
        Line {
            old: old(&gates, &subscription.secret),
            subscription,
            is_new: true,
        }
    }

    #[test]
    fn the_line_can_go_into_an_env_file() {
        for gates in [&[][..], &["5af3"]] {
            let line = line(gates);
            assert_eq!(line.text(), "SPIN_VARIABLE_CF_STREAM_WEBHOOK_SECRET=5af3");
            let json: serde_json::Value = serde_json::from_str(&line.json()).unwrap();
            assert_eq!(json["secret"], "5af3");
            assert!(json["old_secret_needed_until"].is_null());
        }
    }

    #[test]
    fn the_old_secret_stands_behind_the_new_one_while_its_addresses_are_good() {
        for gates in [&["0ld", "0lder"][..], &["5af3", "0ld"]] {
            let line = line(gates);
            assert_eq!(
                line.text(),
                "SPIN_VARIABLE_CF_STREAM_WEBHOOK_SECRET=5af3,0ld"
            );
            let (_, until) = line.old.unwrap();
            let left = until.duration_since(Timestamp::now()).as_secs();
            assert!((6 * 3600 - 60..=6 * 3600).contains(&left), "{left}");
        }
    }
}
