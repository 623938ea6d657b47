//! Where things stand in this repository.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::process;

/// The compilation target of every component.
pub(crate) const WASM_TARGET: &str = "wasm32-wasip2";

/// The paths of one checkout.
#[derive(Clone, Debug)]
pub(crate) struct Workspace {
    root: PathBuf,
    target: PathBuf,
    /// What is run as `reelgate`, where it is not what was built for release.
    program: Option<PathBuf>,
    /// What every Cargo command finds in its environment.
    environment: Vec<(&'static str, OsString)>,
}

impl Workspace {
    /// The checkout this xtask was built from, with `CARGO_TARGET_DIR` respected.
    pub(crate) fn locate() -> Self {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = manifest.parent().unwrap_or(manifest).to_path_buf();
        let target = match env::var_os("CARGO_TARGET_DIR") {
            Some(given) => root.join(given),
            None => root.join("target"),
        };
        Self {
            root,
            target,
            program: env::var_os("REELGATE_BIN").map(PathBuf::from),
            environment: Vec::new(),
        }
    }

    /// The same, with another program as `reelgate`.
    pub(crate) fn with_program(&self, program: PathBuf) -> Self {
        Self {
            program: Some(program),
            ..self.clone()
        }
    }

    /// The same, with variables for every Cargo command.
    pub(crate) fn with_environment(
        mut self,
        variables: impl IntoIterator<Item = (&'static str, OsString)>,
    ) -> Self {
        self.environment.extend(variables);
        self
    }

    /// The folder of the root `Cargo.toml`.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Cargo's target directory, where it is not `target` below the root.
    pub(crate) fn target_elsewhere(&self) -> Option<&Path> {
        (self.target != self.root.join("target")).then_some(&self.target)
    }

    /// A path below the root.
    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// A path below Cargo's target directory.
    pub(crate) fn in_target(&self, relative: &str) -> PathBuf {
        self.target.join(relative)
    }

    /// The release binary `reelgate`, or the one that [`Self::with_program`] was given or `REELGATE_BIN` names: a
    /// release's, say, for `bench`.
    pub(crate) fn reelgate(&self) -> PathBuf {
        match &self.program {
            Some(program) => self.root.join(program),
            None => self.in_target("release/reelgate"),
        }
    }

    /// The folder where `*.wasm` land.
    pub(crate) fn wasm_folder(&self) -> PathBuf {
        self.in_target(&format!("{WASM_TARGET}/release"))
    }

    /// The folder where compositions land: beside the components, some of which have the same names.
    pub(crate) fn composed_folder(&self) -> PathBuf {
        self.wasm_folder().join("composed")
    }

    /// The built file of a component, by package name.
    pub(crate) fn wasm(&self, package: &str) -> PathBuf {
        let stem = package.replace('-', "_");
        self.wasm_folder().join(stem).with_extension("wasm")
    }

    /// The names of the component packages, sorted: the folders of `components/`.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub(crate) fn components(&self) -> Result<Vec<String>> {
        self.packages_in("components")
    }

    /// The names of the components that only tests run, sorted: the folders of `tests/guests/`.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub(crate) fn test_guests(&self) -> Result<Vec<String>> {
        self.packages_in("tests/guests")
    }

    /// Every package that links or means something on [`WASM_TARGET`] only.
    ///
    /// # Errors
    /// When a folder cannot be read.
    pub(crate) fn wasm_packages(&self) -> Result<Vec<String>> {
        let mut names = self.components()?;
        names.extend(self.test_guests()?);
        names.push("reelgate-wasi".to_owned());
        Ok(names)
    }

    /// The names of all packages of the workspace.
    ///
    /// # Errors
    /// When Cargo cannot read it.
    pub(crate) fn packages(&self) -> Result<Vec<String>> {
        let words = ["metadata", "--no-deps", "--format-version", "1"];
        let metadata: Value = serde_json::from_str(&process::capture(&mut self.cargo(words))?)?;
        let packages = metadata["packages"].as_array().into_iter().flatten();
        let names = packages.filter_map(|package| package["name"].as_str());
        Ok(names.map(String::from).collect())
    }

    fn packages_in(&self, folder: &str) -> Result<Vec<String>> {
        let folder = self.path(folder);
        let entries =
            fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))?;
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry?;
            if entry.path().join("Cargo.toml").is_file() {
                names.push(entry.file_name().to_string_lossy().into_owned());
            }
        }
        names.sort();
        Ok(names)
    }

    /// A Cargo command in this workspace, with the given words.
    ///
    /// It sees nothing of the package that Cargo runs now, which is xtask: build scripts (ring's) look at these
    /// variables, and each change between `cargo build` and `cargo xtask` would build half of all anew.
    pub(crate) fn cargo<'a>(&self, words: impl IntoIterator<Item = &'a str>) -> Command {
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        for (name, _) in env::vars_os() {
            let name_text = name.to_string_lossy();
            if ["CARGO_PKG_", "CARGO_MANIFEST_"]
                .iter()
                .any(|of_package| name_text.starts_with(of_package))
            {
                command.env_remove(&name);
            }
        }
        let environment = self.environment.iter().map(|(name, value)| (name, value));
        command
            .args(words)
            .current_dir(&self.root)
            .envs(environment);
        command
    }
}
