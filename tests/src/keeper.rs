//! The component `keeper` in the host: it does with key-value stores what a path tells it to.

use crate::built;
use crate::host::{Host, Settings};
use crate::manifest::Manifest;
use std::net::SocketAddr;

/// A manifest with `keeper` alone, and `more` of a manifest after it.
#[must_use]
pub fn manifest(more: &str) -> Manifest {
    Manifest::of(&format!(
        "spin_manifest_version = 2\n[application]\nname = \"keeper\"\n\
         [[trigger.http]]\nroute = \"/keeper/...\"\ncomponent = \"keeper\"\n\
         [component.keeper]\nsource = {:?}\nkey_value_stores = [\"default\"]\n{more}\n",
        built::component("keeper")
    ))
}

/// How a host with this manifest is started; it has no bucket.
#[must_use]
pub fn settings(manifest: &Manifest) -> Settings {
    let nowhere: SocketAddr = ([127, 0, 0, 1], 9).into();
    Settings::new(nowhere).app(&manifest.path())
}

/// What comes of a deed, as `STATUS TEXT`.
pub async fn tell(host: &Host, deed: &str) -> String {
    let answer = host.client().get(format!("/keeper/{deed}")).send().await;
    format!("{} {}", answer.status, answer.text())
}
