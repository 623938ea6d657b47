//! The product's manifest, and others like it.

use crate::built::{components, root};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Where the product's manifest says that components lie.
const SAYS: &str = "target/wasm32-wasip2/release";

/// The product's manifest. Hosts are told where its components lie, see [`crate::host::Settings`].
#[must_use]
pub fn product() -> PathBuf {
    root().join("spin.toml")
}

/// The product's manifest with its catalog in a key-value store.
#[must_use]
pub fn keyvalue() -> PathBuf {
    root().join("spin-keyvalue.toml")
}

/// The text of the product's manifest, good in any folder.
///
/// # Panics
///
/// It cannot be read.
#[must_use]
pub fn text() -> String {
    let text = std::fs::read_to_string(root().join("spin.toml"));
    let text = text.expect("the product's manifest");
    text.replace(SAYS, components().to_str().expect("a path of text"))
}

/// A manifest in a folder that goes away with it.
#[derive(Debug)]
pub struct Manifest {
    folder: TempDir,
}

impl Manifest {
    /// One with this text.
    ///
    /// # Panics
    ///
    /// The disk is full.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        std::fs::write(folder.path().join("spin.toml"), text).expect("a temporary file");
        Self { folder }
    }

    /// The product's with one change.
    ///
    /// # Panics
    ///
    /// There is no `from` in it.
    #[must_use]
    pub fn changed(from: &str, to: &str) -> Self {
        let text = text();
        assert!(text.contains(from), "no `{from}` in {text}");
        Self::of(&text.replacen(from, to, 1))
    }

    /// Its text.
    ///
    /// # Panics
    ///
    /// Somebody took it away.
    #[must_use]
    pub fn text(&self) -> String {
        std::fs::read_to_string(self.path()).expect("a manifest")
    }

    /// Its file.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.folder().join("spin.toml")
    }

    /// Its folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}
