//! Variables from the environment and the env file, and from files that these name.
//!
//! `SPIN_VARIABLE_S3_BUCKET_FILE=/run/secrets/bucket` gives `s3_bucket` what the file holds, without the newline at its
//! end. A secret is then in no environment, and changes without one.

use crate::{env_file, exit::Failure, exit::Kind};
use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

/// How every variable's name begins.
const PREFIX: &str = "SPIN_VARIABLE_";
/// How the name of one ends that names a file.
const SUFFIX: &str = "_FILE";

/// Variables by name, in the environment's words.
type Variables = BTreeMap<String, String>;

/// Why a variable's file cannot be used. Names the variable and the file, never a value.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// A value and a file.
    #[error("{name} and {name}{SUFFIX} are both set")]
    Both {
        /// The variable.
        name: String,
    },
    /// A file that is not there, or no text.
    #[error("cannot read {}, which {name}{SUFFIX} names", path.display())]
    Unreadable {
        /// The variable.
        name: String,
        /// Its file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let help = match &error {
            Error::Both { .. } => "set one of them",
            Error::Unreadable { .. } => "name a file of text that you may read",
        };
        Self::new(Kind::Configuration, error).with_help(help)
    }
}

/// The environment's, each file read. What is no text is none of ours.
pub(crate) fn of_environment() -> Result<Variables, Failure> {
    let texts = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    Ok(read_files(texts.collect())?)
}

/// Those of an env file, if there is one.
pub(crate) fn of_file(path: Option<&Path>) -> Result<Variables, Failure> {
    let lines = path.map(env_file::read).transpose()?.unwrap_or_default();
    Ok(read_files(lines.into_iter().collect())?)
}

/// Puts in the place of each name of a file what the file holds.
fn read_files(variables: Variables) -> Result<Variables, Error> {
    let mut read = variables.clone();
    for (of_file, path) in &variables {
        let name = of_file
            .strip_suffix(SUFFIX)
            .filter(|name| name.len() > PREFIX.len() && name.starts_with(PREFIX));
        let Some(name) = name.filter(|_| !path.is_empty()) else {
            continue;
        };
        let name = name.to_owned();
        if variables.get(&name).is_some_and(|value| !value.is_empty()) {
            return Err(Error::Both { name });
        }
        let value = read_one(&name, Path::new(path))?;
        read.remove(of_file);
        read.insert(name, value);
    }
    Ok(read)
}

fn read_one(name: &str, path: &Path) -> Result<String, Error> {
    let text = fs::read_to_string(path).map_err(|source| Error::Unreadable {
        name: name.to_owned(),
        path: path.to_owned(),
        source,
    })?;
    let value = text.strip_suffix('\n').unwrap_or(&text);
    let value = value.strip_suffix('\r').unwrap_or(value);
    Ok(value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(pairs: &[(&str, &str)]) -> Variables {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        pairs.iter().map(owned).collect()
    }

    #[test]
    fn one_newline_at_the_end_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        let shown = path.display().to_string();
        for (text, value) in [
            ("s3cret", "s3cret"),
            ("s3cret\n", "s3cret"),
            ("s3cret\r\n", "s3cret"),
            ("s3cret\n\n", "s3cret\n"),
            (" two words ", " two words "),
            ("", ""),
        ] {
            fs::write(&path, text).unwrap();
            let given = [
                ("SPIN_VARIABLE_ADMIN_TOKEN_FILE", shown.as_str()),
                ("SPIN_VARIABLE_ADMIN_TOKEN", ""),
                ("SPIN_VARIABLE_REGION", "eu"),
            ];
            let read = read_files(variables(&given)).unwrap();
            let expected = [
                ("SPIN_VARIABLE_ADMIN_TOKEN", value),
                ("SPIN_VARIABLE_REGION", "eu"),
            ];
            assert_eq!(read, variables(&expected), "{text:?}");
        }
    }

    #[test]
    fn what_names_no_file_is_as_it_was() {
        let given = variables(&[
            ("SSL_CERT_FILE", "/nowhere"),
            ("SPIN_VARIABLE_FILE", "/nowhere"),
            ("SPIN_VARIABLE__FILE", "/nowhere"),
            ("SPIN_VARIABLE_A_FILE", ""),
        ]);
        assert_eq!(read_files(given.clone()).unwrap(), given);
    }

    #[test]
    fn a_value_and_a_file_are_refused_and_a_missing_file_is_named() {
        let both = [
            ("SPIN_VARIABLE_A", "s3cret"),
            ("SPIN_VARIABLE_A_FILE", "/nowhere"),
        ];
        let error = read_files(variables(&both)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "SPIN_VARIABLE_A and SPIN_VARIABLE_A_FILE are both set"
        );
        let error = read_files(variables(&both[1..])).unwrap_err();
        assert_eq!(
            error.to_string(),
            "cannot read /nowhere, which SPIN_VARIABLE_A_FILE names"
        );
    }
}
