//! `cargo xtask build`: the host, the components, the composition.

use anyhow::Result;

use crate::workspace::{WASM_TARGET, Workspace};
use crate::{compose, process, tools};

/// Builds everything for release.
///
/// # Errors
/// When a tool is missing or a build fails.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    host(workspace)?;
    components(workspace)?;
    compose::all(workspace)
}

/// Builds the binary `reelgate`.
fn host(workspace: &Workspace) -> Result<()> {
    println!("build: reelgate -> {}", workspace.reelgate().display());
    process::run(&mut workspace.cargo(["build", "--release", "--package", "reelgate"]))
}

/// Builds every component, adding the compilation target first where it is missing.
///
/// # Errors
/// When the target cannot be added or a component does not build.
pub(crate) fn components(workspace: &Workspace) -> Result<()> {
    wasm(workspace, &workspace.components()?)
}

/// Builds the components that only tests run.
///
/// # Errors
/// As [`components`].
pub(crate) fn test_guests(workspace: &Workspace) -> Result<()> {
    wasm(workspace, &workspace.test_guests()?)
}

/// Builds these packages for WebAssembly.
///
/// # Errors
/// As [`components`].
pub(crate) fn wasm(workspace: &Workspace, packages: &[String]) -> Result<()> {
    tools::rustup::ensure_target(workspace, WASM_TARGET)?;
    println!(
        "build: {} -> {}/*.wasm",
        packages.join(", "),
        workspace.wasm_folder().display()
    );
    process::run(
        workspace
            .cargo(["build", "--release", "--target", WASM_TARGET])
            .args(package_flags(packages)),
    )
}

/// `--package NAME` for each name.
pub(crate) fn package_flags(names: &[String]) -> impl Iterator<Item = &str> {
    names.iter().flat_map(|name| ["--package", name.as_str()])
}
