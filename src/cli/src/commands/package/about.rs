//! What is told of one film: its captions, and text for portals.

use std::path::PathBuf;

use reelgate_packager::{About, CaptionFiles, Details, Label};

use super::values;

/// Options that a list has columns for.
#[derive(clap::Args)]
#[group(
    id = "about",
    multiple = true,
    requires = "source",
    conflicts_with = "batch"
)]
pub(super) struct AboutArgs {
    /// Captions of the film, once for each language: en=film.srt, de.forced=signs.vtt, en.sdh=all.srt;
    /// none for none [default: files beside the film that are named after it, as film.en.srt]
    #[arg(long, value_name = "LANGUAGE=FILE", value_parser = values::captions_or_none)]
    captions: Vec<Option<(Label, PathBuf)>>,
    /// What portals call the film; an empty text takes it back
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    /// The day that portals name: 2025-10-09
    #[arg(long, value_name = "TEXT")]
    date: Option<String>,
    /// What portals say about the film
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
}

impl AboutArgs {
    pub(super) fn about(&self) -> About {
        let told = [
            ("title", &self.title),
            ("date", &self.date),
            ("description", &self.description),
        ];
        let told = told.into_iter();
        let details: Details = told
            .filter_map(|(name, text)| Some((name.to_owned(), text.clone()?)))
            .collect();
        let captions = match self.captions.as_slice() {
            [] => CaptionFiles::Beside,
            named => CaptionFiles::Named(named.iter().flatten().cloned().collect()),
        };
        About { details, captions }
    }
}
