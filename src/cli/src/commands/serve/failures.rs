//! What keeps an application from starting, and what to do about it.

use crate::exit::{Failure, Kind};
use reelgate_host::manifest::ManifestError;
use reelgate_host::{AppError, ConfigError, OpenError};
use std::path::Path;

pub(super) fn manifest_failure(path: &Path, error: ManifestError) -> Failure {
    let help = match &error {
        ManifestError::NotFound(_) => "give the manifest with --app FILE",
        ManifestError::Unreadable { .. } => "give a file that can be read",
        ManifestError::Syntax(_) | ManifestError::Meaning(_) => {
            "ARCHITECTURE.md lists what of Spin's manifest runs here"
        }
    };
    let message = match &error {
        ManifestError::NotFound(_) | ManifestError::Unreadable { .. } => error.to_string(),
        ManifestError::Syntax(_) | ManifestError::Meaning(_) => {
            format!("{}: {error}", path.display())
        }
    };
    Failure::new(Kind::Configuration, message).with_help(help)
}

pub(super) fn config_failure(error: ConfigError) -> Failure {
    let help = match &error {
        ConfigError::Unreadable { .. } => "give a file that can be read",
        ConfigError::Syntax { .. } => {
            "a store has `type = \"spin\"` and a `path`, or `type = \"redis\"` and a `url`"
        }
    };
    Failure::new(Kind::Configuration, error).with_help(help)
}

pub(super) fn app_failure(error: AppError) -> Failure {
    let help = match &error {
        AppError::Store(error) => return store_failure(error),
        AppError::NoJob(_) => Some("schedule another component, or start without: --no-schedule"),
        AppError::Unreadable { .. } => Some(
            "build the components with `cargo xtask build`, or name another application with --app",
        ),
        AppError::Configuration { .. } | AppError::Variables(_) => {
            Some("mend the variable's value")
        }
        _ => None,
    };
    let failure = Failure::new(Kind::Configuration, error);
    match help {
        Some(help) => failure.with_help(help),
        None => failure,
    }
}

fn store_failure(error: &OpenError) -> Failure {
    let (kind, help) = match error {
        OpenError::Taken(_) => (
            Kind::Failed,
            "stop the other one or choose another folder with --data; hosts that share a store \
             keep it in a Redis: --runtime-config-file",
        ),
        OpenError::Unusable { .. } => (
            Kind::Failed,
            "choose a folder that can be written to with --data",
        ),
        OpenError::Foreign { .. } => (
            Kind::Configuration,
            "give the store a file of its own: this host does not read SQLite, as Spin writes it",
        ),
        OpenError::Address { .. } => (
            Kind::Configuration,
            "give an address such as redis://127.0.0.1:6379/0",
        ),
        OpenError::Unknown { .. } => (
            Kind::Configuration,
            "say where it is in the file of --runtime-config-file: [key_value_store.NAME]",
        ),
    };
    Failure::new(kind, error.to_string()).with_help(help)
}
