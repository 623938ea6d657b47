//! The Stream path on this machine: a fake Stream, and what the gate must know of it.

use super::settings::{program, quoted};
use super::{listen_address, secret};
use crate::commands::stream::fake_failure;
use crate::exit::Failure;
use clap::ValueEnum;
use reelgate_fake_stream::{Encoder, Fake, Mischief, Options};
use std::path::Path;
use std::time::Duration;

const ACCOUNT_ID: &str = "reelgate-up";

/// How long a video stays in each state: long enough to be seen.
const STEP: Duration = Duration::from_millis(700);

/// When a video counts as stuck; Stream needs minutes for a film, the fake some seconds.
const STUCK_AFTER_SECONDS: u32 = 5;

/// Options of the Stream path.
#[derive(Debug, clap::Args)]
pub(super) struct StreamArgs {
    /// Also start a fake Cloudflare Stream, and the routes that work with it
    #[arg(long)]
    pub(super) stream: bool,
    /// The fake's port on 127.0.0.1; 0 takes any free one
    #[arg(long, value_name = "PORT", default_value_t = 8789, requires = "stream")]
    stream_port: u16,
    /// Whether the fake calls the gate when a video is through; off, the schedule finds it out
    #[arg(long, value_enum, default_value_t = Webhooks::On, requires = "stream")]
    stream_webhooks: Webhooks,
}

/// Whether the fake sends webhooks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Webhooks {
    /// It does.
    On,
    /// It does not.
    Off,
}

/// A fake Stream at work.
pub(super) struct Stream {
    fake: Fake,
    gate: String,
    api_token: String,
    webhook_secret: String,
    admin_token: String,
    webhooks: Webhooks,
    /// What the film of the introduction is called: earlier runs have left theirs in the catalog.
    id: String,
}

impl Stream {
    /// Starts the fake; it calls the gate, which will be at `gate`.
    pub(super) async fn start(
        args: &StreamArgs,
        data: &Path,
        gate: String,
    ) -> Result<Self, Failure> {
        let api_token = secret()?;
        let webhooks = args.stream_webhooks;
        let off = webhooks == Webhooks::Off;
        let fake = Fake::start(Options {
            listen: listen_address(args.stream_port).to_string(),
            data: data.join("stream"),
            account_id: ACCOUNT_ID.into(),
            api_token: api_token.clone(),
            step: STEP,
            encoder: Encoder::Ffmpeg,
            most_in_flight: Options::MOST_IN_FLIGHT,
            mischief: off.then_some(Mischief::WebhookOff).into_iter().collect(),
        });
        let fake = fake.await.map_err(|error| {
            fake_failure(error)
                .with_help("stop what listens there, or choose another port with --stream-port")
        })?;
        let webhook_secret = fake.subscribe(&format!("{gate}/api/webhooks/stream"));
        Ok(Self {
            fake,
            gate,
            api_token,
            webhook_secret,
            admin_token: secret()?,
            webhooks,
            id: format!("sample-{}", &secret()?[..6]),
        })
    }

    /// What opens the gate's API.
    pub(super) fn admin_token(&self) -> &str {
        &self.admin_token
    }

    /// The gate's variables.
    pub(super) fn variables(&self) -> [(&'static str, String); 8] {
        [
            ("stream_enabled", "true".into()),
            ("cloudflare_account_id", ACCOUNT_ID.into()),
            ("cf_stream_api_token", self.api_token.clone()),
            ("cf_stream_api_base", self.fake.url().into()),
            ("cf_stream_webhook_secret", self.webhook_secret.clone()),
            ("stream_source_origin", self.gate.clone()),
            ("stuck_after_seconds", STUCK_AFTER_SECONDS.to_string()),
            ("admin_token", self.admin_token.clone()),
        ]
    }

    /// What commands need to know beside the gate's variables.
    pub(super) fn settings(&self) -> [(&'static str, String); 1] {
        [("REELGATE_ADMIN_TOKEN", self.admin_token.clone())]
    }

    /// What there is to try, beside the lines for all.
    pub(super) fn introduction(&self, film: &Path) -> String {
        let (program, film) = (program(), quoted(film));
        let (control, id) = (self.fake.url(), &self.id);
        let webhooks = match self.webhooks {
            Webhooks::On => "It calls the gate when a video is through.",
            Webhooks::Off => "It calls nobody: the schedule finds out, within two minutes.",
        };
        format!(
            "A fake Cloudflare Stream is at {control}. {webhooks}\n\n\
             \x20 {program} videos add {film} --id {id} --encode --wait\n\
             \x20 {program} videos list\n\
             \x20 {program} stream status\n\
             \x20 curl '{control}/control/requests'\n\n"
        )
    }
}
