//! `reelgate token mint`.

use reelgate_core::{
    config::Lookup,
    key::GameId,
    scope::Scope,
    token::playback::{self, Grant},
};

use super::{gate_config, misconfigured, now};
use crate::{
    exit::{self, Failure, Kind},
    settings::{Settings, SettingsArgs},
};

/// The variable that holds the secrets, by its name in the gate.
const SECRET: &str = "playback_token_secret";

/// Arguments of `reelgate token mint`.
#[derive(clap::Args)]
pub(super) struct MintArgs {
    /// The game it opens
    #[arg(long, visible_alias = "film", value_name = "ID", value_parser = game_id, required_unless_present = "ent")]
    game: Option<String>,
    /// A game id, or the beginning of some followed by *; may be repeated
    #[arg(long, value_name = "PATTERN")]
    ent: Vec<String>,
    /// The viewer, for the log
    #[arg(long, value_name = "NAME")]
    subject: String,
    /// Seconds it lives
    #[arg(long, value_name = "SECONDS", default_value_t = playback::MAX_LIFE_SECONDS,
          value_parser = clap::value_parser!(u64).range(1..=playback::MAX_LIFE_SECONDS))]
    ttl: u64,
    /// The named secret that signs, instead of the first
    #[arg(long, value_name = "NAME")]
    kid: Option<String>,
    #[command(flatten)]
    settings: SettingsArgs,
}

/// Prints a token, and nothing else, on stdout.
pub(super) fn run(args: &MintArgs) -> Result<(), Failure> {
    let settings = Settings::read(&args.settings)?;
    let secrets = settings.get(SECRET);
    let chosen = match &args.kid {
        Some(kid) => Some(named(secrets.as_deref().unwrap_or_default(), kid)?),
        None => secrets,
    };
    let lookup = |name: &str| {
        if name == SECRET {
            chosen.clone()
        } else {
            settings.get(name)
        }
    };
    let gate = gate_config(&lookup).map_err(misconfigured)?;
    let patterns = (!args.ent.is_empty()).then(|| args.ent.clone());
    let scope = Scope::new(args.game.clone(), patterns).ok_or_else(|| {
        Failure::new(Kind::Usage, "a token holds at most 64 patterns").with_help("give fewer --ent")
    })?;
    let grant = Grant {
        subject: Some(&args.subject),
        scope: &scope,
        life_seconds: args.ttl,
    };
    let token = playback::mint(&grant, gate.keys(), gate.playback_rules(), now());
    exit::print(&token)
}

/// The one of several secrets that is called `kid`, with its name.
fn named(secrets: &str, kid: &str) -> Result<String, Failure> {
    let is_named = |entry: &&str| {
        entry
            .split_once(':')
            .is_some_and(|(name, _)| name.trim() == kid)
    };
    let found = secrets.split(',').find(is_named).map(str::to_owned);
    found.ok_or_else(|| {
        Failure::new(Kind::Configuration, format!("no secret is named {kid}"))
            .with_help("name one of those in SPIN_VARIABLE_PLAYBACK_TOKEN_SECRET, which reads name1:secret1,name2:secret2")
    })
}

fn game_id(id: &str) -> Result<String, String> {
    GameId::new(id).map(|id| id.as_str().to_owned()).map_err(|_| {
        "a game id is 1 to 128 bytes without slashes, backslashes, control characters and escapes"
            .to_owned()
    })
}
