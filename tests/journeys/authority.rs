//! Least authority: what each component can touch is what it imports, and no component imports more
//! than the table says.

use reelgate_tests::built;
use reelgate_tests::host::Origin;
use reelgate_tests::manifest::Manifest;
use reelgate_tests::world::{World, path, session};
use std::collections::BTreeSet;
use wasmparser::{ComponentTypeRef, Parser, Payload};

with_each_origin! {
    the_origin_reaches_no_other_host
}

/// What one component may import and export, as names without version.
struct Row {
    component: &'static str,
    imports: &'static [&'static str],
    exports: &'static [&'static str],
}

/// Every component that is built, and every composition. `wasi:http/types` stands for the words of a
/// request; the right to send one is `wasi:http/client`. `reelgate:video/types` and `spin:cron/cron-types`
/// are words as well.
const TABLE: [Row; 14] = [
    Row {
        component: "gate",
        imports: &["wasi:config/store", "wasi:http/handler", "wasi:http/types"],
        exports: &["reelgate:video/gate", "wasi:http/handler"],
    },
    Row {
        component: "origin",
        imports: &["wasi:config/store", "wasi:http/client", "wasi:http/types"],
        exports: &["wasi:http/handler"],
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
        component: "gate-origin",
        imports: &["wasi:http/client", "wasi:http/types"],
        exports: &["reelgate:video/gate", "wasi:http/handler"],
    },
    Row {
        component: "source",
        imports: &["wasi:config/store", "wasi:http/handler", "wasi:http/types"],
        exports: &["wasi:http/handler"],
    },
    Row {
        component: "source-origin",
        imports: &["wasi:http/client", "wasi:http/types"],
        exports: &["wasi:http/handler"],
    },
    Row {
        component: "catalog",
        imports: &[
            "reelgate:video/types",
            "wasi:keyvalue/atomics",
            "wasi:keyvalue/store",
        ],
        exports: &["reelgate:video/catalog"],
    },
    Row {
        component: "transcoder",
        imports: &[
            "reelgate:video/types",
            "wasi:config/store",
            "wasi:http/client",
            "wasi:http/types",
        ],
        exports: &["reelgate:video/transcoder"],
    },
    Row {
        component: "webhook",
        imports: &[
            "reelgate:video/catalog",
            "reelgate:video/types",
            "wasi:config/store",
            "wasi:http/types",
        ],
        exports: &["wasi:http/handler"],
    },
    Row {
        component: "videos",
        imports: &[
            "reelgate:video/catalog",
            "reelgate:video/transcoder",
            "reelgate:video/types",
            "wasi:config/store",
            "wasi:http/types",
        ],
        exports: &["wasi:http/handler"],
    },
    Row {
        component: "reconciler",
        imports: &[
            "reelgate:video/catalog",
            "reelgate:video/transcoder",
            "reelgate:video/types",
            "spin:cron/cron-types",
            "wasi:config/store",
            "wasi:http/types",
        ],
        exports: &["handle-cron-event", "wasi:http/handler"],
    },
    // Only the tests have it, and it must not be able to do more harm than a component of ours.
    Row {
        component: "hostile",
        imports: &["wasi:http/types"],
        exports: &["reelgate:video/gate", "wasi:http/handler"],
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
    let standard = BTreeSet::from(STANDARD.map(String::from));
    for row in TABLE {
        let bytes = std::fs::read(built::component(row.component)).unwrap();
        let Surface { imports, exports } = surface(&bytes);
        let own: Vec<&String> = imports.difference(&standard).collect();
        assert_eq!(own, row.imports, "imports of {}", row.component);
        let exports: Vec<&String> = exports.iter().collect();
        assert_eq!(exports, row.exports, "exports of {}", row.component);
    }
}

#[test]
fn every_component_has_a_row() {
    for entry in std::fs::read_dir(built::components()).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "wasm")
        {
            let name = path.file_stem().unwrap().to_str().unwrap();
            let known = TABLE.iter().any(|row| row.component == name);
            assert!(known, "{} is built and not in the table", path.display());
        }
    }
}

/// Hosts compile these at their first start.
#[test]
fn gate_and_origin_are_small() {
    for name in ["gate", "origin"] {
        let size = built::component(name).metadata().unwrap().len();
        assert!(size <= 400_000, "{name}.wasm has {size} bytes");
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

/// What the outermost component imports and exports; the modules inside have only what it gives them.
fn surface(bytes: &[u8]) -> Surface {
    let (mut imports, mut exports) = (BTreeSet::new(), BTreeSet::new());
    let mut depth = 0;
    for payload in Parser::new(0).parse_all(bytes) {
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
