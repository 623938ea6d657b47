//! The licences of everything that is in the program: crates, and what the portal is bundled of.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use super::Release;
use super::platform::Platform;
use crate::process;

/// How the files begin that hold a licence.
const BEGINNINGS: [&str; 5] = ["license", "licence", "copying", "notice", "unlicense"];

/// A package that is in the program.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Package {
    /// Where it is from: `cargo` or `npm`.
    pub(super) registry: &'static str,
    pub(super) name: String,
    pub(super) version: String,
    /// An SPDX expression.
    pub(super) licence: String,
    folder: PathBuf,
}

/// Every licence's text, once, below the packages that have it.
///
/// # Errors
/// When Cargo cannot tell what the program is built of, or a package names no licence.
pub(super) fn texts(release: &Release<'_>, platform: Platform) -> Result<String> {
    let mut by_text: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for package in packages(release, platform)? {
        let title = format!("{} {} ({})", package.name, package.version, package.licence);
        let texts = licences_in(&package.folder)?;
        // Where none lies there, the expression in the title names well-known ones.
        for text in texts {
            by_text.entry(text).or_default().push(title.clone());
        }
    }
    let line = "=".repeat(80);
    let sections = by_text.into_iter().map(|(text, titles)| {
        format!(
            "{line}\n{}\n{line}\n\n{}\n\n",
            titles.join("\n"),
            text.trim()
        )
    });
    let mut sections: Vec<String> = sections.collect();
    sections.sort();
    Ok(format!(
        "What reelgate is built of, and under which terms.\n\n{}",
        sections.concat()
    ))
}

/// What is in the program, sorted.
///
/// # Errors
/// As [`texts`].
pub(super) fn packages(release: &Release<'_>, platform: Platform) -> Result<Vec<Package>> {
    let mut packages = crates(release, platform)?;
    packages.extend(npm(release)?);
    packages.sort();
    packages.dedup();
    Ok(packages)
}

fn crates(release: &Release<'_>, platform: Platform) -> Result<Vec<Package>> {
    let words = [
        "metadata",
        "--format-version",
        "1",
        "--locked",
        "--filter-platform",
        platform.target,
    ];
    let metadata = process::capture(&mut release.workspace.cargo(words))?;
    let metadata: Value = serde_json::from_str(&metadata)?;
    let used = used(release, platform)?;
    let all = metadata["packages"]
        .as_array()
        .context("cargo metadata has no packages")?;
    let mut packages = Vec::new();
    for package in all {
        let text = |name: &str| package[name].as_str().unwrap_or_default().to_owned();
        let is_foreign = package["source"].is_string();
        if !is_foreign || !used.contains(&format!("{} v{}", text("name"), text("version"))) {
            continue;
        }
        packages.push(Package {
            registry: "cargo",
            name: text("name"),
            version: text("version"),
            licence: text("license"),
            folder: parent(&text("manifest_path")),
        });
    }
    Ok(packages)
}

/// `NAME vVERSION` of every crate that is linked, which `cargo metadata` does not tell: it lists those of all
/// features and of tests as well.
fn used(release: &Release<'_>, platform: Platform) -> Result<Vec<String>> {
    let words = [
        "tree",
        "--locked",
        "--package",
        "reelgate",
        "--target",
        platform.target,
    ];
    let mut tree = release.workspace.cargo(words);
    let tree =
        process::capture(tree.args(["--edges", "normal", "--prefix", "none", "--format", "{p}"]))?;
    let words = tree.lines().map(|line| {
        let mut words = line.split(' ');
        format!(
            "{} {}",
            words.next().unwrap_or_default(),
            words.next().unwrap_or_default()
        )
    });
    Ok(words.collect())
}

/// What the portal is made of: the packages that npm installs for more than development.
fn npm(release: &Release<'_>) -> Result<Vec<Package>> {
    let web = release.workspace.path("web");
    let listed = process::capture(
        Command::new("npm")
            .args([
                "ls",
                "--all",
                "--parseable",
                "--long",
                "--omit=dev",
                "--workspace",
                "portal",
            ])
            .current_dir(&web),
    )?;
    let mut packages = Vec::new();
    for folder in listed.lines().filter_map(|line| line.split(':').next()) {
        let folder = PathBuf::from(folder);
        if !folder
            .components()
            .any(|part| part.as_os_str() == "node_modules")
            || folder.is_symlink()
        {
            continue;
        }
        let manifest = fs::read_to_string(folder.join("package.json"))?;
        let manifest: Value = serde_json::from_str(&manifest)?;
        let text = |name: &str| manifest[name].as_str().unwrap_or_default().to_owned();
        packages.push(Package {
            registry: "npm",
            name: text("name"),
            version: text("version"),
            licence: text("license"),
            folder,
        });
    }
    Ok(packages)
}

fn parent(path: &str) -> PathBuf {
    Path::new(path).parent().unwrap_or(Path::new("")).to_owned()
}

fn licences_in(folder: &Path) -> Result<Vec<String>> {
    let mut texts = Vec::new();
    let mut names: Vec<PathBuf> = fs::read_dir(folder)?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    names.sort();
    for path in names {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .to_lowercase();
        if path.is_file()
            && BEGINNINGS
                .iter()
                .any(|beginning| name.starts_with(beginning))
        {
            texts.push(String::from_utf8_lossy(&fs::read(&path)?).replace("\r\n", "\n"));
        }
    }
    Ok(texts)
}
