//! Least authority: what each component can touch is what it imports, and no component imports more
//! than the table says.

use reelgate_tests::built;
use reelgate_tests::host::Origin;
use reelgate_tests::manifest::Manifest;
use reelgate_tests::world::{World, path, session};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use wasmparser::{ComponentTypeRef, Parser, Payload};

with_each_origin! {
    the_origin_reaches_no_other_host
}

/// What one component imports and exports, as names without version.
struct Row {
    component: &'static str,
    imports: &'static [&'static str],
    exports: &'static [&'static str],
}

/// What one composed file imports and exports.
struct Composition {
    name: &'static str,
    /// The components in it.
    parts: &'static [&'static str],
    imports: &'static [&'static str],
    exports: &'static [&'static str],
}

/// Every component that is built. `wasi:http/types` stands for the words of a request; the right to send one is
/// `wasi:http/client`. `reelgate:…/types` and `spin:cron/cron-types` are words as well.
const COMPONENTS: [Row; 16] = [
    Row {
        component: "gate",
        imports: &["wasi:config/store", "wasi:http/handler", "wasi:http/types"],
        exports: &["reelgate:gate/decision", "wasi:http/handler"],
    },
    Row {
        component: "origin",
        imports: &["wasi:config/store", "wasi:http/client", "wasi:http/types"],
        exports: &["wasi:http/handler"],
    },
    Row {
        component: "source",
        imports: &["wasi:config/store", "wasi:http/handler", "wasi:http/types"],
        exports: &["wasi:http/handler"],
    },
    Row {
        component: "originals",
        imports: &["wasi:config/store"],
        exports: &["wasi:config/store"],
    },
    Row {
        component: "playback",
        imports: &[
            "wasi:config/store",
            "wasi:http/client",
            "wasi:http/handler",
            "wasi:http/types",
        ],
        exports: &["wasi:http/handler"],
    },
    Row {
        component: "environment",
        imports: &[],
        exports: &["wasi:config/store"],
    },
    Row {
        component: "router",
        imports: &[
            "reelgate:routes/games",
            "reelgate:routes/playback",
            "reelgate:routes/reconciler",
            "reelgate:routes/stream-source",
            "reelgate:routes/videos",
            "reelgate:routes/webhook",
            "wasi:http/types",
        ],
        exports: &["wasi:http/handler"],
    },
    Row {
        component: "catalog",
        imports: &[
            "reelgate:catalog/types",
            "wasi:keyvalue/atomics",
            "wasi:keyvalue/store",
        ],
        exports: &["reelgate:catalog/catalog", "reelgate:catalog/readiness"],
    },
    Row {
        component: "catalog_bucket",
        imports: &[
            "reelgate:catalog/types",
            "wasi:config/store",
            "wasi:http/client",
            "wasi:http/types",
        ],
        exports: &["reelgate:catalog/catalog", "reelgate:catalog/readiness"],
    },
    Row {
        component: "transcoder",
        imports: &[
            "reelgate:transcoder/types",
            "wasi:config/store",
            "wasi:http/client",
            "wasi:http/types",
        ],
        exports: &["reelgate:transcoder/transcoder"],
    },
    Row {
        component: "webhook",
        imports: &[
            "reelgate:catalog/catalog",
            "reelgate:catalog/types",
            "wasi:config/store",
            "wasi:http/types",
        ],
        exports: &["wasi:http/handler"],
    },
    Row {
        component: "videos",
        imports: &[
            "reelgate:catalog/catalog",
            "reelgate:catalog/types",
            "reelgate:transcoder/transcoder",
            "reelgate:transcoder/types",
            "wasi:config/store",
            "wasi:http/types",
        ],
        exports: &["wasi:http/handler"],
    },
    Row {
        component: "reconciler",
        imports: &[
            "reelgate:catalog/catalog",
            "reelgate:catalog/types",
            "reelgate:transcoder/transcoder",
            "reelgate:transcoder/types",
            "wasi:config/store",
            "wasi:http/types",
        ],
        exports: &["reelgate:reconciler/sweep", "wasi:http/handler"],
    },
    Row {
        component: "schedule",
        imports: &["reelgate:reconciler/sweep", "spin:cron/cron-types"],
        exports: &["handle-cron-event"],
    },
    // Only the tests have these, and they must not be able to do more harm than a component of ours.
    Row {
        component: "hostile",
        imports: &["wasi:http/types"],
        exports: &["reelgate:gate/decision", "wasi:http/handler"],
    },
    Row {
        component: "keeper",
        imports: &[
            "spin:cron/cron-types",
            "wasi:http/types",
            "wasi:keyvalue/atomics",
            "wasi:keyvalue/batch",
            "wasi:keyvalue/store",
        ],
        exports: &["handle-cron-event", "wasi:http/handler"],
    },
];

/// What manifests name and hosts run. Nothing of ours is left to import, and nothing more than what the parts
/// import together.
const COMPOSED: [Composition; 13] = [
    Composition {
        name: "games",
        parts: &["gate", "origin"],
        imports: IN_THE_BUCKET,
        exports: &["reelgate:gate/decision", "wasi:http/handler"],
    },
    Composition {
        name: "stream-source",
        parts: &["source", "originals", "origin"],
        imports: IN_THE_BUCKET,
        exports: &["wasi:http/handler"],
    },
    Composition {
        name: "playback",
        parts: &["playback", "origin"],
        imports: IN_THE_BUCKET,
        exports: &["wasi:http/handler"],
    },
    Composition {
        name: "webhook",
        parts: &["webhook", "catalog_bucket"],
        imports: IN_THE_BUCKET,
        exports: &["reelgate:catalog/readiness", "wasi:http/handler"],
    },
    Composition {
        name: "videos",
        parts: &["videos", "catalog_bucket", "transcoder"],
        imports: IN_THE_BUCKET,
        exports: &["reelgate:catalog/readiness", "wasi:http/handler"],
    },
    Composition {
        name: "reconciler",
        parts: &["reconciler", "catalog_bucket", "transcoder"],
        imports: IN_THE_BUCKET,
        exports: &["reelgate:catalog/readiness", "wasi:http/handler"],
    },
    Composition {
        name: "cron",
        parts: &["schedule", "reconciler", "catalog_bucket", "transcoder"],
        imports: &[
            "spin:cron/cron-types",
            "wasi:config/store",
            "wasi:http/client",
            "wasi:http/types",
        ],
        exports: &["handle-cron-event"],
    },
    Composition {
        name: "webhook-keyvalue",
        parts: &["webhook", "catalog"],
        imports: &[
            "wasi:config/store",
            "wasi:http/types",
            "wasi:keyvalue/atomics",
            "wasi:keyvalue/store",
        ],
        exports: &["reelgate:catalog/readiness", "wasi:http/handler"],
    },
    Composition {
        name: "videos-keyvalue",
        parts: &["videos", "catalog", "transcoder"],
        imports: IN_A_STORE,
        exports: &["reelgate:catalog/readiness", "wasi:http/handler"],
    },
    Composition {
        name: "reconciler-keyvalue",
        parts: &["reconciler", "catalog", "transcoder"],
        imports: IN_A_STORE,
        exports: &["reelgate:catalog/readiness", "wasi:http/handler"],
    },
    Composition {
        name: "cron-keyvalue",
        parts: &["schedule", "reconciler", "catalog", "transcoder"],
        imports: &[
            "spin:cron/cron-types",
            "wasi:config/store",
            "wasi:http/client",
            "wasi:http/types",
            "wasi:keyvalue/atomics",
            "wasi:keyvalue/store",
        ],
        exports: &["handle-cron-event"],
    },
    Composition {
        name: "gate-origin",
        parts: &["gate", "origin", "environment"],
        imports: &["wasi:http/client", "wasi:http/types"],
        exports: &["reelgate:gate/decision", "wasi:http/handler"],
    },
    Composition {
        name: "reelgate",
        parts: &[
            "router",
            "gate",
            "origin",
            "source",
            "originals",
            "playback",
            "webhook",
            "videos",
            "reconciler",
            "transcoder",
            "catalog_bucket",
            "environment",
        ],
        imports: &["wasi:http/client", "wasi:http/types"],
        exports: &["wasi:http/handler"],
    },
];

const IN_THE_BUCKET: &[&str] = &["wasi:config/store", "wasi:http/client", "wasi:http/types"];

const IN_A_STORE: &[&str] = &[
    "wasi:config/store",
    "wasi:http/client",
    "wasi:http/types",
    "wasi:keyvalue/atomics",
    "wasi:keyvalue/store",
];

/// What Rust's standard library brings: arguments, environment, standard streams, exit, clocks and
/// randomness. No file, no socket.
const STANDARD: [&str; 18] = [
    "wasi:cli/environment",
    "wasi:cli/exit",
    "wasi:cli/stderr",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:cli/terminal-input",
    "wasi:cli/terminal-output",
    "wasi:cli/terminal-stderr",
    "wasi:cli/terminal-stdin",
    "wasi:cli/terminal-stdout",
    "wasi:clocks/monotonic-clock",
    "wasi:clocks/system-clock",
    "wasi:clocks/types",
    "wasi:clocks/wall-clock",
    "wasi:io/error",
    "wasi:io/poll",
    "wasi:io/streams",
    "wasi:random/random",
];

#[test]
fn every_component_imports_what_the_table_says_and_no_more() {
    for row in COMPONENTS {
        let surface = surface(&built::component(row.component));
        assert_eq!(surface.own(), row.imports, "imports of {}", row.component);
        assert_eq!(
            surface.exports(),
            row.exports,
            "exports of {}",
            row.component
        );
    }
}

#[test]
fn a_composition_imports_what_the_table_says_and_no_more_than_its_parts() {
    for row in COMPOSED {
        let whole = surface(&built::composed(row.name));
        assert_eq!(whole.own(), row.imports, "imports of {}", row.name);
        assert_eq!(whole.exports(), row.exports, "exports of {}", row.name);
        let together: BTreeSet<String> = row
            .parts
            .iter()
            .flat_map(|part| surface(&built::component(part)).imports)
            .collect();
        let more: Vec<_> = whole.imports.difference(&together).collect();
        assert!(
            more.is_empty(),
            "{} imports {more:?}, its parts do not",
            row.name
        );
    }
}

#[test]
fn every_file_has_a_row() {
    let files = |folder: &Path| {
        let entries = std::fs::read_dir(folder).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        let wasm = paths.filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "wasm")
        });
        let name = |path: PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
        wasm.map(name).collect::<BTreeSet<String>>()
    };
    let known = COMPONENTS.map(|row| row.component.to_owned());
    assert_eq!(files(&built::components()), known.into());
    let known = COMPOSED.map(|row| row.name.to_owned());
    assert_eq!(files(&built::components().join("composed")), known.into());
}

/// Hosts compile these at their first start.
#[test]
fn what_viewers_wait_for_is_small() {
    for (file, most) in [
        (built::component("gate"), 400_000),
        (built::component("origin"), 400_000),
        (built::composed("games"), 600_000),
    ] {
        let size = file.metadata().unwrap().len();
        assert!(size <= most, "{} has {size} bytes", file.display());
    }
}

/// `allowed_outbound_hosts` is obeyed, whoever signs.
async fn the_origin_reaches_no_other_host(origin: Origin) {
    for (allowed, status) in [
        ("http://other.example", 502),
        ("https://127.0.0.1:*", 502),
        ("http://127.0.0.1:1", 502),
        ("http://127.0.0.1:*", 200),
    ] {
        let allowed_list = format!("[\"{allowed}\"]");
        let manifest = Manifest::changed("[\"{{ s3_endpoint }}\"]", &allowed_list);
        let world =
            World::start_with(|settings| settings.origin(origin).app(&manifest.path())).await;
        world.put("a.m4s", "pictures");
        let answer = world
            .client()
            .get(path("a.m4s"))
            .cookie(&session())
            .send()
            .await;
        assert_eq!(answer.status, status, "{allowed}");
        if status == 502 {
            assert!(world.bucket.seen().is_empty());
            world.journal().message("allowed_outbound_hosts").await;
        }
        world.finish().await;
    }
}

struct Surface {
    imports: BTreeSet<String>,
    exports: BTreeSet<String>,
}

impl Surface {
    /// The imports that Rust's standard library does not bring.
    fn own(&self) -> Vec<&str> {
        let imports = self.imports.iter().map(String::as_str);
        imports.filter(|name| !STANDARD.contains(name)).collect()
    }

    fn exports(&self) -> Vec<&str> {
        self.exports.iter().map(String::as_str).collect()
    }
}

/// What the outermost component imports and exports; the modules inside have only what it gives them.
fn surface(file: &Path) -> Surface {
    let bytes = std::fs::read(file).unwrap();
    let (mut imports, mut exports) = (BTreeSet::new(), BTreeSet::new());
    let mut depth = 0;
    for payload in Parser::new(0).parse_all(&bytes) {
        match payload.unwrap() {
            Payload::Version { encoding, .. } => {
                depth += 1;
                if depth == 1 {
                    assert_eq!(encoding, wasmparser::Encoding::Component);
                }
            }
            Payload::End(_) => depth -= 1,
            Payload::ComponentImportSection(section) if depth == 1 => {
                for import in section {
                    let import = import.unwrap();
                    // A type that the world itself names is a word, not a right.
                    if !matches!(import.ty, ComponentTypeRef::Type(_)) {
                        imports.insert(without_version(import.name.name));
                    }
                }
            }
            Payload::ComponentExportSection(section) if depth == 1 => {
                for export in section {
                    exports.insert(without_version(export.unwrap().name.name));
                }
            }
            _ => {}
        }
    }
    Surface { imports, exports }
}

fn without_version(name: &str) -> String {
    name.split('@').next().unwrap_or_default().to_owned()
}
