//! A manifest as it is written: Spin's keys, and no others.

use crate::app::manifest::Variable;
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// A `spin.toml`. What it names need not be in it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    /// Always 2.
    pub(super) spin_manifest_version: u32,
    #[expect(dead_code, reason = "for people")]
    application: Application,
    #[serde(default)]
    pub(super) variables: BTreeMap<String, Variable>,
    pub(super) trigger: Triggers,
    #[serde(default)]
    pub(super) component: BTreeMap<String, Component>,
}

/// `[application]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "for people")]
struct Application {
    name: String,
    #[serde(default)]
    version: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    authors: Vec<String>,
    /// Hosts that Spin checks the components for.
    #[serde(default)]
    targets: Vec<IgnoredAny>,
}

/// `[[trigger.*]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Triggers {
    #[serde(default)]
    pub(super) http: Vec<HttpTrigger>,
    #[serde(default)]
    pub(super) cron: Vec<CronTrigger>,
}

/// `[[trigger.http]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HttpTrigger {
    #[serde(default)]
    #[expect(dead_code, reason = "for people")]
    id: String,
    /// A path, or a path that ends in `/...` for all below it.
    pub(super) route: String,
    pub(super) component: String,
    /// Refused in words: whoever has middleware in a manifest for Spin is to be told what to do.
    pub(super) dependencies: Option<IgnoredAny>,
}

/// `[[trigger.cron]]`, as Spin's plugin has it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CronTrigger {
    #[serde(default)]
    #[expect(dead_code, reason = "for people")]
    id: String,
    pub(super) component: String,
    pub(super) cron_expression: String,
}

/// `[component.<id>]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Component {
    pub(super) source: PathBuf,
    #[serde(default)]
    #[expect(dead_code, reason = "for people")]
    description: String,
    #[serde(default)]
    pub(super) variables: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) environment: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) allowed_outbound_hosts: Vec<String>,
    #[serde(default)]
    pub(super) key_value_stores: BTreeSet<String>,
    /// Refused in words too.
    pub(super) dependencies: Option<IgnoredAny>,
    #[expect(dead_code, reason = "for `spin build`")]
    build: Option<Build>,
}

/// `[component.<id>.build]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "for `spin build`")]
struct Build {
    command: String,
    #[serde(default)]
    workdir: Option<PathBuf>,
    #[serde(default)]
    watch: Vec<String>,
}
