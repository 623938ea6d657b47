//! `reelgate token mint`.

use reelgate_core::{
    config::Lookup,
    key::GameId,
    scope::Scope,
    token::playback::{self, Grant},
};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Url;

use super::{gate_config, misconfigured, now};
use crate::{
    exit::{self, Failure, Kind},
    gate_api,
    settings::{Settings, SettingsArgs},
};

/// The variable that holds the secrets, by its name in the gate.
const SECRET: &str = "playback_token_secret";

/// Who watches, where nobody says so.
pub(crate) const SUBJECT: &str = "reelgate";

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
    #[arg(long, value_name = "NAME", default_value = SUBJECT)]
    subject: String,
    /// Seconds it lives
    #[arg(long, value_name = "SECONDS", default_value_t = playback::MAX_LIFE_SECONDS,
          value_parser = clap::value_parser!(u64).range(1..=playback::MAX_LIFE_SECONDS))]
    ttl: u64,
    /// Print the address of the game's playlist with the token in it, on the gate at REELGATE_URL
    /// [default: http://127.0.0.1:8787]
    #[arg(long, requires = "game")]
    url: bool,
    /// The named secret that signs, instead of the first
    #[arg(long, value_name = "NAME")]
    kid: Option<String>,
    #[command(flatten)]
    settings: SettingsArgs,
}

/// Prints a token or an address, and nothing else, on stdout.
pub(super) fn run(args: &MintArgs) -> Result<(), Failure> {
    let settings = Settings::read(&args.settings)?;
    let patterns = (!args.ent.is_empty()).then(|| args.ent.clone());
    let scope = Scope::new(args.game.clone(), patterns).ok_or_else(|| {
        Failure::new(Kind::Usage, "a token holds at most 64 patterns").with_help("give fewer --ent")
    })?;
    let grant = Grant {
        subject: Some(&args.subject),
        scope: &scope,
        life_seconds: args.ttl,
    };
    let token = mint(&settings, &grant, args.kid.as_deref())?;
    match (args.url, &args.game) {
        (true, Some(game)) => {
            exit::print(&playlist_url(&gate_api::url_of(&settings)?, game, &token))
        }
        _ => exit::print(&token),
    }
}

/// The address of a game's playlist on the gate at `gate`.
fn playlist_url(gate: &Url, game: &str, token: &str) -> String {
    let gate = gate.as_str().trim_end_matches('/');
    let game = utf8_percent_encode(game, IN_PATH);
    format!("{gate}/games/{game}/master.m3u8?t={token}")
}

/// Bytes of a game's id that stand in a path as they are: the unreserved of RFC 3986, section 2.3.
pub(crate) const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A token of the secrets that the gate's settings name; signed by the one called `kid`, or the first.
///
/// # Errors
/// That there is no such secret, or that the gate's settings make no sense.
pub(crate) fn mint(
    settings: &Settings,
    grant: &Grant<'_>,
    kid: Option<&str>,
) -> Result<String, Failure> {
    let secrets = settings.get(SECRET);
    let chosen = match kid {
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
    Ok(playback::mint(
        grant,
        gate.keys(),
        gate.playback_rules(),
        now(),
    ))
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

pub(crate) fn game_id(id: &str) -> Result<String, String> {
    GameId::new(id).map(|id| id.as_str().to_owned()).map_err(|_| {
        "a game id is 1 to 128 bytes without slashes, backslashes, control characters and escapes"
            .to_owned()
    })
}
