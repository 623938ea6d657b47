//! `reelgate captions` on the command line.

use std::{fmt::Write as _, path::PathBuf, time::Duration};

use reelgate_packager::{Caption, Captioned, Label, Published};
use serde::Serialize;

use crate::{
    commands::package::{BucketArgs, bucket, captions, game_id},
    exit::{self, Failure, Kind},
};

/// How long the bucket may be in trouble.
const RETRY_BUDGET: Duration = Duration::from_secs(60);

/// How long ffmpeg may need for a file of ASS.
const FFMPEG_TIMEOUT: Duration = Duration::from_secs(60);

/// Add captions to a film that is packaged, list them, or take them away; the film is not touched
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    Add(Add),
    List(List),
    Remove(Remove),
}

/// Add captions, or put them in the place of those with the same language and kind
#[derive(clap::Args)]
struct Add {
    #[command(flatten)]
    game: Game,
    /// Language and file: en=film.srt, pt-BR=film.vtt, de.forced=signs.ass, en.sdh=heard.srt
    #[arg(value_name = "LANGUAGE=FILE", required = true, value_parser = captions)]
    files: Vec<(Label, PathBuf)>,
}

/// List the captions of a film
#[derive(clap::Args)]
struct List {
    #[command(flatten)]
    game: Game,
}

/// Take captions away. Files that lie beside the film come back when it is packaged again
#[derive(clap::Args)]
struct Remove {
    #[command(flatten)]
    game: Game,
    /// Language and kind, as `captions list` names them: en, de.forced
    #[arg(value_name = "LANGUAGE", required = true, value_parser = Label::parse)]
    labels: Vec<Label>,
}

/// The film, and how to answer.
#[derive(clap::Args)]
struct Game {
    /// The game whose captions are meant
    #[arg(long, visible_alias = "film", value_name = "ID", value_parser = game_id)]
    game: String,
    #[command(flatten)]
    bucket: BucketArgs,
    /// Print the result as one JSON object
    #[arg(long)]
    json: bool,
}

/// What `captions list --json` prints.
#[derive(Serialize)]
struct Listed<'a> {
    game: &'a str,
    captions: Vec<Caption>,
}

impl Game {
    fn published(&self) -> Result<Published, Failure> {
        let config = bucket(&self.bucket)?;
        Ok(Published::new(&config, &self.game, RETRY_BUDGET)?)
    }
}

/// Does it, and prints what the captions are then.
pub(crate) async fn run(args: Args) -> Result<(), Failure> {
    match args.command {
        Command::Add(Add { game, files }) => {
            let captioned = game.published()?.add(files, FFMPEG_TIMEOUT).await?;
            print(&game, &captioned)
        }
        Command::Remove(Remove { game, labels }) => {
            let captioned = game.published()?.remove(labels).await?;
            print(&game, &captioned)
        }
        Command::List(List { game }) => {
            let captions = game.published()?.captions().await?;
            let result = match game.json {
                true => json(&Listed {
                    game: &game.game,
                    captions,
                })?,
                false => table(&captions),
            };
            exit::print(&result)
        }
    }
}

fn print(game: &Game, captioned: &Captioned) -> Result<(), Failure> {
    if game.json {
        return exit::print(&json(captioned)?);
    }
    let mut text = match captioned.changed {
        true => String::new(),
        false => "nothing was done, it is so already\n".to_owned(),
    };
    for warning in &captioned.warnings {
        // A string takes all that is written to it.
        let _ = writeln!(text, "warning: {warning}");
    }
    text.push_str(&table(&captioned.captions));
    exit::print(&text)
}

/// A line for each.
fn table(captions: &[Caption]) -> String {
    if captions.is_empty() {
        return "no captions".to_owned();
    }
    let lines = captions.iter().map(|caption| {
        let Caption { name, source, .. } = caption;
        format!("{:<12} {name:<24} {source}", caption.label().to_string())
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn json(value: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string(value).map_err(|error| Failure::new(Kind::Failed, error))
}
