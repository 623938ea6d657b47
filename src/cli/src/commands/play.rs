//! `reelgate play`: a film in a player on this machine.

use std::process::Stdio;

use percent_encoding::utf8_percent_encode;
use reelgate_core::{
    scope::Scope,
    token::playback::{Grant, MAX_LIFE_SECONDS},
};
use reqwest::{StatusCode, Url};
use serde::Deserialize;
use tokio::process::Command;

use crate::{
    commands::token::mint::{self, IN_PATH, SUBJECT, game_id},
    exit::{self, Failure, Kind},
    gate_api,
    settings::{Settings, SettingsArgs},
};

/// Players that are looked for, in this order, and what they are told beside the address.
const PLAYERS: [(&str, &[&str]); 3] = [
    ("mpv", &[]),
    ("ffplay", &["-loglevel", "warning"]),
    ("vlc", &["--quiet"]),
];

/// Play a film in mpv, ffplay or VLC: mints a token and swaps it at the gate for a session
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The film, by the id of its game
    #[arg(value_name = "ID", value_parser = game_id)]
    film: String,
    /// The gate's address [env: REELGATE_URL] [default: http://127.0.0.1:8787]
    #[arg(long, value_name = "URL", value_parser = gate_api::base)]
    url: Option<Url>,
    /// The player [default: the first of mpv, ffplay and vlc that is there]
    #[arg(long, value_name = "PROGRAM")]
    player: Option<String>,
    /// Print the film's address and play nothing; whoever has it can watch
    #[arg(long, conflicts_with = "player")]
    print: bool,
    #[command(flatten)]
    settings: SettingsArgs,
}

/// What the gate answers to a token.
#[derive(Deserialize)]
struct Session {
    prefix: String,
}

/// Plays until the player ends.
pub(crate) async fn run(args: Args) -> Result<(), Failure> {
    let settings = Settings::read(&args.settings)?;
    let gate = match &args.url {
        Some(url) => url.clone(),
        None => gate_api::url_of(&settings)?,
    };
    let address = address(&settings, &gate, &args.film).await?;
    if args.print {
        return exit::print(&address);
    }
    let named = args.player.as_deref().map(|player| (player, &[][..]));
    let players: Vec<_> = match named {
        Some(named) => vec![named],
        None => PLAYERS.to_vec(),
    };
    for (player, words) in players {
        let mut command = Command::new(player);
        command.args(words).arg(&address).stdin(Stdio::inherit());
        match command.status().await {
            Ok(status) if status.success() => return Ok(()),
            Ok(status) => return Err(Failure::new(Kind::Failed, format!("{player}: {status}"))),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(Failure::new(Kind::Failed, format!("{player}: {error}"))),
        }
    }
    Err(Failure::new(Kind::Failed, "there is no such player here")
        .with_help("install mpv, name another with --player, or take the address: --print"))
}

/// Where a player without cookies finds the film: the session is in the path.
async fn address(settings: &Settings, gate: &Url, film: &str) -> Result<String, Failure> {
    let scope = Scope::new(Some(film.to_owned()), None)
        .ok_or_else(|| Failure::new(Kind::Usage, "name one film"))?;
    let grant = Grant {
        subject: Some(SUBJECT),
        scope: &scope,
        life_seconds: MAX_LIFE_SECONDS,
    };
    let token = mint::mint(settings, &grant, None)?;
    let base = gate.as_str().trim_end_matches('/');
    let path = utf8_percent_encode(film, IN_PATH);
    let url = format!("{base}/games/{path}/session.json?t={token}");
    let unreached = |error: reqwest::Error| {
        let what = format!("{base} cannot be reached: {}", error.without_url());
        Failure::new(Kind::Failed, what).with_help(
            "start it with `reelgate up` or `reelgate serve`, or say where it is with --url",
        )
    };
    let answer = reqwest::get(url).await.map_err(unreached)?;
    let status = answer.status();
    let body = answer.bytes().await.map_err(unreached)?;
    if !status.is_success() {
        let what = format!("the gate refuses the token: {status}");
        return Err(Failure::new(Kind::Failed, what).with_help(
            "give the settings of that gate with --env-file: the secret is another one",
        ));
    }
    let session: Session = serde_json::from_slice(&body).map_err(|_| {
        Failure::new(
            Kind::Failed,
            format!("{base} does not answer as a gate does"),
        )
    })?;
    let address = format!("{base}{}master.m3u8", session.prefix);
    // A session is for any film that the token names, packaged or not.
    let film_answer = reqwest::Client::new().head(&address).send().await;
    if film_answer.map_err(unreached)?.status() == StatusCode::NOT_FOUND {
        let what = format!("there is no film {film} in the gate's bucket");
        return Err(Failure::new(Kind::Failed, what)
            .with_help("name one that was packaged: `reelgate package FILE --film ID`"));
    }
    Ok(address)
}
