//! Changes to what is published, without packaging again: captions, and what is said of a film.
//!
//! The order is that of a packaging. New objects have names of their own and go up first; then
//! `film.json`, then the multivariant playlists, `master.m3u8` last; then what is not used any more
//! goes; and the ledger is written last of all.

use m3u8_rs::{AlternativeMediaType, MasterPlaylist};

use crate::{
    Caption, Error, Label,
    captions::{
        rendition::{Given, Rendition, announce, arrange},
        segments::Timeline,
    },
    hls::presentation::{FILM_MASTER, MASTER},
    publish::film::{Details, FILM, Facts, FilmDocument, merged},
    publish::ledger::{Ledger, Object},
    publish::upload::{Stored, Upload, prefix},
};

/// What is to change.
pub(crate) struct Change {
    /// Captions that take the place of those with the same language and kind.
    pub(crate) add: Vec<Given>,
    /// Captions that go.
    pub(crate) remove: Vec<Label>,
    /// What is said of the film.
    pub(crate) details: Details,
}

/// What has changed.
pub(crate) struct Revised {
    /// The ledger as it is in the bucket now.
    pub(crate) ledger: Ledger,
    /// Objects that were removed.
    pub(crate) removed: usize,
    /// What a person should know.
    pub(crate) warnings: Vec<String>,
}

/// Changes the game that `ledger` tells of; `None` when all is so already.
///
/// # Errors
/// When the bucket refuses, or does not hold what the ledger says.
pub(crate) async fn revise(
    upload: &Upload<'_>,
    ledger: &Ledger,
    change: Change,
    keep_old: bool,
) -> Result<Option<Revised>, Error> {
    let details = merged(&ledger.details, &change.details);
    let mut captions = ledger.captions.clone();
    let goes = |caption: &Caption| {
        let label = caption.label();
        let mut new = change.add.iter().map(|given| &given.label);
        change.remove.iter().any(|gone| gone.is_same(&label)) || new.any(|it| it.is_same(&label))
    };
    captions.retain(|caption| !goes(caption));
    let is_same = change.add.is_empty()
        && captions == ledger.captions
        && details == ledger.details
        && ledger.has(FILM);
    if is_same {
        return Ok(None);
    }
    let published = Playlists::read(upload, ledger).await?;
    let mut new = ledger.clone();
    new.film = Some(ledger.film.clone().unwrap_or_else(|| published.facts()));
    new.details = details;
    let begins_at = new.film.as_ref().map_or(0.0, |facts| facts.begins_at);
    let timeline = published.timeline(begins_at);
    let renditions = change.add.into_iter();
    let renditions = renditions.map(|given| Rendition::new(given, &timeline));
    let renditions: Vec<Rendition> = renditions.collect();
    let mut stored = Vec::new();
    for rendition in &renditions {
        for (name, content) in &rendition.files {
            let folder = &rendition.caption.folder;
            stored.push(upload.put_in(folder, name, vec![content.clone()]).await?);
        }
    }
    upload.verify(&stored).await?;
    captions.extend(renditions.iter().map(|rendition| rendition.caption.clone()));
    arrange(&mut captions);
    new.captions = captions;
    let gone = replace(&mut new, ledger, &stored);
    let document = FilmDocument::new(&new).to_json().map_err(unwritable)?;
    let mut beside = vec![upload.publish(FILM, document.into()).await?];
    for (name, text) in &published.masters {
        let text = announce(text, &new.captions);
        beside.push(upload.publish(name, text.into()).await?);
    }
    let so_far = new.clone();
    replace(&mut new, &so_far, &beside);
    let mut removed = 0;
    let known = gone.iter().map(|object| (object.key.clone(), object.bytes));
    if keep_old {
        new.kept.extend(known);
    } else if !gone.is_empty() {
        removed = upload
            .bucket
            .delete(known.map(|(key, _)| key).collect())
            .await?;
    }
    upload.record(&new).await?;
    Ok(Some(Revised {
        ledger: new,
        removed,
        warnings: renditions.iter().filter_map(beyond).collect(),
    }))
}

/// Puts the objects that were stored in the place of others with their keys; gives those of `former`
/// that belong to captions that are gone.
fn replace(new: &mut Ledger, former: &Ledger, stored: &[Stored]) -> Vec<Object> {
    let folder = |caption: &Caption| format!("games/{}/{}/", former.game, caption.folder);
    let gone = former.captions.iter().map(folder);
    let used: Vec<String> = new.captions.iter().map(folder).collect();
    let gone: Vec<String> = gone.filter(|folder| !used.contains(folder)).collect();
    let is_gone = |object: &Object| gone.iter().any(|folder| object.key.starts_with(folder));
    let is_new = |object: &Object| stored.iter().any(|it| it.key == object.key);
    let (unused, used): (Vec<Object>, Vec<Object>) =
        former.objects.iter().cloned().partition(is_gone);
    let mut objects: Vec<Object> = used.into_iter().filter(|it| !is_new(it)).collect();
    objects.extend(stored.iter().map(Object::from));
    objects.sort_by(|one, other| one.key.cmp(&other.key));
    objects.dedup_by(|one, other| one.key == other.key);
    new.objects = objects;
    unused
}

/// Captions that go on when the film is over are more likely than not those of another one.
pub(crate) fn beyond(rendition: &Rendition) -> Option<String> {
    let Rendition {
        beyond, caption, ..
    } = rendition;
    (*beyond > 0).then(|| {
        format!(
            "{beyond} cues of {} ({}) begin when the film is over",
            caption.source,
            caption.label()
        )
    })
}

fn unwritable(error: serde_json::Error) -> Error {
    Error::Output(error.to_string())
}

/// The multivariant playlists of a game, and the first playlist they name.
struct Playlists {
    /// Names and texts; `master.m3u8` last.
    masters: Vec<(&'static str, String)>,
    master: MasterPlaylist,
    seconds: Vec<f64>,
    target: u64,
}

impl Playlists {
    async fn read(upload: &Upload<'_>, ledger: &Ledger) -> Result<Self, Error> {
        let prefix = prefix(upload.game);
        let missing = |name: &str| {
            Error::NotPublished(format!("{prefix}{name} is not there, or is no playlist"))
        };
        let mut masters = Vec::new();
        for name in [FILM_MASTER, MASTER] {
            if !ledger.has(name) {
                continue;
            }
            let text = upload.bucket.get(&format!("{prefix}{name}")).await?;
            let text = text.and_then(|text| String::from_utf8(text.into()).ok());
            masters.push((name, text.ok_or_else(|| missing(name))?));
        }
        let (_, text) = masters.last().ok_or_else(|| missing(MASTER))?;
        let master = m3u8_rs::parse_master_playlist_res(text.as_bytes());
        let master = master.map_err(|_| missing(MASTER))?;
        let first = master.variants.iter().find(|variant| !variant.is_i_frame);
        let uri = first.map(|variant| variant.uri.clone());
        let uri = uri.ok_or_else(|| missing(MASTER))?;
        let text = upload.bucket.get(&format!("{prefix}{uri}")).await?;
        let text = text.ok_or_else(|| missing(&uri))?;
        let media = m3u8_rs::parse_media_playlist_res(&text).map_err(|_| missing(&uri))?;
        let seconds = media.segments.iter().map(|it| f64::from(it.duration));
        Ok(Self {
            masters,
            master,
            seconds: seconds.collect(),
            target: media.target_duration,
        })
    }

    fn timeline(&self, begins_at: f64) -> Timeline {
        Timeline::new(self.seconds.iter().copied(), self.target, begins_at)
    }

    /// What playlists say of a film whose ledger is older than these facts.
    fn facts(&self) -> Facts {
        let seconds = self.timeline(0.0).total();
        let sizes = self.master.variants.iter().filter_map(|it| it.resolution);
        let largest = sizes
            .max_by_key(|size| size.height)
            .map(|it| (it.width, it.height));
        let sounds = self.master.alternatives.iter();
        let sounds = sounds.filter(|it| it.media_type == AlternativeMediaType::Audio);
        let mut languages: Vec<String> = Vec::new();
        for language in sounds.filter_map(|it| it.language.clone()) {
            if language != "und" && !languages.contains(&language) {
                languages.push(language);
            }
        }
        Facts {
            duration_seconds: (seconds * 1000.0).round() / 1000.0,
            resolution: largest.unwrap_or_default(),
            languages,
            ..Facts::default()
        }
    }
}
