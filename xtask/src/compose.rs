//! `cargo xtask compose`: gate and origin in one file, for hosts without middleware.

use std::process::Command;

use anyhow::Result;

use crate::process;
use crate::workspace::Workspace;

/// What is composed: the name of the result, then its parts from the outside in.
const COMPOSITION: (&str, [&str; 3]) = ("gate-origin.wasm", ["gate", "origin", "environment"]);

/// Writes the composition beside the components, from files already built.
///
/// # Errors
/// When a part is missing or does not fit.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let (name, parts) = COMPOSITION;
    let out = workspace.wasm_folder().join(name);
    println!("compose: {} -> {}", parts.join(" + "), out.display());
    process::run(
        Command::new(workspace.reelgate())
            .arg("compose")
            .arg("--out")
            .arg(&out)
            .args(parts.map(|part| workspace.wasm(part))),
    )
}
