//! `cargo xtask compose`: a middleware and the origin in one file, for hosts that join none.

use std::process::Command;

use anyhow::Result;

use crate::process;
use crate::workspace::Workspace;

/// What is composed: the name of the result, then its parts from the outside in.
const COMPOSITIONS: [(&str, [&str; 3]); 2] = [
    ("gate-origin.wasm", ["gate", "origin", "environment"]),
    ("source-origin.wasm", ["source", "origin", "environment"]),
];

/// Writes the compositions beside the components, from files already built.
///
/// # Errors
/// When a part is missing or does not fit.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    for (name, parts) in COMPOSITIONS {
        let out = workspace.wasm_folder().join(name);
        println!("compose: {} -> {}", parts.join(" + "), out.display());
        process::run(
            Command::new(workspace.reelgate())
                .arg("compose")
                .arg("--out")
                .arg(&out)
                .args(parts.map(|part| workspace.wasm(part))),
        )?;
    }
    Ok(())
}
