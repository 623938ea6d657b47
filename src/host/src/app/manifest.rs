//! The subset of Spin's application manifest (`spin_manifest_version = 2`) that this host runs.
//!
//! Every key is either obeyed or refused by name and line: a manifest never asks for something and
//! silently gets less. `document` is what is written, `resolve` finds what it names.

mod document;
mod resolve;
mod template;
mod times;

pub(crate) use crate::app::manifest::template::Piece;
pub use crate::app::manifest::template::Template;
pub use crate::app::manifest::times::Times;

use crate::app::manifest::document::Document;
use serde::Deserialize;
use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A `spin.toml` in which every component that is named is there.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// The application's variables, by name.
    pub variables: BTreeMap<String, Variable>,
    /// What answers which path.
    pub http: Vec<HttpTrigger>,
    /// What runs when.
    pub cron: Vec<CronTrigger>,
    /// The components, in the order of their ids.
    pub components: Vec<Arc<Component>>,
}

/// One application variable.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variable {
    /// Whether the application cannot run without it.
    #[serde(default)]
    pub required: bool,
    /// The value where nobody gives one.
    pub default: Option<String>,
    /// Whether its value must not be shown.
    #[serde(default)]
    pub secret: bool,
    /// What it is for.
    #[serde(default)]
    pub description: String,
}

/// `[[trigger.http]]`
#[derive(Clone, Debug)]
pub struct HttpTrigger {
    /// A path, or a path that ends in `/...` for all below it.
    pub route: String,
    /// The component that answers.
    pub component: Arc<Component>,
}

/// `[[trigger.cron]]`
#[derive(Clone, Debug)]
pub struct CronTrigger {
    /// The component that runs.
    pub component: Arc<Component>,
    /// When.
    pub times: Times,
}

/// The id of a component. There is none but of a manifest's own components.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ComponentId(String);

impl ComponentId {
    /// As the manifest writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ComponentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Borrow<str> for ComponentId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// `[component.<id>]`
#[derive(Clone, Debug)]
pub struct Component {
    /// Its id.
    pub id: ComponentId,
    /// The `.wasm` file, relative to the manifest.
    pub source: PathBuf,
    /// Its variables, by name.
    pub variables: BTreeMap<String, Template>,
    /// Its environment.
    pub environment: BTreeMap<String, String>,
    /// Where it may send requests.
    pub allowed_outbound_hosts: Vec<Template>,
    /// The key-value stores it may open.
    pub key_value_stores: BTreeSet<String>,
}

/// Why a manifest cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// There is no such file.
    #[error("there is no manifest at {}", .0.display())]
    NotFound(PathBuf),
    /// The file cannot be read.
    #[error("cannot read {}: {cause}", path.display())]
    Unreadable {
        /// The manifest.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// Not TOML, or a key this host does not know.
    #[error("{0}")]
    Syntax(String),
    /// Well formed, and yet it cannot be meant.
    #[error("{0}")]
    Meaning(String),
}

impl Manifest {
    /// Reads and checks the manifest at `path`.
    ///
    /// # Errors
    ///
    /// The file is missing, unreadable, not TOML, has an unknown key, or contradicts itself.
    pub fn read(path: &Path) -> Result<Self, ManifestError> {
        let text = std::fs::read_to_string(path).map_err(|cause| match cause.kind() {
            std::io::ErrorKind::NotFound => ManifestError::NotFound(path.to_owned()),
            _ => ManifestError::Unreadable {
                path: path.to_owned(),
                cause,
            },
        })?;
        Self::parse(&text)
    }

    /// Parses and checks a manifest.
    ///
    /// # Errors
    ///
    /// Not TOML, an unknown key, or a contradiction; the message names key and line.
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        let document: Document = toml::from_str(text)
            .map_err(|error| ManifestError::Syntax(error.to_string().trim_end().to_owned()))?;
        document.resolve().map_err(ManifestError::Meaning)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = r#"
spin_manifest_version = 2
[application]
name = "small"
[variables]
bucket = { required = true }
[[trigger.http]]
route = "/games/..."
component = "games"
[component.games]
source = "games.wasm"
allowed_outbound_hosts = ["{{ bucket }}"]
variables = { bucket = "{{ bucket }}" }
"#;

    #[test]
    fn a_small_manifest_is_read() {
        let manifest = Manifest::parse(SMALL).unwrap();
        let trigger = &manifest.http[0];
        assert_eq!(trigger.component.id.as_str(), "games");
        assert_eq!(trigger.component.source, Path::new("games.wasm"));
    }

    #[test]
    fn what_cannot_be_run_is_refused_by_name() {
        for (from, to, expected) in [
            (
                "name = \"small\"",
                "name = \"small\"\nbogus = 1",
                "unknown field `bogus`",
            ),
            (
                "component = \"games\"",
                "component = \"nobody\"",
                "`nobody`",
            ),
            ("bucket = { required = true }", "", "`bucket`"),
            (
                "bucket = { required = true }",
                "bucket = { required = true, default = \"x\" }",
                "has a default",
            ),
            (
                "bucket = { required = true }",
                "bucket = {}",
                "neither required",
            ),
            ("/games/...", "games/...", "`games/...`"),
            ("/games/...", "/games/:id", "`/games/:id`"),
            (
                "spin_manifest_version = 2",
                "spin_manifest_version = 1",
                "only 2",
            ),
            ("[\"{{ bucket }}\"]", "[\"{{ bucket\"]", "not closed"),
            (
                "component = \"games\"",
                "component = \"games\"\ndependencies.middleware = [{ component = \"games\" }]",
                "route `/games/...` has `dependencies`",
            ),
        ] {
            let error = Manifest::parse(&SMALL.replacen(from, to, 1))
                .unwrap_err()
                .to_string();
            assert!(error.contains(expected), "{to}: {error}");
        }
    }

    /// The forms of Spin's manifest schema.
    #[test]
    fn stores_and_a_schedule_are_read() {
        let more = r#"
key_value_stores = ["default"]
[[trigger.cron]]
component = "games"
cron_expression = "0 * * * * *"
"#;
        let manifest = Manifest::parse(&format!("{SMALL}{more}")).unwrap();
        let component = &manifest.cron[0].component;
        assert_eq!(component.id.as_str(), "games");
        assert!(component.key_value_stores.contains("default"));
    }

    #[test]
    fn a_dependency_or_a_schedule_that_cannot_be_kept_is_refused() {
        for (more, expected) in [
            (
                "dependencies.\"a:b/c\" = { path = \"a.wasm\" }",
                "component `games` has `dependencies`",
            ),
            (
                "[[trigger.cron]]\ncomponent = \"games\"\ncron_expression = \"often\"",
                "`often`",
            ),
        ] {
            let error = Manifest::parse(&format!("{SMALL}{more}\n")).unwrap_err();
            let error = error.to_string();
            assert!(error.contains(expected), "{more}: {error}");
        }
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_line() {
        let text = SMALL.replace(
            "source = \"games.wasm\"",
            "source = \"games.wasm\"\nsqlite_databases = [\"default\"]",
        );
        let error = Manifest::parse(&text).unwrap_err().to_string();
        assert!(
            error.contains("line 12") && error.contains("sqlite_databases"),
            "{error}"
        );
    }
}
