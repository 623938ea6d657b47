//! Values that are for no variable: a name that was misspelt would otherwise leave a setting at its default, and nobody
//! would know.

use std::collections::BTreeSet;

use reelgate_host::Log;
use reelgate_host::manifest::Manifest;
use reelgate_host::variables::Sources;

/// As many letters may be wrong in a name that is taken for another.
const SLIPS: usize = 2;

/// Says which of `sources` are for no variable of `manifests`.
pub(super) fn tell<'a>(
    manifests: impl Iterator<Item = &'a Manifest>,
    sources: &Sources,
    log: &Log,
) {
    let declared: BTreeSet<String> = manifests
        .flat_map(|manifest| manifest.variables.keys().cloned())
        .collect();
    for name in sources.unused(&declared) {
        log.error("host", &line(&name, &declared));
    }
}

fn line(name: &str, declared: &BTreeSet<String>) -> String {
    let nearest = declared
        .iter()
        .map(|known| (strsim::osa_distance(known, name), known))
        .filter(|(slips, _)| *slips <= SLIPS)
        .min();
    let meant = nearest.map_or_else(String::new, |(_, known)| {
        format!(
            "; did you mean SPIN_VARIABLE_{}?",
            known.to_ascii_uppercase()
        )
    });
    let name = name.to_ascii_uppercase();
    format!("SPIN_VARIABLE_{name} is no variable of this application, and not used{meant}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_told_with_what_may_be_meant() {
        let declared = ["s3_bucket", "session_ttl_seconds"]
            .map(String::from)
            .into();
        assert_eq!(
            line("sesion_ttl_seconds", &declared),
            "SPIN_VARIABLE_SESION_TTL_SECONDS is no variable of this application, and not used; \
             did you mean SPIN_VARIABLE_SESSION_TTL_SECONDS?"
        );
        assert_eq!(
            line("colour", &declared),
            "SPIN_VARIABLE_COLOUR is no variable of this application, and not used"
        );
    }
}
