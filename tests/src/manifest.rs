//! The product's manifest, and others like it.

use crate::built::{components, kept, root};
use std::path::{Path, PathBuf};
use tempfile::{NamedTempFile, TempDir};

/// Where the product's manifest says that components lie.
const SAYS: &str = "target/wasm32-wasip2/release";

/// The product's manifest: that of the workspace, or, where the components lie elsewhere than it says, a
/// copy that says where.
///
/// # Panics
///
/// It cannot be read.
#[must_use]
pub fn product() -> PathBuf {
    if components() == root().join(SAYS) {
        return root().join("spin.toml");
    }
    let folder = kept("manifest");
    let copy = folder.join("spin.toml");
    // Tests run at once: nobody may read half a file.
    let unfinished = NamedTempFile::new_in(folder).expect("a writable folder");
    std::fs::write(&unfinished, text()).expect("a writable folder");
    unfinished.persist(&copy).expect("one folder");
    copy
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
