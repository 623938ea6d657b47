//! What the loader makes of components, by what they export, import and declare.

use super::*;
use crate::app::options::Origin;
use crate::app::variables::{Sources, Variables};
use crate::keyvalue::RuntimeConfig;
use crate::log::{Format, Log};
use crate::runtime::engine::engine;
use tempfile::TempDir;

/// Interfaces, each with its function.
const HANDLER: (&str, &str) = ("wasi:http/handler@0.3.0", "handle");
const DECISION: (&str, &str) = ("reelgate:video/gate@0.1.0", "decide");

/// A component that imports and exports by name, for nobody calls it.
fn component(imports: &[(&str, &str)], exports: &[(&str, &str)]) -> Vec<u8> {
    let import = |(interface, _): &(&str, &str)| format!("(import \"{interface}\" (instance))");
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
    middleware: String,
    key: &'static str,
    origin: Origin,
}

impl Application {
    /// The route is answered by `films`, whose file is this one.
    fn new(films: &[u8]) -> Self {
        let this = Self {
            folder: TempDir::new().unwrap(),
            middleware: String::new(),
            key: "key",
            origin: Origin::Native,
        };
        this.file("films", films);
        this
    }

    fn file(&self, id: &str, bytes: &[u8]) {
        std::fs::write(self.folder.path().join(format!("{id}.wasm")), bytes).unwrap();
    }

    /// With one more component before `films`, the outermost first.
    fn behind(mut self, id: &str, bytes: &[u8]) -> Self {
        self.file(id, bytes);
        self.middleware += &format!("{{ component = \"{id}\" }},");
        self
    }

    fn manifest(&self) -> String {
        let others: String = ["door", "other"]
            .map(|id| format!("[component.{id}]\nsource = \"{id}.wasm\"\n"))
            .concat();
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
dependencies.middleware = [{middleware}]
{others}
[component.films]
source = "films.wasm"
[component.films.variables]
s3_endpoint = "https://bucket.example"
s3_bucket = "{{{{ bucket }}}}"
s3_access_key_id = "{{{{ key }}}}"
s3_secret_access_key = "secret"
"#,
            key = self.key,
            middleware = self.middleware,
        )
    }

    fn load(&self, bucket: &str) -> Result<App, AppError> {
        let manifest = Manifest::parse(&self.manifest()).unwrap();
        let sources = Sources::default().then([("bucket".to_owned(), bucket.to_owned())]);
        let variables = Variables::resolve(&manifest, &sources).unwrap();
        let engine = engine(None).unwrap();
        let options = LoadOptions {
            folder: self.folder.path(),
            build_folder: None,
            variables: &variables,
            origin: self.origin,
            schedule: true,
            engine: &engine,
            log: &Log::new(Format::Text),
        };
        let mut stores = Stores::new(RuntimeConfig::default(), self.folder.path());
        let mut app = App::default();
        app.add(&manifest, &mut stores, &options).map(|()| app)
    }

    /// Whether requests go the short way; and whether the host stands behind the components.
    fn ways(&self) -> (bool, bool) {
        let app = self.load("films").unwrap();
        let handler = &app.routes.find("/films/a").unwrap().handler;
        (handler.forwarder.is_some(), handler.config.next.is_some())
    }
}

#[test]
fn a_gate_composed_with_its_origin_is_known_by_what_it_exports() {
    let composed = component(&[], &[HANDLER, DECISION]);
    assert_eq!(Application::new(&composed).ways(), (true, false));

    let as_component = Application {
        origin: Origin::Component,
        ..Application::new(&composed)
    };
    assert_eq!(as_component.ways(), (false, false));
    // The component says so in every answer.
    let misconfigured = Application {
        key: "",
        ..Application::new(&composed)
    };
    assert_eq!(misconfigured.ways(), (false, false));
    for (what, other) in [
        ("no decision", component(&[], &[HANDLER])),
        (
            "no origin in it",
            component(&[HANDLER], &[HANDLER, DECISION]),
        ),
    ] {
        assert_eq!(Application::new(&other).ways(), (false, false), "{what}");
    }
}

#[test]
fn a_gate_before_an_origin_is_known_by_what_it_exports() {
    let origin = component(&[], &[HANDLER]);
    let gate = component(&[HANDLER], &[HANDLER, DECISION]);
    let other = component(&[HANDLER], &[HANDLER]);
    let films = || Application::new(&origin);
    assert_eq!(films().behind("door", &gate).ways(), (true, true));
    assert_eq!(films().behind("other", &other).ways(), (false, false));
    // Nobody who stands between the two is passed by.
    let between = films().behind("door", &gate).behind("other", &other);
    assert_eq!(between.ways(), (false, true));
    let before = films().behind("other", &other).behind("door", &gate);
    assert_eq!(before.ways(), (false, false));
    let as_component = Application {
        origin: Origin::Component,
        ..films().behind("door", &gate)
    };
    assert_eq!(as_component.ways(), (false, false));
}

#[test]
fn a_required_variable_that_cannot_be_used_is_refused_whatever_the_components_id() {
    let error = Application::new(&component(&[], &[HANDLER])).load("a/b");
    let error = error.err().unwrap().to_string();
    assert!(error.starts_with("bucket "), "{error}");
}
