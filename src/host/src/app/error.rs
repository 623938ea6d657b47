//! What stops an application from being served.

use crate::app::manifest::ComponentId;
use crate::app::variables::Faults;
use crate::keyvalue::OpenError;
use std::path::PathBuf;

/// Why an application cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// A component's file cannot be read.
    #[error("cannot read component `{id}` at {}: {cause}", path.display())]
    Unreadable {
        /// The component.
        id: ComponentId,
        /// Its file.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// A component that wants what this host does not give.
    #[error("component `{id}` cannot run here: {cause}")]
    Unlinkable {
        /// The component.
        id: ComponentId,
        /// What it wants.
        cause: String,
    },
    /// A component that cannot run by schedule.
    #[error(
        "component `{0}` is in the schedule and does not export handle-cron-event of spin:cron@3.0.0"
    )]
    NoJob(ComponentId),
    /// Configuration that cannot be meant.
    #[error("component `{id}`: {message}")]
    Configuration {
        /// The component.
        id: ComponentId,
        /// What is wrong.
        message: String,
    },
    /// Required variables whose values cannot be used.
    #[error("{0}")]
    Variables(Faults),
    /// A key-value store that cannot be opened.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// Two manifests with one route.
    #[error("the route `{0}` is in more than one manifest")]
    Route(String),
}
