//! What the loader makes of components, by what they export, import and declare.

use super::*;
use crate::app::options::Origin;
use crate::app::variables::{Sources, Variables};
use crate::keyvalue::RuntimeConfig;
use crate::log::{Format, Log};
use crate::runtime::engine;
use tempfile::TempDir;

/// Interfaces, each with its function.
const HANDLER: (&str, &str) = ("wasi:http/handler@0.3.0", "handle");
const DECISION: (&str, &str) = ("reelgate:gate/decision@0.1.0", "decide");

/// A component that imports and exports by name, for nobody calls it.
fn component(imports: &[(&str, &str)], exports: &[(&str, &str)]) -> Vec<u8> {
    let import = |(interface, function): &(&str, &str)| {
        format!("(import \"{interface}\" (instance (export \"{function}\" (func))))")
    };
    let export = |(number, (interface, function)): (usize, &(&str, &str))| {
        format!(
            "(instance $i{number} (export \"{function}\" (func $f)))
            (export \"{interface}\" (instance $i{number}))"
        )
    };
    let imports: String = imports.iter().map(import).collect();
    let exports: String = exports.iter().enumerate().map(export).collect();
    let text = format!(
        "(component {imports}
            (core module $m (func (export \"f\")))
            (core instance $c (instantiate $m))
            (func $f (canon lift (core func $c \"f\")))
            {exports})"
    );
    wat::parse_str(text).unwrap()
}

/// An application with one route, and the files of its components.
struct Application {
    folder: TempDir,
    key: &'static str,
    origin: Origin,
}

impl Application {
    /// The route is answered by `films`, whose file is this one.
    fn new(films: &[u8]) -> Self {
        let this = Self {
            folder: TempDir::new().unwrap(),
            key: "key",
            origin: Origin::Native,
        };
        this.file("films", films);
        this
    }

    fn file(&self, id: &str, bytes: &[u8]) {
        std::fs::write(self.folder.path().join(format!("{id}.wasm")), bytes).unwrap();
    }

    fn manifest(&self) -> String {
        format!(
            r#"
spin_manifest_version = 2
[application]
name = "a"
[variables]
bucket = {{ required = true }}
key = {{ default = "{key}" }}
[[trigger.http]]
route = "/films/..."
component = "films"
[component.films]
source = "films.wasm"
[component.films.variables]
s3_endpoint = "https://bucket.example"
s3_bucket = "{{{{ bucket }}}}"
s3_access_key_id = "{{{{ key }}}}"
s3_secret_access_key = "secret"
"#,
            key = self.key,
        )
    }

    fn load(&self, bucket: &str) -> Result<App, AppError> {
        let manifest = Manifest::parse(&self.manifest()).unwrap();
        let sources = Sources::default().then([("bucket".to_owned(), bucket.to_owned())]);
        let variables = Variables::resolve(&manifest, &sources).unwrap();
        let options = LoadOptions {
            folder: self.folder.path(),
            build_folder: None,
            variables: &variables,
            origin: self.origin,
            schedule: true,
            runtime: engine::shared(),
            cache: None,
            log: &Log::new(Format::Text),
        };
        let mut stores = Stores::new(RuntimeConfig::default(), self.folder.path());
        let mut app = App::default();
        app.add(&manifest, &mut stores, &options).map(|()| app)
    }

    /// Whether requests go the short way.
    fn is_forwarded(&self) -> bool {
        let app = self.load("films").unwrap();
        app.routes
            .find("/films/a")
            .unwrap()
            .handler
            .forwarder
            .is_some()
    }
}

#[test]
fn a_gate_composed_with_its_origin_is_known_by_what_it_exports() {
    let composed = component(&[], &[HANDLER, DECISION]);
    assert!(Application::new(&composed).is_forwarded());

    let as_component = Application {
        origin: Origin::Component,
        ..Application::new(&composed)
    };
    assert!(!as_component.is_forwarded());
    // The component says so in every answer.
    let misconfigured = Application {
        key: "",
        ..Application::new(&composed)
    };
    assert!(!misconfigured.is_forwarded());
    let no_gate = component(&[], &[HANDLER]);
    assert!(!Application::new(&no_gate).is_forwarded());
}

/// Nothing stands behind it on this host.
#[test]
fn a_gate_without_its_origin_is_refused() {
    let gate = component(&[HANDLER], &[HANDLER, DECISION]);
    let error = Application::new(&gate).load("films").err().unwrap();
    let error = error.to_string();
    assert!(
        error.contains("`films`") && error.contains("wasi:http/handler"),
        "{error}"
    );
}

#[test]
fn a_required_variable_that_cannot_be_used_is_refused_whatever_the_components_id() {
    let error = Application::new(&component(&[], &[HANDLER])).load("a/b");
    let error = error.err().unwrap().to_string();
    assert!(error.starts_with("bucket "), "{error}");
}
