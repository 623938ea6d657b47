//! What a manifest is loaded with.

use crate::app::variables::Variables;
use crate::log::Log;
use crate::runtime::engine::Runtime;
use reelgate_cache::Cache;
use std::path::Path;

/// What asks the bucket where a gate stands before an origin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// The host's own, made of the same rules.
    #[default]
    Native,
    /// The component, as on any other host.
    Component,
}

/// What a manifest is loaded with.
#[derive(Debug)]
pub struct LoadOptions<'a> {
    /// Paths in the manifest are relative to this folder.
    pub folder: &'a Path,
    /// Where what the manifest has below `target/` is, if not there.
    pub build_folder: Option<&'a Path>,
    /// Every variable's value.
    pub variables: &'a Variables,
    /// What asks the bucket behind a gate.
    pub origin: Origin,
    /// Whether `trigger.cron` counts.
    pub schedule: bool,
    /// What compiles, and has room for instances.
    pub runtime: &'a Runtime,
    /// What keeps hot objects of the bucket behind the host's own origin, where something does.
    pub cache: Option<&'a Cache>,
    /// Where log lines go.
    pub log: &'a Log,
}
