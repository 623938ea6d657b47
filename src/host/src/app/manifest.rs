//! The subset of Spin's application manifest (`spin_manifest_version = 2`) that this host runs.
//!
//! Every key is either obeyed or refused by name and line: a manifest never asks for something and
//! silently gets less.

mod check;
mod inherit;
mod template;

pub use inherit::{Inherit, Inherited};
pub(crate) use template::{Piece, pieces};

use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// A `spin.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Always 2.
    pub spin_manifest_version: u32,
    /// Name and description.
    pub application: Application,
    /// The application's variables, by name.
    #[serde(default)]
    pub variables: BTreeMap<String, Variable>,
    /// What starts components.
    pub trigger: Triggers,
    /// The components, by id.
    #[serde(default)]
    pub component: BTreeMap<String, Component>,
}

/// `[application]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Application {
    /// The application's name.
    pub name: String,
    /// Its version.
    #[serde(default)]
    pub version: String,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// Who made it.
    #[serde(default)]
    pub authors: Vec<String>,
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

/// `[[trigger.*]]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Triggers {
    /// What answers which path.
    #[serde(default)]
    pub http: Vec<HttpTrigger>,
    /// What runs when.
    #[serde(default)]
    pub cron: Vec<CronTrigger>,
}

/// `[[trigger.http]]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpTrigger {
    /// A name for the trigger; only for people.
    #[serde(default)]
    pub id: String,
    /// A path, or a path that ends in `/...` for all below it.
    pub route: String,
    /// The component that answers.
    pub component: String,
    /// What stands before it.
    #[serde(default)]
    pub dependencies: TriggerDependencies,
}

/// `[[trigger.cron]]`, as Spin's plugin has it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CronTrigger {
    /// A name for the trigger; only for people.
    #[serde(default)]
    pub id: String,
    /// The component that runs.
    pub component: String,
    /// When, in UTC: second, minute, hour, day of month, month, day of week and perhaps year.
    pub cron_expression: String,
}

/// `dependencies` of a trigger.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TriggerDependencies {
    /// The components a request passes first, outermost first.
    #[serde(default)]
    pub middleware: Vec<Middleware>,
}

/// One component that stands before another.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Middleware {
    /// Its id.
    pub component: String,
    /// What it may use of the component it stands before.
    #[serde(default)]
    pub inherit_configuration: Inherit,
}

/// `[component.<id>]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Component {
    /// The `.wasm` file, relative to the manifest.
    pub source: PathBuf,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// Its variables; `{{ name }}` stands for an application variable.
    #[serde(default)]
    pub variables: BTreeMap<String, String>,
    /// Its environment.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    /// Where it may send requests.
    #[serde(default)]
    pub allowed_outbound_hosts: Vec<String>,
    /// The key-value stores it may open.
    #[serde(default)]
    pub key_value_stores: BTreeSet<String>,
    /// Components that provide what it imports, by the name of the import: `ns:package/interface@version`,
    /// without the version, or `ns:package` for all interfaces of a package.
    #[serde(default)]
    pub dependencies: BTreeMap<String, Dependency>,
    /// How `spin build` makes it; nothing this host does.
    pub build: Option<Build>,
}

/// A component that provides what another imports.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dependency {
    /// Its `.wasm` file, relative to the manifest.
    pub path: Option<PathBuf>,
    /// Or the component of this manifest whose file it is; nothing else of that component counts.
    pub component: Option<String>,
    /// The name of the export, where it differs from that of the import.
    pub export: Option<String>,
    /// What it may use of the component that imports it.
    #[serde(default)]
    pub inherit_configuration: Inherit,
}

/// `[component.<id>.build]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Build {
    /// The command.
    pub command: String,
    /// Where to run it.
    #[serde(default)]
    pub workdir: Option<PathBuf>,
    /// What to watch.
    #[serde(default)]
    pub watch: Vec<String>,
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
        let manifest: Self = toml::from_str(text)
            .map_err(|error| ManifestError::Syntax(error.to_string().trim_end().to_owned()))?;
        manifest.check().map_err(ManifestError::Meaning)?;
        Ok(manifest)
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
        assert_eq!(
            manifest.trigger.http[0].dependencies.middleware[0].component,
            "gate"
        );
        assert_eq!(
            manifest.component["origin"].source,
            Path::new("origin.wasm")
        );
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
        let origin = &manifest.component["origin"];
        assert!(origin.key_value_stores.contains("default"));
        let catalog = &origin.dependencies["reelgate:video/catalog@0.1.0"];
        assert_eq!(catalog.path.as_deref(), Some(Path::new("catalog.wasm")));
        assert!(catalog.inherit_configuration.has(Inherited::KeyValueStores));
        assert!(!catalog.inherit_configuration.has(Inherited::Variables));
        let transcoder = &origin.dependencies["reelgate:video/transcoder"];
        assert!(transcoder.inherit_configuration.has(Inherited::Environment));
        assert_eq!(manifest.trigger.cron[0].component, "origin");
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
