//! `reelgate store`: the file of a key-value store, while no host uses it.

use std::path::PathBuf;

use clap::Subcommand;
use reelgate_host::store_file::{self, CareError, Sound};
use serde_json::json;

use crate::exit::{self, Failure, Kind};

/// Arguments of `reelgate store`.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Say whether a store is sound, and how many keys it has; writes nothing without --repair
    Check {
        /// The store's file: store.redb in the folder of --data, or what the runtime configuration says
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Make a sound store of a damaged one; what was written last may be lost
        #[arg(long)]
        repair: bool,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Copy a sound store
    Backup {
        /// The store's file
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// The copy, which must not be there yet
        #[arg(value_name = "TO")]
        to: PathBuf,
    },
}

/// Runs the subcommand.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    match &args.command {
        Command::Check { file, repair, json } => {
            let sound = match repair {
                true => store_file::repair(file)?,
                false => store_file::check(file)?,
            };
            exit::print(&if *json {
                as_json(&sound)
            } else {
                format!("{} is sound: {}", file.display(), in_words(&sound))
            })
        }
        Command::Backup { file, to } => {
            let sound = store_file::backup(file, to)?;
            let (to, words) = (to.display(), in_words(&sound));
            exit::print(&format!("{to} is a copy of it: {words}"))
        }
    }
}

fn in_words(sound: &Sound) -> String {
    let tables = sound.keys.iter();
    let tables = tables.map(|(table, keys)| format!("{keys} keys in `{table}`"));
    match tables.collect::<Vec<_>>().as_slice() {
        [] => "nothing was ever written to it".to_owned(),
        tables => tables.join(", "),
    }
}

fn as_json(sound: &Sound) -> String {
    let keys: serde_json::Map<_, _> = sound
        .keys
        .iter()
        .map(|(table, keys)| (table.clone(), json!(keys)))
        .collect();
    json!({ "sound": true, "keys": keys, "bytes": sound.bytes }).to_string()
}

impl From<CareError> for Failure {
    fn from(error: CareError) -> Self {
        let help = match &error {
            CareError::Missing(_) => {
                "name the store's file: store.redb in the folder of --data, or what the runtime configuration says"
            }
            CareError::InUse(_) => {
                "stop the host for as long as this takes: what is copied while it is written to is no backup"
            }
            CareError::Unusable { .. } => "name a file that a host has made, and that you may read",
            CareError::Damaged {
                is_mendable: true, ..
            } => {
                "put a backup in its place; or copy the file and run this again with --repair, which may lose what was written last"
            }
            CareError::Damaged { .. } => {
                "put a backup in its place; or remove it to begin with no videos: films stay, and what Stream has encoded is found when its video is added again"
            }
            CareError::Copy { .. } => "name a new file where there is room for it",
        };
        Self::new(Kind::Failed, error).with_help(help)
    }
}
