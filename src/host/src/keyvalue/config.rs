//! The runtime configuration: where an application's key-value stores are, in Spin's own format.
//!
//! As with the manifest, every key is obeyed or refused by name and line.

use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

/// What a runtime configuration file says.
#[derive(Clone, Debug, Default)]
pub struct RuntimeConfig {
    /// Where each store is, by its name.
    pub stores: BTreeMap<String, Place>,
}

/// Where a store is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// `type = "spin"`: in this file.
    File(PathBuf),
    /// `type = "redis"`: in the Redis at this address.
    Redis(Address),
}

/// An address that may hold a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Address(String);

impl Address {
    /// The address itself.
    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

/// Without the address.
impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Address(..)")
    }
}

/// Why a runtime configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file is missing or cannot be read.
    #[error("cannot read {}: {cause}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// Not TOML, a key this host does not know, or one that is missing.
    #[error("{}: {message}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        message: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(default)]
    key_value_store: BTreeMap<String, toml::Spanned<Table>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    #[serde(rename = "type")]
    kind: Kind,
    path: Option<PathBuf>,
    url: Option<String>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Spin,
    Redis,
}

impl RuntimeConfig {
    /// Reads the file at `path`. Paths in it are relative to its folder.
    ///
    /// # Errors
    ///
    /// It cannot be read, is not TOML, or asks for what this host does not have; the message names key
    /// and line and no address.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|cause| ConfigError::Unreadable {
            path: path.to_owned(),
            cause,
        })?;
        let folder = path.parent().unwrap_or(Path::new(""));
        Self::parse(&text, folder).map_err(|message| ConfigError::Syntax {
            path: path.to_owned(),
            message,
        })
    }

    fn parse(text: &str, folder: &Path) -> Result<Self, String> {
        // The library shows the line it stumbled over, and with it what may be a password.
        let document: Document = toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(1, |span| line_of(text, span.start));
            format!("line {line}: {}", error.message())
        })?;
        let mut stores = BTreeMap::new();
        for (label, table) in document.key_value_store {
            let line = line_of(text, table.span().start);
            let place = place(table.into_inner(), folder)
                .map_err(|wrong| format!("line {line}: key_value_store.{label} {wrong}"))?;
            stores.insert(label, place);
        }
        Ok(Self { stores })
    }
}

fn line_of(text: &str, position: usize) -> usize {
    let before = text.get(..position).unwrap_or(text);
    before.matches('\n').count() + 1
}

fn place(table: Table, folder: &Path) -> Result<Place, &'static str> {
    match table {
        Table {
            kind: Kind::Spin,
            path: Some(path),
            url: None,
        } => Ok(Place::File(folder.join(path))),
        Table {
            kind: Kind::Redis,
            path: None,
            url: Some(url),
        } => Ok(Place::Redis(Address(url))),
        Table {
            kind: Kind::Spin, ..
        } => Err("of type `spin` has a `path` and nothing else"),
        Table {
            kind: Kind::Redis, ..
        } => Err("of type `redis` has a `url` and nothing else"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<BTreeMap<String, Place>, String> {
        RuntimeConfig::parse(text, Path::new("/etc/reelgate")).map(|config| config.stores)
    }

    /// The example of Spin's documentation, "Key Value Store Runtime Configuration".
    #[test]
    fn spins_own_format_is_read() {
        let stores = parse(
            "[key_value_store.default]\ntype = \"spin\"\npath = \".spin/sqlite_key_value.db\"\n\
             [key_value_store.user_data]\ntype = \"redis\"\nurl = \"redis://localhost\"\n",
        )
        .unwrap();
        assert_eq!(
            stores["default"],
            Place::File("/etc/reelgate/.spin/sqlite_key_value.db".into())
        );
        assert_eq!(
            stores["user_data"],
            Place::Redis(Address("redis://localhost".into()))
        );
    }

    #[test]
    fn what_cannot_be_obeyed_is_refused_by_name_and_line_and_without_addresses() {
        let secret = "redis://:hunter2@h";
        for (text, parts) in [
            ("[sqlite_database.default]\ntype = \"spin\"\n", ["line 1", "`sqlite_database`"]),
            ("\n[key_value_store.a]\ntype = \"azure_cosmos\"\n", ["line 3", "`azure_cosmos`"]),
            ("[key_value_store.a]\ntype = \"spin\"\nspeed = 1\n", ["line 3", "`speed`"]),
            ("\n[key_value_store.a]\ntype = \"spin\"\n", ["line 2", "`path`"]),
            ("[key_value_store.a]\npath = \"x\"\n", ["line 1", "`type`"]),
            (
                "[key_value_store.a]\ntype = \"spin\"\nurl = \"redis://:hunter2@h\"\n",
                ["line 1", "key_value_store.a"],
            ),
            (
                "[key_value_store.a]\ntype = \"redis\"\nurls = \"redis://:hunter2@h\"\n",
                ["line 3", "`urls`"],
            ),
            ("[key_value_store.a\n", ["line 1", ""]),
        ] {
            let error = parse(text).unwrap_err();
            for part in parts {
                assert!(error.contains(part), "no `{part}` in {error}");
            }
            assert!(!error.contains("hunter2"), "{error}");
        }
        let store = parse(&format!(
            "[key_value_store.a]\ntype = \"redis\"\nurl = \"{secret}\"\n"
        ));
        assert!(!format!("{store:?}").contains("hunter2"));
    }
}
