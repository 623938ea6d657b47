//! What can be wrong with a list.

use std::{fmt, io, path::PathBuf, str::Utf8Error};

/// Why a list cannot be used: all that is wrong with it, for it is to be mended in one go.
#[derive(Debug, thiserror::Error)]
pub enum BadList {
    /// It cannot be read.
    #[error("cannot read {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Something stands in it that cannot stand there.
    #[error("{} cannot be used{problems}", path.display())]
    Wrong {
        /// The file.
        path: PathBuf,
        /// What.
        problems: Problems,
    },
}

/// What is wrong with a list, line by line.
#[derive(Debug)]
pub struct Problems(pub(super) Vec<(u64, Problem)>);

/// What is wrong with one line.
#[derive(Debug, thiserror::Error)]
pub(super) enum Problem {
    #[error("there is no film in it")]
    NoFilms,
    #[error("the column {0} is missing; the first line names the columns: game_id,source")]
    Missing(&'static str),
    #[error(
        "there is no column {name:?}; there are {known}, and columns of your own, which portals get as text"
    )]
    Unknown { name: String, known: String },
    #[error("the column {0} is there twice")]
    Twice(String),
    #[error(
        "it has {found} fields and the first line {expected}; a comma in a name needs \"quotes\""
    )]
    Fields { found: usize, expected: usize },
    #[error(
        "{0:?} is no game id: 1 to 128 bytes without slashes, backslashes, control characters and escapes"
    )]
    Game(String),
    #[error("game {game:?} is in line {line} already")]
    Duplicate { game: String, line: u64 },
    #[error("no source is given for game {0:?}")]
    NoSource(String),
    #[error("{given} {error}")]
    Source {
        given: String,
        error: crate::BadSource,
    },
    #[error("{column} is {given:?}, and takes {takes}")]
    Wish {
        column: &'static str,
        given: String,
        takes: &'static str,
    },
    #[error("{0}")]
    Label(#[from] crate::BadLabel),
    #[error("{0}")]
    NoText(#[from] Utf8Error),
    #[error("it cannot be read: {0}")]
    Csv(#[from] csv::Error),
}

/// Problems that are told; a file of another kind has one in every line.
pub(super) const TOLD: usize = 20;

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (line, problem) in self.0.iter().take(TOLD) {
            write!(f, "\n  line {line}: {problem}")?;
        }
        match self.0.len().saturating_sub(TOLD) {
            0 => Ok(()),
            more => write!(f, "\n  and {more} more"),
        }
    }
}
