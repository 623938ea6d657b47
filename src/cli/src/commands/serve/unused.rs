//! Values that are for no variable: a name that was misspelt would otherwise leave a setting at its default, and nobody
//! would know.

use std::collections::BTreeSet;

use reelgate_host::Log;
use reelgate_host::manifest::Manifest;
use reelgate_host::variables::Sources;

/// As many letters may be wrong in a name that is taken for another.
const SLIPS: usize = 2;

/// Writes a line for each of `sources` that is for no variable of `manifests`.
pub(super) fn log<'a>(manifests: impl Iterator<Item = &'a Manifest>, sources: &Sources, log: &Log) {
    for line in lines(manifests, sources) {
        log.error("host", &line);
    }
}

fn lines<'a>(manifests: impl Iterator<Item = &'a Manifest>, sources: &Sources) -> Vec<String> {
    let declared: BTreeSet<String> = manifests
        .flat_map(|manifest| manifest.variables.keys().cloned())
        .collect();
    let unused = sources.unused(&declared);
    unused.iter().map(|name| line(name, &declared)).collect()
}

fn line(name: &str, declared: &BTreeSet<String>) -> String {
    let nearest = declared
        .iter()
        .map(|known| (strsim::osa_distance(known, name), known))
        .filter(|(slips, _)| *slips <= SLIPS)
        .min();
    let meant = nearest.map_or_else(String::new, |(_, known)| format!("; did you mean {known}?"));
    format!("this application has no variable {name}, and its value is not used{meant}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(variable: &str) -> Manifest {
        let text = format!(
            "spin_manifest_version = 2\n[application]\nname = \"a\"\n[variables]\n{variable} = {{ default = \"1\" }}\n\
             [[trigger.http]]\nroute = \"/\"\ncomponent = \"c\"\n[component.c]\nsource = \"c.wasm\"\n"
        );
        Manifest::parse(&text).unwrap()
    }

    #[test]
    fn what_no_manifest_has_is_named_with_what_may_be_meant() {
        let manifests = [manifest("s3_bucket"), manifest("session_ttl_seconds")];
        let given = [
            ("SPIN_VARIABLE_S3_BUCKET", "films"),
            ("SPIN_VARIABLE_SESION_TTL_SECONDS", "60"),
            ("SPIN_VARIABLE_COLOUR", "red"),
            // Nothing is lost with a value that is none.
            ("SPIN_VARIABLE_SHAPE", ""),
            ("SHELL", "/bin/sh"),
        ];
        let given = given.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(
            lines(
                manifests.iter(),
                &Sources::default().then_environment(given)
            ),
            [
                "this application has no variable colour, and its value is not used",
                "this application has no variable sesion_ttl_seconds, and its value is not used; did you mean session_ttl_seconds?",
            ]
        );
    }
}
