//! Settings of the gate that a command shares with it: from the environment or from an env file.

use std::{collections::HashMap, path::PathBuf};

use reelgate_core::config::Lookup;

use crate::exit::Failure;

pub(crate) mod variable_files;

/// The prefix of the gate's variables, as Spin has it.
const PREFIX: &str = "SPIN_VARIABLE_";

/// Where the shared settings are read from.
#[derive(Clone, clap::Args)]
pub(crate) struct SettingsArgs {
    /// File with the gate's variables (`SPIN_VARIABLE_...`); the environment outweighs it
    #[arg(long, value_name = "FILE", env = "REELGATE_ENV_FILE")]
    env_file: Option<PathBuf>,
}

/// Variables by name: those of the environment before those of the file.
pub(crate) struct Settings(HashMap<String, String>);

impl Settings {
    /// Reads the env file, if there is one.
    ///
    /// # Errors
    /// That a file cannot be read.
    pub(crate) fn read(args: &SettingsArgs) -> Result<Self, Failure> {
        let of_file = variable_files::of_file(args.env_file.as_deref())?;
        let of_process = variable_files::of_environment()?
            .into_iter()
            .filter(|(_, value)| !value.is_empty());
        Ok(Self(of_file.into_iter().chain(of_process).collect()))
    }

    /// The value of the environment's variable `name`; `None` when it is unset or empty.
    pub(crate) fn named(&self, name: &str) -> Option<String> {
        self.0.get(name).filter(|value| !value.is_empty()).cloned()
    }
}

impl Lookup for Settings {
    /// The gate's variable `name`: `s3_bucket` is `SPIN_VARIABLE_S3_BUCKET`.
    fn get(&self, name: &str) -> Option<String> {
        self.named(&format!("{PREFIX}{}", name.to_ascii_uppercase()))
    }
}
