//! Manifests: refused with a message, or parsed so that every route names a known component.
#![no_main]

use libfuzzer_sys::fuzz_target;

// The module alone: as a dependency its crate would bring all of wasmtime into the fuzzer.
#[path = "../../src/host/src/app"]
mod app {
    #[expect(
        dead_code,
        unused_imports,
        reason = "the host uses what the fuzzer does not"
    )]
    pub mod manifest;
}

use app::manifest::Manifest;

fuzz_target!(|text: &str| {
    match Manifest::parse(text) {
        Ok(manifest) => {
            for trigger in &manifest.http {
                let id = &trigger.component.id;
                assert!(trigger.route.starts_with('/'));
                assert!(manifest.components.iter().any(|one| one.id == *id));
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
