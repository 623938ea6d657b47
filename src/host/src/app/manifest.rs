//! The subset of Spin's application manifest (`spin_manifest_version = 2`) that this host runs.
//!
//! Every key is either obeyed or refused by name and line: a manifest never asks for something and
//! silently gets less. `document` is what is written, `resolve` finds what it names.

mod document;
mod inherit;
mod resolve;
mod template;
mod times;

pub use crate::app::manifest::inherit::{Inherit, Inherited};
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
    /// The components a request passes first, outermost first.
    pub middleware: Vec<Middleware>,
}

/// One component that stands before another.
#[derive(Clone, Debug)]
pub struct Middleware {
    /// The component.
    pub component: Arc<Component>,
    /// What it may use of the component it stands before.
    pub inherit_configuration: Inherit,
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
    /// Components that provide what it imports.
    pub dependencies: Vec<Dependency>,
}

/// A component that provides what another imports.
#[derive(Clone, Debug)]
pub struct Dependency {
    /// The name of the import: `ns:package/interface@version`, without the version, or `ns:package` for
    /// all interfaces of a package.
    pub import: String,
    /// The `.wasm` file, relative to the manifest.
    pub source: PathBuf,
    /// The name of the export, where it differs from that of the import.
    pub export: Option<String>,
    /// What it may use of the component that imports it.
    pub inherit_configuration: Inherit,
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
component = "origin"
dependencies.middleware = [{ component = "gate", inherit_configuration = ["variables"] }]
[component.gate]
source = "gate.wasm"
[component.origin]
source = "origin.wasm"
allowed_outbound_hosts = ["{{ bucket }}"]
variables = { bucket = "{{ bucket }}" }
"#;

    #[test]
    fn a_small_manifest_is_read() {
        let manifest = Manifest::parse(SMALL).unwrap();
        let trigger = &manifest.http[0];
        assert_eq!(trigger.middleware[0].component.id.as_str(), "gate");
        assert_eq!(trigger.component.source, Path::new("origin.wasm"));
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
                "component = \"origin\"",
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
            ("\"variables\"", "\"sqlite\"", "unknown variant `sqlite`"),
        ] {
            let error = Manifest::parse(&SMALL.replacen(from, to, 1))
                .unwrap_err()
                .to_string();
            assert!(error.contains(expected), "{to}: {error}");
        }
    }

    /// The forms of Spin's manifest schema that name a file on this machine.
    #[test]
    fn stores_dependencies_and_a_schedule_are_read() {
        let more = r#"
key_value_stores = ["default"]
[component.origin.dependencies]
"reelgate:video/catalog@0.1.0" = { path = "catalog.wasm", inherit_configuration = ["key_value_stores"] }
"reelgate:video/transcoder" = { component = "gate", export = "other", inherit_configuration = true }
[[trigger.cron]]
component = "origin"
cron_expression = "0 * * * * *"
"#;
        let manifest = Manifest::parse(&format!("{SMALL}{more}")).unwrap();
        let origin = &manifest.cron[0].component;
        assert_eq!(origin.id.as_str(), "origin");
        assert!(origin.key_value_stores.contains("default"));
        let [catalog, transcoder] = &origin.dependencies[..] else {
            panic!("{:?}", origin.dependencies)
        };
        assert_eq!(catalog.import, "reelgate:video/catalog@0.1.0");
        assert_eq!(catalog.source, Path::new("catalog.wasm"));
        assert!(catalog.inherit_configuration.has(Inherited::KeyValueStores));
        assert!(!catalog.inherit_configuration.has(Inherited::Variables));
        // The file of the component that is named.
        assert_eq!(transcoder.source, Path::new("gate.wasm"));
        assert_eq!(transcoder.export.as_deref(), Some("other"));
        assert!(transcoder.inherit_configuration.has(Inherited::Environment));
    }

    #[test]
    fn a_dependency_or_a_schedule_that_cannot_be_meant_is_refused() {
        for (more, expected) in [
            ("dependencies.\"a:b/c\" = \"1.0.0\"", "a:b/c"),
            (
                "dependencies.\"a:b/c\" = {}",
                "either a `path` or a `component`",
            ),
            (
                "dependencies.\"a:b/c\" = { path = \"a\", component = \"gate\" }",
                "either a `path` or a `component`",
            ),
            (
                "dependencies.\"a:b/c\" = { component = \"nobody\" }",
                "`nobody`",
            ),
            (
                "dependencies.\"a:b/c\" = { url = \"https://h/\" }",
                "unknown field `url`",
            ),
            (
                "[[trigger.cron]]\ncomponent = \"gate\"\ncron_expression = \"often\"",
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
            "source = \"gate.wasm\"",
            "source = \"gate.wasm\"\nsqlite_databases = [\"default\"]",
        );
        let error = Manifest::parse(&text).unwrap_err().to_string();
        assert!(
            error.contains("line 13") && error.contains("sqlite_databases"),
            "{error}"
        );
    }
}
