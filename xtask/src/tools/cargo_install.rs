//! Cargo subcommands, at the version this repository was tried with.

use std::path::PathBuf;

use anyhow::Result;

use crate::lint;
use crate::process;
use crate::workspace::Workspace;

/// A program that `cargo install` can bring.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CargoTool {
    name: &'static str,
    version: &'static str,
}

/// Licences, banned crates and sources.
pub(crate) const CARGO_DENY: CargoTool = CargoTool {
    name: "cargo-deny",
    version: "0.20.2",
};

/// The driver of libFuzzer.
pub(crate) const CARGO_FUZZ: CargoTool = CargoTool {
    name: "cargo-fuzz",
    version: "0.13.2",
};

/// The program: from `PATH`, else from `target/tools`, where it is built the first time.
///
/// # Errors
/// When it has to be built and cannot be.
pub(crate) fn ensure(workspace: &Workspace, tool: CargoTool) -> Result<PathBuf> {
    if let Some(found) = process::find_program(tool.name) {
        return Ok(found);
    }
    let root = workspace.in_target("tools");
    let program = root.join("bin").join(tool.name);
    if program.is_file() {
        return Ok(program);
    }
    println!(
        "tools: cargo install {} {} (once, takes minutes)",
        tool.name, tool.version
    );
    // Built without optimisation: it runs for a second and would compile for many.
    process::run(
        workspace
            .cargo(["install", "--locked", "--quiet", "--debug", "--root"])
            .arg(&root)
            .args([tool.name, "--version", tool.version])
            .env("CARGO_TARGET_DIR", workspace.in_target("tools/build"))
            // It takes no part in a test.
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .env_remove(lint::WRAPPER),
    )?;
    Ok(program)
}
