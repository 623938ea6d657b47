use super::*;

/// A component that imports the function `get` of each interface, and exports `provides`' as well.
fn part(name: &str, imports: &[&str], provides: &[&str]) -> Part {
    let imported: String = imports
        .iter()
        .map(|import| {
            format!("(import \"{import}\" (instance (export \"get\" (func (result u32)))))")
        })
        .collect();
    let exported: String = provides
        .iter()
        .enumerate()
        .map(|(number, export)| {
            format!("(instance $i{number} (export \"get\" (func $get))) (export \"{export}\" (instance $i{number}))")
        })
        .collect();
    let text = format!(
        "(component {imported}
            (core module $m (func (export \"get\") (result i32) i32.const 7))
            (core instance $c (instantiate $m))
            (func $get (result u32) (canon lift (core func $c \"get\")))
            {exported})"
    );
    Part {
        name: name.to_owned(),
        bytes: wat::parse_str(text).unwrap(),
    }
}

fn provider(import: &str, part: Part) -> Provider {
    Provider {
        import: import.to_owned(),
        export: None,
        part,
    }
}

const CATALOG: &str = "reelgate:video/catalog@0.1.0";
const TRANSCODER: &str = "reelgate:video/transcoder@0.1.0";
const STORE: &str = "wasi:keyvalue/store@0.2.0-draft2";
const HANDLER: &str = "wasi:http/handler@0.3.0";

#[test]
fn what_is_provided_is_imported_no_more() {
    let videos = part("videos", &[CATALOG, TRANSCODER, STORE], &[HANDLER]);
    let catalog = part("catalog", &[STORE], &[CATALOG]);
    let transcoder = part("transcoder", &["wasi:http/client@0.3.0"], &[TRANSCODER]);
    let both = [
        provider(CATALOG, catalog.clone()),
        provider(TRANSCODER, transcoder),
    ];
    let composed = provide(&videos, &both).unwrap();
    assert_eq!(
        imports(&composed).unwrap(),
        ["wasi:http/client@0.3.0", STORE]
    );

    let one = provide(&videos, &[provider(CATALOG, catalog)]).unwrap();
    assert_eq!(imports(&one).unwrap(), [TRANSCODER, STORE]);
}

/// The names of Spin's documentation, "Using component dependencies".
#[test]
fn a_dependency_may_be_named_in_several_ways() {
    let videos = part("videos", &[CATALOG, TRANSCODER, "plain"], &[HANDLER]);
    for (name, provides, left) in [
        ("reelgate:video/catalog", &[CATALOG][..], 2),
        ("reelgate:video/catalog@0.1.0", &[CATALOG], 2),
        ("reelgate:video", &[CATALOG, TRANSCODER], 1),
        // Types, for instance, have no provider.
        ("reelgate:video@0.1.0", &[CATALOG], 2),
        ("plain", &["plain"], 2),
    ] {
        let composed = provide(&videos, &[provider(name, part("p", &[], provides))]).unwrap();
        assert_eq!(imports(&composed).unwrap().len(), left, "{name}");
    }
    let renamed = Provider {
        export: Some("other".to_owned()),
        ..provider("plain", part("p", &[], &["other"]))
    };
    assert_eq!(
        imports(&provide(&videos, &[renamed]).unwrap())
            .unwrap()
            .len(),
        2
    );
}

#[test]
fn what_does_not_fit_is_named() {
    let videos = part("videos", &[CATALOG, TRANSCODER], &[HANDLER]);
    let catalog = || part("catalog.wasm", &[], &[CATALOG]);
    for (providers, parts) in [
        (
            vec![provider("reelgate:video/catalog@0.2.0", catalog())],
            ["`videos`", "reelgate:video/catalog@0.2.0"],
        ),
        (
            vec![provider("reelgate:audio", catalog())],
            ["`videos`", "reelgate:audio"],
        ),
        (
            vec![provider("reelgate:video/transcoder", catalog())],
            ["catalog.wasm", TRANSCODER],
        ),
        (
            vec![
                provider("reelgate:video/catalog", catalog()),
                provider("reelgate:video", catalog()),
            ],
            ["two dependencies", CATALOG],
        ),
        (
            vec![provider(
                CATALOG,
                Part {
                    name: "text".to_owned(),
                    bytes: b"no wasm".to_vec(),
                },
            )],
            ["text", "no WebAssembly component"],
        ),
    ] {
        let error = provide(&videos, &providers).unwrap_err().to_string();
        for part in parts {
            assert!(error.contains(part), "no `{part}` in {error}");
        }
    }
}
