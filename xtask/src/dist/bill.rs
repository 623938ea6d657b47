//! The software bill of materials, in CycloneDX 1.6: what is in the program, by package URL.

use anyhow::Result;
use serde_json::json;

use super::Release;
use super::licences::{self, Package};
use super::platform::Platform;

/// The document.
///
/// # Errors
/// As [`licences::packages`].
pub(super) fn of(release: &Release<'_>, platform: Platform) -> Result<String> {
    let packages = licences::packages(release, platform)?;
    let components: Vec<_> = packages.iter().map(component).collect();
    let document = json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": "reelgate",
                "name": "reelgate",
                "version": release.version,
                "licenses": [{ "license": { "id": "Apache-2.0" } }],
                "properties": [{ "name": "commit", "value": release.commit }],
            },
        },
        "components": components,
    });
    Ok(format!("{}\n", serde_json::to_string_pretty(&document)?))
}

fn component(package: &Package) -> serde_json::Value {
    let Package {
        registry,
        name,
        version,
        licence,
        ..
    } = package;
    // A scope's `@` is written as an escape (the package URL specification, "npm").
    let url = format!("pkg:{registry}/{}@{version}", name.replace('@', "%40"));
    // Some crates still have the slash that Cargo took for OR.
    let licence = licence.replace('/', " OR ");
    json!({
        "type": "library",
        "bom-ref": url,
        "name": name,
        "version": version,
        "purl": url,
        "licenses": [{ "expression": licence }],
    })
}
