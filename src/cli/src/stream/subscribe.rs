//! `reelgate stream subscribe`.

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
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    settings: SettingsArgs,
}

/// Subscribes, and prints the line that the gate needs; the secret goes nowhere else.
pub(super) async fn run(args: Args) -> Result<(), Failure> {
    let cloudflare = Cloudflare::new(&args.settings)?;
    let before = cloudflare.subscription().await?;
    let other = before.filter(|before| before.notification_url != args.notification_url);
    if let Some(other) = other.filter(|_| !args.replace) {
        let error = format!("the account calls {} already", other.notification_url);
        return Err(Failure::new(Kind::Failed, error).with_help(
            "an account has one subscription: take its place with --replace, or use another account",
        ));
    }
    let made = cloudflare.subscribe(&args.notification_url).await?;
    exit::print(&if args.json { json(&made) } else { line(&made) })
}

fn line(made: &Subscription) -> String {
    format!("{SECRET_VARIABLE}={}", made.secret)
}

fn json(made: &Subscription) -> String {
    json!({
        "notification_url": made.notification_url,
        "modified": made.modified,
        "variable": SECRET_VARIABLE,
        "secret": made.secret,
    })
    .to_string()
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

    #[test]
    fn the_line_can_go_into_an_env_file() {
        let made = Subscription {
            notification_url: "https://video.example/api/webhooks/stream".to_owned(),
            secret: "5af3".to_owned(),
            modified: String::new(),
        };
        assert_eq!(line(&made), "SPIN_VARIABLE_CF_STREAM_WEBHOOK_SECRET=5af3");
        let json: serde_json::Value = serde_json::from_str(&json(&made)).unwrap();
        assert_eq!(json["secret"], "5af3");
    }
}
