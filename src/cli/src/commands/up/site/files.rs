//! The files of the built page.

use super::super::server::{Answer, content, status};
use crate::exit::{Failure, Kind};
use http::StatusCode;
use percent_encoding::percent_decode_str;
use std::path::{Component, Path, PathBuf};

/// Types by the ends of names: those that a build leaves.
const TYPES: [(&str, &str); 6] = [
    ("html", "text/html; charset=utf-8"),
    ("js", "text/javascript; charset=utf-8"),
    ("css", "text/css; charset=utf-8"),
    ("svg", "image/svg+xml"),
    ("json", "application/json"),
    ("woff2", "font/woff2"),
];

/// A folder of files.
pub(super) struct Files(PathBuf);

impl Files {
    /// The files of `folder`.
    ///
    /// # Errors
    /// When there is no page in it.
    pub(super) fn new(folder: &Path) -> Result<Self, Failure> {
        if folder.join("index.html").is_file() {
            return Ok(Self(folder.to_owned()));
        }
        let error = format!("there is no portal in {}", folder.display());
        let failure = Failure::new(Kind::Failed, error);
        Err(failure.with_help("build it with `npm ci && npm run build` in the folder web"))
    }

    /// The file at `path` of an address.
    pub(super) fn answer(&self, path: &str) -> Answer {
        let path = if path == "/" { "/index.html" } else { path };
        let path = percent_decode_str(path.trim_start_matches('/')).decode_utf8_lossy();
        let path = Path::new(path.as_ref());
        let is_inside = path
            .components()
            .all(|part| matches!(part, Component::Normal(_)));
        if !is_inside {
            return status(StatusCode::NOT_FOUND);
        }
        match std::fs::read(self.0.join(path)) {
            Ok(bytes) => content(kind(path), bytes),
            Err(_) => status(StatusCode::NOT_FOUND),
        }
    }
}

fn kind(path: &Path) -> &'static str {
    let end = path.extension().and_then(|end| end.to_str());
    let known = TYPES.iter().find(|(name, _)| end == Some(name));
    known.map_or("application/octet-stream", |(_, kind)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_of_the_folder_are_given() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Files::new(folder.path()).is_err());
        let page = folder.path().join("page");
        std::fs::create_dir(&page).unwrap();
        std::fs::write(page.join("index.html"), "page").unwrap();
        std::fs::write(folder.path().join("secret"), "").unwrap();
        let files = Files::new(&page).unwrap();
        assert_eq!(files.answer("/").status(), 200);
        assert_eq!(
            files.answer("/index.html").headers()["content-type"],
            TYPES[0].1
        );
        for outside in ["/../secret", "/%2e%2e/secret", "//etc/passwd", "/assets"] {
            assert_eq!(files.answer(outside).status(), 404, "{outside}");
        }
    }
}
