//! The subset of Spin's application manifest (`spin_manifest_version = 2`) that this host runs.
//!
//! Every key is either obeyed or refused by name and line: a manifest never asks for something and
//! silently gets less.

use serde::Deserialize;
use std::collections::{BTreeMap, HashSet};
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
    pub http: Vec<HttpTrigger>,
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
    pub inherit_configuration: Vec<Inherited>,
}

/// What a middleware may inherit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Inherited {
    /// The variables.
    Variables,
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
    /// How `spin build` makes it; nothing this host does.
    pub build: Option<Build>,
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

    fn check(&self) -> Result<(), String> {
        if self.spin_manifest_version != 2 {
            return Err(format!(
                "spin_manifest_version is {}: only 2 is known",
                self.spin_manifest_version
            ));
        }
        for (name, variable) in &self.variables {
            if variable.required && variable.default.is_some() {
                return Err(format!(
                    "variable `{name}` is required and has a default: leave one out"
                ));
            }
            if !variable.required && variable.default.is_none() {
                return Err(format!(
                    "variable `{name}` is neither required nor has a default"
                ));
            }
        }
        let mut routes = HashSet::new();
        for trigger in &self.trigger.http {
            self.check_trigger(trigger)?;
            if !routes.insert(&trigger.route) {
                return Err(format!("two triggers have the route `{}`", trigger.route));
            }
        }
        self.component
            .iter()
            .try_for_each(|(id, component)| self.check_templates(id, component))
    }

    fn check_trigger(&self, trigger: &HttpTrigger) -> Result<(), String> {
        let HttpTrigger {
            route,
            component,
            dependencies,
            ..
        } = trigger;
        let fixed = route.strip_suffix("/...").unwrap_or(route);
        if !route.starts_with('/') || fixed.contains("...") || fixed.contains([':', '*', '?', '#'])
        {
            return Err(format!(
                "route `{route}`: give a path such as `/healthz`, or `/games/...` for all below"
            ));
        }
        std::iter::once(component)
            .chain(
                dependencies
                    .middleware
                    .iter()
                    .map(|middleware| &middleware.component),
            )
            .find(|id| !self.component.contains_key(*id))
            .map_or(Ok(()), |id| {
                Err(format!(
                    "route `{route}` names component `{id}`, which is not in the manifest"
                ))
            })
    }

    fn check_templates(&self, id: &str, component: &Component) -> Result<(), String> {
        for text in component
            .variables
            .values()
            .chain(&component.allowed_outbound_hosts)
        {
            for piece in
                pieces(text).map_err(|error| format!("component `{id}`: {error} in `{text}`"))?
            {
                if let Piece::Variable(name) = piece
                    && !self.variables.contains_key(name)
                {
                    return Err(format!(
                        "component `{id}` uses variable `{name}`, which is not under [variables]"
                    ));
                }
            }
        }
        Ok(())
    }
}

/// A part of a text with `{{ templates }}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    Text(&'a str),
    Variable(&'a str),
}

/// Splits a text at its `{{ templates }}`.
pub(crate) fn pieces(mut text: &str) -> Result<Vec<Piece<'_>>, &'static str> {
    let mut pieces = Vec::new();
    while let Some((before, rest)) = text.split_once("{{") {
        let (name, after) = rest.split_once("}}").ok_or("`{{` is not closed")?;
        pieces.extend([Piece::Text(before), Piece::Variable(name.trim())]);
        text = after;
    }
    pieces.push(Piece::Text(text));
    Ok(pieces)
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

    #[test]
    fn templates_are_split() {
        assert_eq!(
            pieces("a{{ b }}c{{d}}").unwrap(),
            [
                Piece::Text("a"),
                Piece::Variable("b"),
                Piece::Text("c"),
                Piece::Variable("d"),
                Piece::Text("")
            ]
        );
    }
}
