//! `cargo xtask wit`: the vendored WIT files are those of the bindings' crate.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::process;
use crate::workspace::Workspace;

/// The crate whose files `wit/deps/*.wit` are, at the version of `Cargo.lock`.
/// `wit/deps/config`, `wit/deps/keyvalue` and `wit/deps/cron` are Spin's interfaces, which no crate brings;
/// they are kept by hand.
const SOURCE: &str = "wasip3";

/// Options of `cargo xtask wit`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Compare only; fail where a file differs
    #[arg(long)]
    pub(crate) check: bool,
}

/// Copies the files, or compares them.
///
/// # Errors
/// When the crate cannot be found, or with `--check` when a file is missing, changed or left over.
pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<()> {
    let wanted = wit_files(&source(workspace)?)?;
    ensure!(!wanted.is_empty(), "the crate {SOURCE} brings no WIT files");
    let folder = workspace.path("wit/deps");
    if args.check {
        return compare(&wanted, &wit_files(&folder)?);
    }
    for old in wit_files(&folder)? {
        fs::remove_file(folder.join(old.name))?;
    }
    for file in &wanted {
        fs::write(folder.join(&file.name), &file.text)?;
    }
    println!("wit: {} files -> {}", wanted.len(), folder.display());
    Ok(())
}

#[derive(Debug, PartialEq, Eq)]
struct WitFile {
    name: String,
    text: String,
}

/// The `*.wit` of a folder itself, sorted.
fn wit_files(folder: &Path) -> Result<Vec<WitFile>> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.ends_with(".wit") {
            files.push(WitFile {
                name: name.into_owned(),
                text: fs::read_to_string(&path)?,
            });
        }
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(files)
}

/// Where Cargo keeps the locked version of the crate.
fn source(workspace: &Workspace) -> Result<PathBuf> {
    let metadata =
        process::capture(&mut workspace.cargo(["metadata", "--format-version", "1", "--locked"]))?;
    let metadata: Value = serde_json::from_str(&metadata)?;
    let manifest = metadata["packages"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|package| package["name"] == SOURCE)
        .and_then(|package| package["manifest_path"].as_str())
        .with_context(|| format!("{SOURCE} is not in Cargo.lock"))?;
    Ok(Path::new(manifest).with_file_name("wit").join("deps"))
}

fn compare(wanted: &[WitFile], vendored: &[WitFile]) -> Result<()> {
    let differs = |a: &[WitFile], b: &[WitFile]| -> Vec<String> {
        let only = a.iter().filter(|file| !b.contains(file));
        only.map(|file| file.name.clone()).collect()
    };
    let mut different = differs(wanted, vendored);
    different.extend(differs(vendored, wanted));
    different.sort();
    different.dedup();
    if different.is_empty() {
        println!("wit: {} files as in {SOURCE}", wanted.len());
        return Ok(());
    }
    bail!(
        "wit/deps differs from {SOURCE} in {}: run cargo xtask wit",
        different.join(", ")
    );
}

#[cfg(test)]
mod tests {
    use super::{WitFile, compare};

    fn file(name: &str, text: &str) -> WitFile {
        WitFile {
            name: name.to_owned(),
            text: text.to_owned(),
        }
    }

    #[test]
    fn missing_changed_and_left_over_files_are_named() {
        let wanted = [file("a.wit", "1"), file("b.wit", "1"), file("c.wit", "1")];
        assert!(compare(&wanted, &wanted).is_ok());
        let vendored = [file("b.wit", "1"), file("c.wit", "2"), file("d.wit", "1")];
        let error = compare(&wanted, &vendored).unwrap_err().to_string();
        assert!(error.contains("in a.wit, c.wit, d.wit:"), "{error}");
    }
}
