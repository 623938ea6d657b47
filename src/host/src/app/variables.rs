//! From what an operator gives to what each component sees.

mod faults;

pub use crate::app::variables::faults::{Fault, Faults};

use crate::app::manifest::{Component, Manifest, Piece, Template};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Values for application variables, from several places; the first place that has one wins.
#[derive(Default)]
pub struct Sources(Vec<BTreeMap<String, String>>);

impl Sources {
    /// Adds a place that is asked after all those added before.
    #[must_use]
    pub fn then(mut self, values: impl IntoIterator<Item = (String, String)>) -> Self {
        self.0.push(values.into_iter().collect());
        self
    }

    /// Adds those of `environment` that are named `SPIN_VARIABLE_<NAME>`, as Spin reads them.
    #[must_use]
    pub fn then_environment(self, environment: impl IntoIterator<Item = (String, String)>) -> Self {
        self.then(environment.into_iter().filter_map(|(key, value)| {
            Some((
                key.strip_prefix("SPIN_VARIABLE_")?.to_ascii_lowercase(),
                value,
            ))
        }))
    }

    /// Names of values that are for none of `declared`, each once. An empty value is none.
    #[must_use]
    pub fn unused(&self, declared: &BTreeSet<String>) -> BTreeSet<String> {
        let given = self.0.iter().flatten();
        given
            .filter(|(name, value)| !value.is_empty() && !declared.contains(*name))
            .map(|(name, _)| name.clone())
            .collect()
    }

    fn get(&self, name: &str) -> Option<&String> {
        self.0.iter().find_map(|place| place.get(name))
    }
}

/// Values may be secret.
impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.0.iter().map(|place| place.keys()))
            .finish()
    }
}

/// Required variables that nobody gave a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("required variables are not set: {}", .0.join(", "))]
pub struct Missing(pub Vec<String>);

/// Every application variable with its value.
pub struct Variables(BTreeMap<String, String>);

impl Variables {
    /// Gives each variable of `manifest` its value.
    ///
    /// # Errors
    ///
    /// Lists every required variable that has none.
    pub fn resolve(manifest: &Manifest, sources: &Sources) -> Result<Self, Missing> {
        let mut values = BTreeMap::new();
        let mut missing = Vec::new();
        for (name, variable) in &manifest.variables {
            let given = sources.get(name).or(variable.default.as_ref());
            match given {
                Some(value) if !(variable.required && value.is_empty()) => {
                    values.insert(name.clone(), value.clone());
                }
                _ => missing.push(name.clone()),
            }
        }
        if missing.is_empty() {
            Ok(Self(values))
        } else {
            Err(Missing(missing))
        }
    }

    /// What `component` sees.
    #[must_use]
    pub fn of(&self, component: &Component) -> BTreeMap<String, String> {
        component
            .variables
            .iter()
            .map(|(name, template)| (name.clone(), self.fill(template)))
            .collect()
    }

    /// The value of one.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// `template` with every application variable filled in.
    #[must_use]
    pub fn fill(&self, template: &Template) -> String {
        let pieces = template.pieces().iter();
        let filled = pieces.map(|piece| match piece {
            Piece::Text(text) => text.as_str(),
            Piece::Variable(name) => self.0.get(name).map_or("", String::as_str),
        });
        filled.collect()
    }
}

/// Values may be secret.
impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = r#"
spin_manifest_version = 2
[application]
name = "a"
[variables]
endpoint = { required = true }
key = { required = true, secret = true }
region = { default = "auto" }
[[trigger.http]]
route = "/"
component = "c"
[component.c]
source = "c.wasm"
variables = { where = "{{ endpoint }}/{{region}}" }
"#;

    fn given(values: &[(&str, &str)]) -> Sources {
        Sources::default().then(
            values
                .iter()
                .map(|(name, value)| ((*name).into(), (*value).into())),
        )
    }

    #[test]
    fn all_that_is_missing_is_named_at_once() {
        let manifest = Manifest::parse(MANIFEST).unwrap();
        let missing = Variables::resolve(&manifest, &given(&[("key", "")])).unwrap_err();
        assert_eq!(missing, Missing(vec!["endpoint".into(), "key".into()]));
    }

    #[test]
    fn the_first_place_wins_and_the_environment_is_read_as_spin_reads_it() {
        let manifest = Manifest::parse(MANIFEST).unwrap();
        let sources = given(&[("endpoint", "http://a")]).then_environment([
            ("SPIN_VARIABLE_ENDPOINT".into(), "http://b".into()),
            ("SPIN_VARIABLE_KEY".into(), "k".into()),
            ("REGION".into(), "eu".into()),
        ]);
        let variables = Variables::resolve(&manifest, &sources).unwrap();
        let seen = variables.of(&manifest.components[0]);
        assert_eq!(seen["where"], "http://a/auto");
    }

    #[test]
    fn what_no_manifest_declares_is_unused() {
        let manifest = Manifest::parse(MANIFEST).unwrap();
        let declared = manifest.variables.keys().cloned().collect();
        let sources = given(&[("endpoint", "http://a"), ("regoin", "eu")])
            .then_environment([("SPIN_VARIABLE_REGOIN".into(), "us".into())]);
        assert_eq!(sources.unused(&declared), BTreeSet::from(["regoin".into()]));
    }

    #[test]
    fn values_are_not_shown() {
        let manifest = Manifest::parse(MANIFEST).unwrap();
        let sources = given(&[("endpoint", "http://a"), ("key", "s3cret")]);
        let variables = Variables::resolve(&manifest, &sources).unwrap();
        assert!(!format!("{sources:?}{variables:?}").contains("s3cret"));
    }
}
