//! Folders that are used where the command line names none: systemd's, those of the XDG base directory
//! specification, or for the superuser those of the filesystem hierarchy standard.

use std::{env, ffi::OsString, path::PathBuf};

/// What belongs to this program in a folder that others share.
const NAME: &str = "reelgate";

/// Where a command keeps its files.
#[derive(Debug)]
pub(crate) struct Places {
    /// What must not be lost.
    pub(crate) state: PathBuf,
    /// What can be made again.
    pub(crate) cache: PathBuf,
}

impl Places {
    /// All in the folder `data` where it was named.
    pub(crate) fn of(data: Option<PathBuf>) -> Self {
        Self::with(data, |name| env::var_os(name), is_superuser())
    }

    fn with(
        data: Option<PathBuf>,
        variable: impl Fn(&str) -> Option<OsString>,
        is_superuser: bool,
    ) -> Self {
        if let Some(data) = data {
            let cache = data.join("cache");
            return Self { state: data, cache };
        }
        let folder = |name: &str| {
            let folder = variable(name).map(PathBuf::from);
            folder.filter(|folder| folder.is_absolute())
        };
        let place = |of_systemd, of_superuser: &str, of_xdg, below_home: &str| {
            if let Some(folder) = folder(of_systemd) {
                return folder;
            }
            if is_superuser {
                return PathBuf::from(of_superuser);
            }
            let shared = folder(of_xdg).or_else(|| Some(folder("HOME")?.join(below_home)));
            // Somebody without a home has at least the folder they are in.
            shared.map_or_else(|| PathBuf::from(".reelgate"), |shared| shared.join(NAME))
        };
        Self {
            state: place(
                "STATE_DIRECTORY",
                "/var/lib/reelgate",
                "XDG_STATE_HOME",
                ".local/state",
            ),
            cache: place(
                "CACHE_DIRECTORY",
                "/var/cache/reelgate",
                "XDG_CACHE_HOME",
                ".cache",
            ),
        }
    }

    /// The same for a command of its own, so that two do not share files.
    pub(crate) fn below(self, name: &str) -> Self {
        Self {
            state: self.state.join(name),
            ..self
        }
    }
}

#[cfg(unix)]
fn is_superuser() -> bool {
    rustix::process::geteuid().is_root()
}

#[cfg(not(unix))]
fn is_superuser() -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(variables: &[(&str, &str)], is_superuser: bool) -> (String, String) {
        let variable = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| OsString::from(value))
        };
        let Places { state, cache } = Places::with(None, variable, is_superuser);
        (state.display().to_string(), cache.display().to_string())
    }

    /// Of the XDG base directory specification 0.8: the defaults, and that relative paths are invalid.
    #[test]
    fn folders_are_those_of_the_specification() {
        let of = |state: &str, cache: &str| (state.to_owned(), cache.to_owned());
        assert_eq!(
            places(&[("HOME", "/home/ada")], false),
            of(
                "/home/ada/.local/state/reelgate",
                "/home/ada/.cache/reelgate"
            )
        );
        assert_eq!(
            places(
                &[
                    ("HOME", "/h"),
                    ("XDG_STATE_HOME", "/s"),
                    ("XDG_CACHE_HOME", "c")
                ],
                false
            ),
            of("/s/reelgate", "/h/.cache/reelgate")
        );
        assert_eq!(
            places(&[("HOME", "/root")], true),
            of("/var/lib/reelgate", "/var/cache/reelgate")
        );
        assert_eq!(
            places(
                &[
                    ("STATE_DIRECTORY", "/var/lib/private/reelgate"),
                    ("HOME", "/h")
                ],
                false
            )
            .0,
            "/var/lib/private/reelgate"
        );
    }

    #[test]
    fn a_named_folder_holds_all() {
        let places = Places::of(Some("x".into()));
        assert_eq!(places.cache, PathBuf::from("x/cache"));
    }
}
