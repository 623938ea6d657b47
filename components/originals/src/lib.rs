//! Makes the origin behind it one for originals, which serves no game: of its configuration this is fixed, and
//! the rest is passed on.
//!
//! Composed in front of the origin of the source route, so that no manifest can get it wrong.

struct Originals;

reelgate_wasi::export_configuration!(Originals);

impl reelgate_wasi::Configuration for Originals {
    fn get(name: &str) -> Option<String> {
        match name {
            "origin_serves" => Some("originals".into()),
            _ => reelgate_wasi::variable(name),
        }
    }
}
