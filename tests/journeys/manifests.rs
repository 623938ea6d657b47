//! The manifests that we ship, held against what Spin 4.1 offers and refuses, as far as that is known: no
//! program of Spin can be had here.

use reelgate_core::routes;
use reelgate_tests::built;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use toml::{Table, Value};
use wasmparser::{ComponentExternalKind, Parser, Payload};

/// What Spin's HTTP trigger links for a component, at the versions that it serves: `crates/runtime-factors` of
/// its source, and wasmtime 47 beneath. Of WASI 0.2 it serves every version up to this one.
const SPIN_OFFERS: [&str; 31] = [
    "wasi:cli/environment@0.2.12",
    "wasi:cli/exit@0.2.12",
    "wasi:cli/stderr@0.2.12",
    "wasi:cli/stdin@0.2.12",
    "wasi:cli/stdout@0.2.12",
    "wasi:cli/terminal-input@0.2.12",
    "wasi:cli/terminal-output@0.2.12",
    "wasi:cli/terminal-stderr@0.2.12",
    "wasi:cli/terminal-stdin@0.2.12",
    "wasi:cli/terminal-stdout@0.2.12",
    "wasi:clocks/monotonic-clock@0.2.12",
    "wasi:clocks/monotonic-clock@0.3.0",
    "wasi:clocks/system-clock@0.3.0",
    "wasi:clocks/types@0.3.0",
    "wasi:clocks/wall-clock@0.2.12",
    "wasi:config/store@0.2.0-draft-2024-09-27",
    "wasi:http/client@0.3.0",
    "wasi:http/types@0.3.0",
    "wasi:io/error@0.2.12",
    "wasi:io/poll@0.2.12",
    "wasi:io/streams@0.2.12",
    "wasi:keyvalue/atomics@0.2.0-draft2",
    "wasi:keyvalue/batch@0.2.0-draft2",
    "wasi:keyvalue/store@0.2.0-draft2",
    "wasi:random/insecure-seed@0.2.12",
    "wasi:random/insecure-seed@0.3.0",
    "wasi:random/insecure@0.2.12",
    "wasi:random/insecure@0.3.0",
    "wasi:random/random@0.2.12",
    "wasi:random/random@0.3.0",
    "spin:variables/variables@3.0.0",
];

/// What its cron trigger has beside: words alone.
const CRON_OFFERS: &str = "spin:cron/cron-types@3.0.0";

/// One of them is how Spin knows that it can call a component for a request.
const HANDLERS: [&str; 2] = ["wasi:http/handler@0.3.0", "wasi:http/incoming-handler@0.2"];

struct Shipped {
    path: PathBuf,
    manifest: Table,
}

fn shipped() -> Vec<Shipped> {
    let mut paths: Vec<PathBuf> = Vec::new();
    let deploy = std::fs::read_dir(built::root().join("deploy")).unwrap();
    let folders = deploy.map(|entry| entry.unwrap().path());
    for folder in folders.chain([built::root().to_owned()]) {
        let entries = std::fs::read_dir(folder).into_iter().flatten();
        let files = entries.map(|entry| entry.unwrap().path());
        paths.extend(files.filter(|path| {
            let name = path.file_name().unwrap().to_string_lossy();
            name.starts_with("spin") && name.ends_with(".toml")
        }));
    }
    assert!(paths.len() >= 5, "{paths:?}");
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).unwrap();
        let manifest = text.parse().unwrap();
        Shipped { path, manifest }
    };
    paths.into_iter().map(read).collect()
}

impl Shipped {
    fn components(&self) -> impl Iterator<Item = (&String, &Table)> {
        let components = self.manifest["component"].as_table().unwrap();
        components
            .iter()
            .map(|(id, component)| (id, component.as_table().unwrap()))
    }

    fn triggers(&self, kind: &str) -> Vec<&Table> {
        let triggers = self.manifest["trigger"].get(kind).and_then(Value::as_array);
        triggers
            .into_iter()
            .flatten()
            .map(|trigger| trigger.as_table().unwrap())
            .collect()
    }

    /// The built file of a component, wherever Cargo's target folder is.
    fn source(&self, component: &Table) -> PathBuf {
        let source = Path::new(component["source"].as_str().unwrap());
        let built = source
            .components()
            .skip_while(|part| part.as_os_str() != "wasm32-wasip2");
        built::build_folder().join(built.collect::<PathBuf>())
    }

    fn name(&self) -> String {
        let inside = self.path.strip_prefix(built::root()).unwrap();
        inside.display().to_string()
    }
}

/// A manifest that has either needs a host that knows it, and says so to every registry as a requirement.
#[test]
fn no_manifest_has_the_host_compose() {
    for shipped in shipped() {
        for (id, component) in shipped.components() {
            assert!(
                !component.contains_key("dependencies"),
                "{}: {id}",
                shipped.name()
            );
        }
        for trigger in shipped.triggers("http") {
            assert!(!trigger.contains_key("dependencies"), "{}", shipped.name());
        }
    }
}

/// A plain `spin up` refuses a trigger that it has no plugin for.
#[test]
fn a_schedule_stands_by_itself() {
    for shipped in shipped() {
        let (http, cron) = (shipped.triggers("http"), shipped.triggers("cron"));
        assert!(http.is_empty() != cron.is_empty(), "{}", shipped.name());
        assert_eq!(shipped.name().ends_with("-cron.toml"), http.is_empty());
    }
}

/// Spin blocks every call to an allowed host that has a path.
#[test]
fn no_allowed_host_has_a_path() {
    for shipped in shipped() {
        for (id, component) in shipped.components() {
            let hosts = component
                .get("allowed_outbound_hosts")
                .and_then(Value::as_array);
            for host in hosts.into_iter().flatten() {
                let host = host.as_str().unwrap();
                let variable = host
                    .strip_prefix("{{")
                    .and_then(|rest| rest.strip_suffix("}}"));
                let default = match variable {
                    Some(name) => shipped.manifest["variables"][name.trim()].get("default"),
                    None => None,
                };
                let value = default.map_or(if variable.is_some() { "" } else { host }, |default| {
                    default.as_str().unwrap()
                });
                let after_scheme = value.split_once("://").map_or("", |(_, rest)| rest);
                assert!(
                    !after_scheme.contains('/'),
                    "{}: {id} may reach {value}",
                    shipped.name()
                );
            }
        }
    }
}

#[test]
fn every_file_imports_what_spin_offers_and_is_one_handler() {
    for shipped in shipped() {
        let is_schedule = !shipped.triggers("cron").is_empty();
        for (id, component) in shipped.components() {
            let file = shipped.source(component);
            let Names { imports, exports } = names(&file);
            for import in &imports {
                let offered = SPIN_OFFERS.iter().any(|offer| serves(offer, import))
                    || is_schedule && import == CRON_OFFERS;
                assert!(offered, "{}: {id} imports {import}", shipped.name());
            }
            let handles =
                |export: &&String| HANDLERS.iter().any(|handler| export.starts_with(handler));
            let handlers = exports.iter().filter(handles).count();
            assert_eq!(
                handlers,
                usize::from(!is_schedule),
                "{}: {id} exports {exports:?}",
                shipped.name()
            );
        }
    }
}

#[test]
fn every_file_is_built_by_the_command_that_the_manifest_gives() {
    for shipped in shipped() {
        for (id, component) in shipped.components() {
            let file = shipped.source(component);
            let stem = file.file_stem().unwrap().to_string_lossy();
            let command = format!("cargo xtask compose {stem}");
            assert_eq!(
                component["build"]["command"].as_str(),
                Some(&*command),
                "{}: {id}",
                shipped.name()
            );
        }
    }
}

/// Hosts that read no manifest have the same routes.
#[test]
fn the_router_has_the_routes_of_the_manifests() {
    let table = routes::TABLE.map(|(route, _)| route.to_owned());
    for name in ["spin.toml", "spin-keyvalue.toml"] {
        let shipped = shipped();
        let shipped = shipped
            .iter()
            .find(|shipped| shipped.name() == name)
            .unwrap();
        let triggers = shipped.triggers("http").into_iter();
        let routes: Vec<String> = triggers
            .map(|trigger| trigger["route"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(routes, table, "{name}");
    }
}

/// Within 0.2 a host serves older versions too (semantic versioning, as wasmtime's linker applies it).
fn serves(offer: &str, import: &str) -> bool {
    let minor = |name: &str| -> Option<(String, u32)> {
        let (interface, patch) = name.split_once("@0.2.")?;
        Some((interface.to_owned(), patch.parse().ok()?))
    };
    match (minor(offer), minor(import)) {
        (Some((offered, newest)), Some((wanted, version))) => {
            offered == wanted && version <= newest
        }
        _ => offer == import,
    }
}

struct Names {
    imports: BTreeSet<String>,
    exports: BTreeSet<String>,
}

/// What a component imports and exports, with versions; types that the world itself names left out.
fn names(file: &Path) -> Names {
    let bytes = std::fs::read(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let (mut imports, mut exports) = (BTreeSet::new(), BTreeSet::new());
    let mut depth = 0;
    for payload in Parser::new(0).parse_all(&bytes) {
        match payload.unwrap() {
            Payload::Version { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            Payload::ComponentImportSection(section) if depth == 1 => {
                let section = section.into_iter().map(Result::unwrap);
                let interfaces =
                    section.filter(|import| import.ty.kind() == ComponentExternalKind::Instance);
                imports.extend(interfaces.map(|import| import.name.name.to_owned()));
            }
            Payload::ComponentExportSection(section) if depth == 1 => {
                exports.extend(
                    section
                        .into_iter()
                        .map(|export| export.unwrap().name.name.to_owned()),
                );
            }
            _ => {}
        }
    }
    Names { imports, exports }
}
