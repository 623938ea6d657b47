//! Is this HLS what Apple's authoring specification and rfc8216bis demand? What `reelgate package
//! check` asks.
//!
//! `gather` fetches playlists and looks at what they name; `rules` judges what it found, without
//! any I/O. Nothing here is shared with the code that packages: a mistake of the one is no excuse for
//! the other. Whoever has files elsewhere than on the web or on this machine brings a [`Source`].

mod fragment;
mod gather;
mod init;
mod nal;
mod place;
mod presentation;
mod range;
mod report;
mod rules;
mod scan;
mod source;
#[cfg(test)]
mod tests;
mod vtt;

pub use place::Place;
pub use report::{Finding, Judged, Outcome, Report};
pub use source::{Absence, Answer, Content, Source};

use std::fmt;

/// How much of a presentation is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Everything.
    Full,
    /// Playlists, init sections, and the first and last segment of each playlist.
    Quick,
}

/// Why there is no verdict.
#[derive(Debug)]
pub struct NotChecked {
    /// What was being done, and what came of it.
    what: String,
    /// What to do about it, when there is something.
    pub help: Option<String>,
}

impl NotChecked {
    /// What was being done, and what came of it.
    pub fn new(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            help: None,
        }
    }

    /// With what to do about it.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl fmt::Display for NotChecked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for NotChecked {}

/// Reads the presentation whose multivariant playlist is at `place`, and judges it rule by rule.
///
/// # Errors
/// [`NotChecked`] when it cannot be read at all: no such playlist, no access, no network. A file that
/// a playlist names and that is not there is no error but a broken rule.
pub async fn check(place: Place, depth: Depth) -> Result<Report, NotChecked> {
    let (source, entry) = place.open()?;
    let presentation = gather::gather(source.as_ref(), &entry, depth).await?;
    Ok(rules::judge(&presentation))
}
