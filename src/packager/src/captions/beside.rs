//! Files of captions: those that were named, and those that lie beside a film and are named after it.

use std::{
    ffi::OsStr,
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::task::spawn_blocking;

use super::{
    bad::Bad,
    cue::Track,
    embedded,
    encoding::{self, Decoded},
    label::Label,
    remote,
    rendition::{Given, Origin},
    srt, vtt,
};
use crate::{Error, Source, input::source::Found};

/// What files of captions end in.
const ENDINGS: [&str; 4] = ["srt", "vtt", "ass", "ssa"];

/// Bytes of the largest file that is read: a day of talk has some MB.
pub(super) const MOST_BYTES: u64 = 64 * 1024 * 1024;

/// A file of captions and what they are.
pub type Named = (Label, PathBuf);

/// Which files of captions belong to a film.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum CaptionFiles {
    /// Those beside it whose names begin as the film's does: `film.srt`, `film.en.srt`,
    /// `film.en.forced.vtt`.
    #[default]
    Beside,
    /// These.
    Named(Vec<Named>),
}

impl CaptionFiles {
    /// Finds and reads them; gives what had to be guessed, too.
    ///
    /// # Errors
    /// [`Error::UnreadCaptions`], or [`Error::Captions`] with the file and the line that makes no sense.
    pub(crate) async fn read(
        &self,
        film: &Source,
        found: &Found,
        silence: Duration,
    ) -> Result<(Vec<Given>, Vec<String>), Error> {
        let named = match (self, film, found) {
            (Self::Named(named), ..) => named.clone(),
            (Self::Beside, Source::File(path), _) => {
                let film = path.clone();
                // A folder that cannot be read is reported when its film is.
                spawn_blocking(move || find(&film).unwrap_or_default())
                    .await
                    .unwrap_or_default()
            }
            (Self::Beside, Source::Object { key, .. }, Found::There(bucket, _)) => {
                return remote::read(bucket, key, silence).await;
            }
            // An object was found in its bucket.
            (Self::Beside, Source::Object { .. }, Found::Here) => Vec::new(),
        };
        read_all(named, Origin::Beside, silence).await
    }
}

/// Reads files of captions.
///
/// # Errors
/// As [`CaptionFiles::read`].
pub(crate) async fn read_all(
    named: Vec<Named>,
    from: Origin,
    silence: Duration,
) -> Result<(Vec<Given>, Vec<String>), Error> {
    let (mut given, mut guesses): (Vec<Given>, Vec<String>) = (Vec::new(), Vec::new());
    for (label, path) in named {
        let name = name(&path);
        if let Some(other) = given.iter().find(|other| other.label.is_same(&label)) {
            let reason = format!("it is {label}, as {} is", other.source);
            return Err(refused(&path, None, reason));
        }
        let is_default = |other: &&Given| other.label.is_default && label.is_default;
        if let Some(other) = given.iter().find(is_default) {
            let reason = format!("it is the default, as {} is", other.source);
            return Err(refused(&path, None, reason));
        }
        let (read, blake3) = read(&path, silence).await?;
        if let Some(encoding) = read.guessed {
            guesses.push(format!("{name} is taken for {encoding}, as it is no UTF-8"));
        }
        given.push(Given {
            label,
            title: None,
            from,
            source: name,
            blake3,
            track: read.track,
        });
    }
    Ok((given, guesses))
}

/// Captions that lie beside `film`, by their names.
fn find(film: &Path) -> io::Result<Vec<Named>> {
    let folder = match film.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let Some(stem) = film.file_stem().and_then(OsStr::to_str) else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let name = entry?.file_name();
        let label = name.to_str().and_then(|name| label(name, stem));
        if let Some(label) = label {
            found.push((label, folder.join(name)));
        }
    }
    found.sort();
    Ok(found)
}

/// What the captions in the file `name` are; `None` when they are not those of the film `stem`.
pub(super) fn label(name: &str, stem: &str) -> Option<Label> {
    let rest = name.strip_prefix(stem)?.strip_prefix('.')?;
    let (label, ending) = rest.rsplit_once('.').unwrap_or(("", rest));
    let is_captions = ENDINGS.iter().any(|it| ending.eq_ignore_ascii_case(it));
    is_captions.then(|| Label::parse(label).ok())?
}

struct Read {
    track: Track,
    guessed: Option<&'static str>,
}

async fn read(path: &Path, silence: Duration) -> Result<(Read, String), Error> {
    let file = path.to_owned();
    let bytes = spawn_blocking(move || {
        if std::fs::metadata(&file)?.len() > MOST_BYTES {
            return Err(io::Error::other("it is larger than captions are"));
        }
        std::fs::read(&file)
    });
    let bytes = bytes.await.map_err(io::Error::other).and_then(|read| read);
    let bytes = bytes.map_err(|source| Error::UnreadCaptions {
        path: path.to_owned(),
        source,
    })?;
    let blake3 = blake3::hash(&bytes).to_hex().to_string();
    let bad = |bad: Bad| refused(path, Some(bad.line), bad.what);
    let Decoded { text, guessed } = encoding::decode(&bytes).map_err(bad)?;
    let ending = path.extension().and_then(OsStr::to_str).unwrap_or_default();
    let track = match ending.to_ascii_lowercase().as_str() {
        "ass" | "ssa" => embedded::from_ass(path, &text, silence).await?,
        // Some call SubRip so; what calls itself WebVTT in its first line is that.
        "vtt" => vtt::parse(&text).map_err(bad)?,
        _ if vtt::is_vtt(&text) => vtt::parse(&text).map_err(bad)?,
        _ => srt::parse(&text).map_err(bad)?,
    };
    Ok((Read { track, guessed }, blake3))
}

/// The error of a file of captions.
pub(crate) fn refused(path: &Path, line: Option<usize>, reason: String) -> Error {
    Error::Captions {
        path: path.to_owned(),
        reason: match line {
            Some(line) => format!("line {line}: {reason}"),
            None => reason,
        },
    }
}

fn name(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    name.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captions_beside_a_film_are_found_by_their_names() {
        let of = |name: &str| label(name, "film").map(|label| label.to_string());
        assert_eq!(of("film.srt").as_deref(), Some("und"));
        assert_eq!(of("film.en.srt").as_deref(), Some("en"));
        assert_eq!(of("film.de.forced.VTT").as_deref(), Some("de.forced"));
        assert_eq!(of("film.en.sdh.ass").as_deref(), Some("en.sdh"));
        for other in [
            "film.mp4",
            "film2.en.srt",
            "film.part2.srt",
            "film.en.txt",
            "srt",
        ] {
            assert_eq!(of(other), None, "{other}");
        }
    }

    #[tokio::test]
    async fn a_file_that_is_not_there_is_named() {
        let named = vec![(Label::parse("en").unwrap(), "none.srt".into())];
        let error = CaptionFiles::Named(named)
            .read(
                &Source::File("film.mp4".into()),
                &Found::Here,
                Duration::from_secs(10),
            )
            .await
            .unwrap_err();
        assert_eq!(error.to_string(), "cannot read the captions in none.srt");
        assert_eq!(error.help().unwrap(), "name a file that this user can read");
    }

    #[tokio::test]
    async fn a_broken_file_is_refused_by_its_name_and_line() {
        let folder = tempfile::tempdir().unwrap();
        let film = folder.path().join("film.mp4");
        std::fs::write(
            folder.path().join("film.en.srt"),
            "1\n00:00:01,000 --> x\na\n",
        )
        .unwrap();
        let error = CaptionFiles::Beside
            .read(&Source::File(film), &Found::Here, Duration::from_secs(10))
            .await
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("film.en.srt, line 2: \"x\" is no time"),
            "{error}"
        );
    }
}
