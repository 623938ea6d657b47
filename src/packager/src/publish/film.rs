//! `games/{id}/film.json`: what a portal needs to know of a film, in one document.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    captions::{label::Kind, rendition::Caption},
    input::chapters::Chapter,
    publish::ledger::Ledger,
};

/// Its name, below the game's folder.
pub(crate) const FILM: &str = "film.json";

/// The file of chapters, below an edition's folder.
pub(crate) const CHAPTERS: &str = "chapters.vtt";

/// What people say of a film, by the names of a list's columns: `title`, `date`, `description`, and
/// whatever else a portal shows.
pub type Details = BTreeMap<String, String>;

/// Details that stand in the document by their own names.
pub(crate) const OWN_NAMES: [&str; 3] = ["title", "date", "description"];

/// What was found out about a film when it was packaged.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// Seconds, to the millisecond.
    pub duration_seconds: f64,
    /// Width and height.
    pub resolution: (u64, u64),
    /// What is spoken, as RFC 5646 has it, each language once.
    #[serde(default)]
    pub languages: Vec<String>,
    /// When, by the clock of its media, the film begins, in seconds.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub begins_at: f64,
    /// Its chapters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chapters: Vec<Chapter>,
    /// Channels of captions in the picture: `CC1`, `SERVICE1`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub closed_captions: Vec<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it so")]
fn is_zero(number: &f64) -> bool {
    *number == 0.0
}

/// The document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FilmDocument {
    /// The game's id.
    pub id: String,
    /// What the film is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// As it was given: `2025-10-09`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// Some lines about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// All other columns of the list.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: Details,
    /// Seconds, to the millisecond.
    pub duration_seconds: f64,
    /// Bytes of all its media.
    pub bytes: u64,
    /// Width and height.
    pub resolution: (u64, u64),
    /// What is spoken.
    pub languages: Vec<String>,
    /// Captions that have files of their own.
    pub captions: Vec<FilmCaption>,
    /// Channels of captions in the picture.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub closed_captions: Vec<String>,
    /// The chapters as WebVTT. Addresses are relative to this document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chapters: Option<String>,
    /// The picture that stands for the film.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub poster: Option<String>,
    /// The track of thumbnails.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thumbnails: Option<String>,
}

/// Captions in the document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilmCaption {
    /// As RFC 5646 has it; `und` where it is not known.
    pub language: String,
    /// What a viewer chooses by.
    pub name: String,
    /// What they are for.
    pub kind: Kind,
    /// All of them as WebVTT.
    pub url: String,
}

impl FilmDocument {
    /// The document of the film that `ledger` tells of.
    pub(crate) fn new(ledger: &Ledger) -> Self {
        let facts = ledger.film.clone().unwrap_or_default();
        let mut fields = ledger.details.clone();
        let [title, date, description] = OWN_NAMES.map(|name| fields.remove(name));
        let has = |name: &str| ledger.has(name).then(|| name.to_owned());
        Self {
            id: ledger.game.clone(),
            title,
            date,
            description,
            fields,
            duration_seconds: facts.duration_seconds,
            bytes: ledger.media_bytes(),
            resolution: facts.resolution,
            languages: facts.languages,
            captions: ledger.captions.iter().map(caption).collect(),
            closed_captions: facts.closed_captions,
            chapters: has(&format!("{}/{CHAPTERS}", ledger.edition)),
            poster: has("poster.jpg"),
            thumbnails: has("thumbnails.vtt"),
        }
    }

    /// As it lies in the bucket.
    pub(crate) fn to_json(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut text = serde_json::to_vec_pretty(self)?;
        text.push(b'\n');
        Ok(text)
    }
}

fn caption(caption: &Caption) -> FilmCaption {
    FilmCaption {
        language: caption.language.clone(),
        name: caption.name.clone(),
        kind: caption.kind,
        url: caption.whole(),
    }
}

/// What is said of a film when `given` has been said of it, too: an empty text takes a detail back.
pub(crate) fn merged(former: &Details, given: &Details) -> Details {
    let mut details = former.clone();
    for (name, text) in given {
        match text.trim() {
            "" => details.remove(name),
            text => details.insert(name.clone(), text.to_owned()),
        };
    }
    details
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_said_again_stays_and_nothing_takes_it_back() {
        let of = |pairs: &[(&str, &str)]| -> Details {
            let pairs = pairs.iter();
            pairs
                .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
                .collect()
        };
        let former = of(&[("title", "Final"), ("date", "2025-10-09"), ("team", "A")]);
        let given = of(&[("title", " The final "), ("team", "")]);
        let expected = of(&[("date", "2025-10-09"), ("title", "The final")]);
        assert_eq!(merged(&former, &given), expected);
        assert_eq!(merged(&former, &Details::new()), former);
    }
}
