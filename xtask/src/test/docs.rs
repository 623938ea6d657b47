//! What the documents say is so: commands exist, links lead somewhere, tables are those of the code, tutorials work.

mod commands;
mod help;
mod limits;
mod links;
mod markdown;
pub(super) mod python;
mod shell;
mod stand_ins;
mod tables;
mod tutorials;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use self::help::Helps;
use self::markdown::Page;
use crate::tools::{self, apt::FFMPEG};
use crate::workspace::Workspace;

/// Pages beside those of `docs`.
const PAGES: [&str; 4] = [
    "README.md",
    "CONTRIBUTING.md",
    "ARCHITECTURE.md",
    "SECURITY.md",
];

/// Folders of pages, with all that is below them.
const FOLDERS: [&str; 2] = ["docs", "deploy"];

/// Checks commands, links and tables of all documents.
///
/// # Errors
/// When one of them is wrong.
pub(super) fn check(workspace: &Workspace) -> Result<()> {
    let pages = pages(workspace)?;
    let of = |name: &str| {
        let page = pages.iter().find(|page| page.name == name);
        page.with_context(|| format!("there is no {name}"))
    };
    commands::check(workspace, &pages)?;
    links::check(workspace.root(), &pages)?;
    tables::variables(workspace, of("docs/reference/variables.md")?)?;
    tables::commands(
        &mut Helps::new(workspace),
        of("docs/reference/commands.md")?,
    )?;
    tables::problems(workspace, of("docs/reference/problems.md")?)?;
    limits::check(workspace, of("docs/reference/limits.md")?)
}

/// Runs the commands of the tutorials and guides.
///
/// # Errors
/// When one fails.
pub(super) fn follow(workspace: &Workspace) -> Result<()> {
    tools::apt::ensure(&[FFMPEG])?;
    tutorials::run(workspace, &pages(workspace)?)
}

/// All documents, in the order of their names.
fn pages(workspace: &Workspace) -> Result<Vec<Page>> {
    let mut names: Vec<String> = PAGES.map(str::to_owned).to_vec();
    for folder in FOLDERS {
        below(workspace.root(), folder, &mut names)?;
    }
    names.sort();
    let read = |name: &String| {
        let text = fs::read_to_string(workspace.path(name))
            .with_context(|| format!("cannot read {name}"))?;
        Ok(Page::parse(name, &text))
    };
    names.iter().map(read).collect()
}

fn below(root: &Path, folder: &str, names: &mut Vec<String>) -> Result<()> {
    let entries =
        fs::read_dir(root.join(folder)).with_context(|| format!("cannot list {folder}"))?;
    for entry in entries {
        let entry = entry?;
        let name = format!("{folder}/{}", entry.file_name().to_string_lossy());
        match entry.file_type()?.is_dir() {
            true => below(root, &name, names)?,
            false if name.ends_with(".md") => names.push(name),
            false => {}
        }
    }
    Ok(())
}
