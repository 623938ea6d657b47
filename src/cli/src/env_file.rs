//! `--env-file`: variables from a file, in the syntax of `.env`.

use std::{
    io,
    path::{Path, PathBuf},
};

use crate::exit::{Failure, Kind};

/// Why an env file cannot be used. Names the line, never a value.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The file cannot be read.
    #[error("cannot read the env file {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A line is neither `NAME=value` nor a comment.
    #[error("line {line} of the env file {} is not NAME=value", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The line's number, from 1.
        line: usize,
    },
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let help = match &error {
            Error::Read { .. } => {
                "name a file that you may read, with --env-file or in REELGATE_ENV_FILE"
            }
            Error::Syntax { .. } => {
                "write one NAME=value a line; put a value with blanks, # or $ in single quotes"
            }
        };
        Self::new(Kind::Configuration, error).with_help(help)
    }
}

/// Reads the variables of the file, in its order, without touching this process's environment.
///
/// # Errors
/// [`Error`] when the file cannot be read or a line cannot be understood.
pub(crate) fn read(path: &Path) -> Result<Vec<(String, String)>, Error> {
    let unreadable = |source| Error::Read {
        path: path.to_owned(),
        source,
    };
    let text = std::fs::read_to_string(path).map_err(unreadable)?;
    let variables = dotenvy::from_read_iter(text.as_bytes()).collect::<Result<Vec<_>, _>>();
    variables.map_err(|error| match error {
        dotenvy::Error::LineParse(..) => Error::Syntax {
            path: path.to_owned(),
            line: first_bad_line(&text),
        },
        dotenvy::Error::Io(source) => unreadable(source),
        other => unreadable(io::Error::other(other.to_string())),
    })
}

/// The number, from 1, of the line at which `text` is no longer understood. The parser tells what it could not read,
/// which may be a part of a line, and not where.
fn first_bad_line(text: &str) -> usize {
    let ends = text.match_indices('\n').map(|(at, _)| at + 1);
    let is_good = |end: &usize| {
        let mut variables = dotenvy::from_read_iter(&text.as_bytes()[..*end]);
        variables.all(|variable| variable.is_ok())
    };
    // A value in quotes may end some lines further on.
    let good = ends.enumerate().filter(|(_, end)| is_good(end)).last();
    good.map_or(1, |(at, _)| at + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Result<Vec<(String, String)>, Error> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".env");
        std::fs::write(&path, text).unwrap();
        read(&path)
    }

    #[test]
    fn comments_quotes_and_exports_are_understood() {
        let text = "# a comment\nexport A=1\nB='with blank # and $'\nC=\"two words\"\n\nD=\n";
        let variables = read_text(text).unwrap();
        let expected = [
            ("A", "1"),
            ("B", "with blank # and $"),
            ("C", "two words"),
            ("D", ""),
        ];
        assert_eq!(
            variables,
            expected.map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
    }

    #[test]
    fn a_bad_line_is_named_and_its_value_is_not() {
        for (text, bad) in [
            ("A=1\nnot a line s3cret\n", 2),
            ("s3cret without a name", 1),
            ("A=1\n\n# a comment\nB=2\nC=s3cret with blanks\nD=3\n", 5),
            ("A=\"two\nlines\"\nB=s3cret with blanks\n", 3),
        ] {
            let error = read_text(text).unwrap_err();
            assert!(
                matches!(error, Error::Syntax { line, .. } if line == bad),
                "{text}: {error:?}"
            );
            assert!(!error.to_string().contains("s3cret"));
        }
    }
}
