//! Settings of the gate that a command shares with it: from the environment or from an env file.

use std::{collections::HashMap, path::PathBuf};

use reelgate_core::config::Lookup;

use crate::env_file;

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
    /// That the file cannot be read.
    pub(crate) fn read(args: &SettingsArgs) -> Result<Self, env_file::Error> {
        let of_file = args
            .env_file
            .as_deref()
            .map(env_file::read)
            .transpose()?
            .unwrap_or_default();
        // A variable that is no text is none of ours.
        let of_process = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
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
