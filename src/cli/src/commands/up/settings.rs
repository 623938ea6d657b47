//! What other commands need to know of a running `reelgate up`: a file for `--env-file`.

use crate::exit::{Failure, Kind};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

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
    let absolute = make_anew(&path, &text).and_then(|()| path.canonicalize());
    absolute.map_err(|error| {
        Failure::new(
            Kind::Failed,
            format!("cannot write {}: {error}", path.display()),
        )
        .with_help("choose a folder that can be written to with --data")
    })
}

/// Writes a file that its owner alone may read, for it holds secrets. It takes the place of one that is
/// there, whoever may read that, and goes through no link.
fn make_anew(path: &Path, text: &str) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    // Made with the mode 0600.
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.persist(path)?;
    Ok(())
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

    #[cfg(unix)]
    #[test]
    fn the_file_is_its_owners_alone_whatever_lay_there() {
        use std::fs::{self, Permissions};
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let write = || {
            write(
                folder.path(),
                [("A", "1".to_owned())],
                [("b", "2".to_owned())],
            )
        };
        let path = folder.path().join("up.env");
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o666)).unwrap();
        write().unwrap();
        let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(), 0o600);
        assert_eq!(
            fs::read_to_string(&path).unwrap(),
            "A=1\nSPIN_VARIABLE_B=2\n"
        );
        // A link leads nowhere.
        let other = folder.path().join("other");
        fs::write(&other, "other").unwrap();
        fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink(&other, &path).unwrap();
        write().unwrap();
        assert_eq!(fs::read_to_string(&other).unwrap(), "other");
        assert_eq!(mode(), 0o600);
    }

    #[test]
    fn a_path_is_one_word_for_a_shell() {
        assert_eq!(quoted(Path::new("/a/b-1.mp4")), "/a/b-1.mp4");
        assert_eq!(quoted(Path::new("/a b/it's")), r"'/a b/it'\''s'");
    }
}
