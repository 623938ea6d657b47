//! The sizes of what a host downloads and compiles.

use std::fs;

use anyhow::{Context, Result};

use super::Args;
use super::table::{Budget, Row, Table};
use crate::workspace::Workspace;

/// Adds one row for each file of the viewer's path, with the kilobytes (10³ bytes) that it may have.
///
/// # Errors
/// When a component is not built.
pub(super) fn measure(workspace: &Workspace, args: &Args, table: &mut Table) -> Result<()> {
    for (what, file, most) in [
        ("size of gate.wasm", workspace.wasm("gate"), 400.0),
        ("size of origin.wasm", workspace.wasm("origin"), 400.0),
        (
            "size of games.wasm",
            workspace.composed_folder().join("games.wasm"),
            600.0,
        ),
    ] {
        if !args.wants("size") {
            continue;
        }
        let bytes = fs::metadata(&file)
            .with_context(|| format!("{} is not built", file.display()))?
            .len();
        let kilobytes = [bytes as f64 / 1e3];
        table.add(Row::ours(
            "size",
            what,
            "KB",
            &kilobytes,
            Budget::AtMost(most),
        ));
    }
    Ok(())
}
