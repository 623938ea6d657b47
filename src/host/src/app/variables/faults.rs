//! What is wrong with the values of components' variables, found before the first request.

use crate::app::manifest::{Component, ComponentId, Manifest};
use crate::app::variables::Variables;
use reelgate_core::config::{Lookup, Problem, Problems};
use reelgate_core::video::config as video;
use reelgate_core::{gate, origin, playback};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// A configuration that components read.
struct Configuration {
    /// Who declares all of these reads it: it cannot do without them.
    needs: &'static [&'static str],
    check: fn(&dyn Lookup) -> Result<(), Problems>,
}

/// Every configuration in which something can be wrong.
const CONFIGURATIONS: [Configuration; 8] = [
    Configuration {
        needs: &["playback_token_secret"],
        check: |lookup| gate::Config::from_lookup(lookup).map(drop),
    },
    Configuration {
        needs: &[
            "s3_endpoint",
            "s3_bucket",
            "s3_access_key_id",
            "s3_secret_access_key",
        ],
        check: |lookup| origin::Config::from_lookup(lookup).map(drop),
    },
    Configuration {
        needs: &[
            "playback_token_secret",
            "clerk_jwks_url",
            "video_origin_url",
        ],
        check: |lookup| playback::Config::from_lookup(lookup).map(drop),
    },
    Configuration {
        needs: &[
            "catalog_bucket",
            "catalog_access_key_id",
            "catalog_secret_access_key",
        ],
        check: |lookup| video::CatalogBucket::from_lookup(lookup).map(drop),
    },
    Configuration {
        needs: &["admin_token"],
        check: |lookup| video::Videos::from_lookup(lookup).map(drop),
    },
    Configuration {
        needs: &["stuck_after_seconds"],
        check: |lookup| video::Reconciler::from_lookup(lookup).map(drop),
    },
    Configuration {
        needs: &["cf_stream_webhook_secret"],
        check: |lookup| video::Webhook::from_lookup(lookup).map(drop),
    },
    Configuration {
        needs: &[
            "stream_enabled",
            "cloudflare_account_id",
            "cf_stream_api_token",
            "stream_source_origin",
            "cf_stream_webhook_secret",
        ],
        check: |lookup| video::Transcoder::from_lookup(lookup).map(drop),
    },
];

/// One variable that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// As the operator knows it: the application's variable where the component's is nothing else.
    pub variable: String,
    /// What is wrong and what would be right, as a clause that follows the name.
    pub message: String,
    /// The components that have it.
    pub components: Vec<ComponentId>,
    /// Whether the application cannot run without it.
    pub required: bool,
}

/// Everything that is wrong with an application's variables.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults(pub Vec<Fault>);

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, fault) in self.0.iter().enumerate() {
            let separator = if number == 0 { "" } else { "; " };
            write!(f, "{separator}{} {}", fault.variable, fault.message)?;
        }
        Ok(())
    }
}

impl Faults {
    /// All that is wrong with the values that the components of `manifest` have, each once.
    pub(crate) fn find(manifest: &Manifest, variables: &Variables) -> Self {
        let mut faults = Self::default();
        for component in &manifest.components {
            for problem in problems(component, &variables.of(component)) {
                faults.add(manifest, component, problem);
            }
        }
        faults
    }

    /// Those of variables that are required, and the others.
    pub(crate) fn split(self) -> (Self, Self) {
        let (required, other) = self.0.into_iter().partition(|fault| fault.required);
        (Self(required), Self(other))
    }

    /// As a line of the log says it: each with the components that answer 500 for it.
    pub(crate) fn with_components(&self) -> String {
        let line = |fault: &Fault| {
            let Fault {
                variable, message, ..
            } = fault;
            let ids: Vec<&str> = fault.components.iter().map(ComponentId::as_str).collect();
            format!("{variable} {message} ({})", ids.join(", "))
        };
        self.0.iter().map(line).collect::<Vec<_>>().join("; ")
    }

    fn add(&mut self, manifest: &Manifest, component: &Component, problem: Problem) {
        let named: Vec<&str> = component
            .variables
            .get(problem.variable)
            .map(|template| template.variables().collect())
            .unwrap_or_default();
        let variable = match named[..] {
            [variable] => variable,
            _ => problem.variable,
        };
        let same =
            |fault: &&mut Fault| fault.variable == variable && fault.message == problem.message;
        if let Some(fault) = self.0.iter_mut().find(same) {
            if !fault.components.contains(&component.id) {
                fault.components.push(component.id.clone());
            }
            return;
        }
        let required = |name: &&str| {
            let variable = manifest.variables.get(*name);
            variable.is_some_and(|variable| variable.required)
        };
        self.0.push(Fault {
            variable: variable.to_owned(),
            required: named.iter().any(required),
            message: problem.message,
            components: vec![component.id.clone()],
        });
    }
}

/// What is wrong with the variables that `component` declares, which have these `values`. Where several
/// configurations read one, the first that cannot use it speaks.
fn problems(component: &Component, values: &BTreeMap<String, String>) -> Vec<Problem> {
    let declared = |name: &str| component.variables.contains_key(name);
    let lookup = |name: &str| values.get(name).cloned();
    let mut found: Vec<Problem> = Vec::new();
    for Configuration { needs, check } in &CONFIGURATIONS {
        if !needs.iter().all(|name| declared(name)) {
            continue;
        }
        let Problems(problems) = check(&lookup).err().unwrap_or_default();
        let known: BTreeSet<&str> = found.iter().map(|problem| problem.variable).collect();
        let new = problems
            .into_iter()
            .filter(|problem| declared(problem.variable) && !known.contains(problem.variable))
            .collect::<Vec<_>>();
        found.extend(new);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::variables::Sources;

    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    /// Components with ids that say nothing, each with the variables of one of the product's.
    const MANIFEST: &str = r#"
spin_manifest_version = 2
[application]
name = "a"
[variables]
endpoint = { required = true }
films = { required = true }
rows = { default = "rows" }
key = { default = "key" }
secret = { required = true }
origins = { default = "" }
cookie = { default = "c" }
jwks = { default = "" }
portal = { default = "" }
enabled = { default = "true" }
account = { default = "account" }
stuck = { default = "300" }
[trigger]
[component.a]
source = "a.wasm"
[component.a.variables]
playback_token_secret = "{{ secret }}"
session_cookie_name = "{{ cookie }}"
allowed_origins = "{{ origins }}"
s3_endpoint = "{{ endpoint }}"
s3_bucket = "{{ films }}"
s3_access_key_id = "{{ key }}"
s3_secret_access_key = "{{ key }}"
[component.b]
source = "b.wasm"
[component.b.variables]
playback_token_secret = "{{ secret }}"
allowed_origins = "{{ origins }}"
clerk_jwks_url = "{{ jwks }}"
video_origin_url = "{{ portal }}"
s3_endpoint = "{{ endpoint }}"
s3_bucket = "{{ rows }}"
s3_access_key_id = "{{ key }}"
s3_secret_access_key = "{{ key }}"
[component.c]
source = "c.wasm"
[component.c.variables]
admin_token = ""
stuck_after_seconds = "{{ stuck }}"
stream_enabled = "{{ enabled }}"
cloudflare_account_id = "{{ account }}"
cf_stream_api_token = "token"
stream_source_origin = "https://video.example"
cf_stream_webhook_secret = "secret-of-a-webhook"
"#;

    fn faults(given: &[(&str, &str)]) -> Faults {
        faults_of(MANIFEST, given)
    }

    fn faults_of(manifest: &str, given: &[(&str, &str)]) -> Faults {
        let good = [
            ("endpoint", "https://bucket.example"),
            ("films", "films"),
            ("secret", SECRET),
        ];
        let text = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let sources = Sources::default()
            .then(given.iter().map(text))
            .then(good.iter().map(text));
        let manifest = Manifest::parse(manifest).unwrap();
        let variables = Variables::resolve(&manifest, &sources).unwrap();
        Faults::find(&manifest, &variables)
    }

    fn names(faults: &Faults) -> Vec<&str> {
        faults
            .0
            .iter()
            .map(|fault| fault.variable.as_str())
            .collect()
    }

    #[test]
    fn what_is_well_has_no_fault() {
        assert_eq!(faults(&[]), Faults::default());
    }

    #[test]
    fn every_components_variables_are_checked_whatever_its_id() {
        for (variable, value, components) in [
            ("secret", "short", "a, b"),
            ("cookie", "a b", "a"),
            ("endpoint", "bucket.example", "a, b"),
            ("films", "a/b", "a"),
            ("rows", "a/b", "b"),
            ("stuck", "soon", "c"),
            ("account", "a/b", "c"),
        ] {
            let found = faults(&[(variable, value)]);
            assert_eq!(names(&found), [variable], "{found:?}");
            let line = found.with_components();
            assert!(line.ends_with(&format!(" ({components})")), "{line}");
        }
        let portal = faults(&[("jwks", "no address"), ("portal", "https://v.example/path")]);
        assert_eq!(names(&portal), ["jwks", "portal"]);
    }

    #[test]
    fn all_are_listed_together_and_each_once() {
        let found = faults(&[
            ("secret", "short"),
            ("endpoint", "bucket.example"),
            ("origins", "*"),
            ("stuck", "soon"),
        ]);
        assert_eq!(names(&found), ["secret", "origins", "endpoint", "stuck"]);
        let (required, other) = found.split();
        assert_eq!(names(&required), ["secret", "endpoint"]);
        assert_eq!(names(&other), ["origins", "stuck"]);
        let text = required.to_string();
        assert!(
            text.starts_with("secret is shorter than 32 bytes"),
            "{text}"
        );
        assert!(text.contains("; endpoint "), "{text}");
    }

    #[test]
    fn who_does_without_a_variable_is_not_asked_for_it() {
        // Stream is switched off, and then nobody minds the account.
        let found = faults(&[("enabled", "false"), ("account", "a/b")]);
        assert_eq!(found, Faults::default());
        // The defaults of a session are those of `b`'s tokens; it mints none.
        let manifest = MANIFEST.replace(
            "clerk_jwks_url =",
            "playback_token_issuer = \"reelgate-gate\"\n\
             playback_token_audience = \"reelgate-session\"\nclerk_jwks_url =",
        );
        assert_eq!(faults_of(&manifest, &[]), Faults::default());
    }
}
