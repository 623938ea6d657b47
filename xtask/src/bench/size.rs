//! The sizes of what a host downloads and compiles.

use std::fs;

use anyhow::{Context, Result};

use super::Args;
use super::table::{Budget, Row, Table};
use crate::workspace::Workspace;

/// Kilobytes (10³ bytes) that a component may have.
const MOST: f64 = 400.0;

/// Adds one row for each component of the viewer's path.
///
/// # Errors
/// When a component is not built.
pub(super) fn measure(workspace: &Workspace, args: &Args, table: &mut Table) -> Result<()> {
    for (what, component) in [
        ("size of gate.wasm", "gate"),
        ("size of origin.wasm", "origin"),
    ] {
        if !args.wants("size") {
            continue;
        }
        let file = workspace.wasm(component);
        let bytes = fs::metadata(&file)
            .with_context(|| format!("{} is not built", file.display()))?
            .len();
        let kilobytes = [bytes as f64 / 1e3];
        table.add(Row::ours(
            "size",
            what,
            "KB",
            &kilobytes,
            Budget::AtMost(MOST),
        ));
    }
    Ok(())
}
