//! What other commands need to know of a running `reelgate up`: a file for `--env-file`.

use crate::exit::{Failure, Kind};
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Writes `up.env` into the folder `data`: settings as they are, and variables of the gate.
pub(super) fn write(
    data: &Path,
    settings: impl IntoIterator<Item = (&'static str, String)>,
    variables: impl IntoIterator<Item = (&'static str, String)>,
) -> Result<PathBuf, Failure> {
    let path = data.join("up.env");
    let mut text = String::new();
    for (name, value) in settings {
        text.push_str(&format!("{name}={value}\n"));
    }
    for (name, value) in variables {
        let name = name.to_ascii_uppercase();
        text.push_str(&format!("SPIN_VARIABLE_{name}={value}\n"));
    }
    let written = owners_file(&path).and_then(|mut file| file.write_all(text.as_bytes()));
    let absolute = written.and_then(|()| path.canonicalize());
    absolute.map_err(|error| {
        Failure::new(
            Kind::Failed,
            format!("cannot write {}: {error}", path.display()),
        )
        .with_help("choose a folder that can be written to with --data")
    })
}

/// A file that its owner alone may read: it holds secrets.
fn owners_file(path: &Path) -> std::io::Result<std::fs::File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path)
}

/// This program, as a shell takes it.
pub(super) fn program() -> String {
    let program = std::env::current_exe();
    program.map_or_else(|_| "reelgate".into(), |path| quoted(&path))
}

/// The path as a shell takes it for one word.
pub(super) fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+".contains(c);
    if text.chars().all(plain) {
        return text;
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_word_for_a_shell() {
        assert_eq!(quoted(Path::new("/a/b-1.mp4")), "/a/b-1.mp4");
        assert_eq!(quoted(Path::new("/a b/it's")), r"'/a b/it'\''s'");
    }
}
