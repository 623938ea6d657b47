//! The ledger of a game: what was packaged, how, and every object that came of it.
//!
//! It lies beside the master playlist and is written last of all, after the sweep. A game whose ledger
//! agrees with the film, with the wishes and with what lies in the bucket is done. There is no clock in
//! it, so the same work leaves the same bytes (docs/adr/0009).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    bucket::Listing,
    captions::rendition::Caption,
    input::source::Film,
    plan::Wishes,
    publish::film::{Details, Facts},
    publish::upload::Stored,
};

/// Its name, below the game's folder.
pub(crate) const LEDGER: &str = "package.json";

/// The version of the form below. What has another one is not understood, and the game is packaged.
const VERSION: u32 = 1;

/// What `games/{id}/package.json` holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ledger {
    /// The form: 1.
    v: u32,
    /// The game's id.
    pub game: String,
    /// The film.
    pub source: Source,
    /// How it was wished.
    pub wishes: Wishes,
    /// What was done with its streams, in words.
    pub plan: Vec<String>,
    /// Whether only a part of the film could be read.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub salvaged: bool,
    /// Which ffmpeg did it.
    pub ffmpeg: String,
    /// The folder of this packaging, below the game's.
    pub edition: String,
    /// What people say of it: `title`, `date`, `description`, and more.
    #[serde(default, skip_serializing_if = "Details::is_empty")]
    pub details: Details,
    /// What was found out about it; missing in ledgers of before there was a `film.json`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub film: Option<Facts>,
    /// Its captions that have files of their own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub captions: Vec<Caption>,
    /// Every object that belongs to it, by key; the ledger itself is not among them.
    pub objects: Vec<Object>,
    /// Objects of earlier packagings that were left for those who are watching: keys and sizes.
    #[serde(default, skip_serializing_if = "Listing::is_empty")]
    pub kept: BTreeMap<String, u64>,
}

/// The film of a ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Its file's name, without a folder.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// BLAKE3 of all of it, in hexadecimal digits.
    pub blake3: String,
    /// BLAKE3 of its size and of its first, middle and last MiB: read in no time.
    pub quick: String,
}

/// An object of a ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Object {
    /// Its whole key.
    pub key: String,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 in hexadecimal digits.
    pub sha256: String,
}

impl From<&Stored> for Object {
    fn from(stored: &Stored) -> Self {
        Self {
            key: stored.key.clone(),
            bytes: stored.bytes,
            sha256: stored.sha256.clone(),
        }
    }
}

/// What is told of a packaging once it is through.
pub(crate) struct Entry<'a> {
    pub(crate) game: &'a str,
    pub(crate) film: &'a Film,
    pub(crate) blake3: blake3::Hash,
    pub(crate) wishes: Wishes,
    pub(crate) plan: Vec<String>,
    pub(crate) salvaged: bool,
    pub(crate) ffmpeg: &'a str,
    pub(crate) edition: &'a str,
    pub(crate) details: Details,
    pub(crate) facts: Facts,
    pub(crate) captions: Vec<Caption>,
    pub(crate) stored: &'a [Stored],
    pub(crate) kept: Listing,
}

impl Ledger {
    pub(crate) fn new(entry: Entry<'_>) -> Self {
        let ledger = Self {
            v: VERSION,
            game: entry.game.to_owned(),
            source: Source {
                name: entry.film.name.clone(),
                bytes: entry.film.bytes,
                blake3: entry.blake3.to_hex().to_string(),
                quick: entry.film.quick.to_hex().to_string(),
            },
            wishes: entry.wishes,
            plan: entry.plan,
            salvaged: entry.salvaged,
            ffmpeg: entry.ffmpeg.to_owned(),
            edition: entry.edition.to_owned(),
            details: entry.details,
            film: Some(entry.facts),
            captions: entry.captions,
            objects: Vec::new(),
            kept: Listing::new(),
        };
        ledger.with(entry.stored, entry.kept)
    }

    /// The same with these objects and no others, and with what was kept.
    pub(crate) fn with(mut self, stored: &[Stored], kept: Listing) -> Self {
        self.objects = stored.iter().map(Object::from).collect();
        self.objects.sort_by(|one, other| one.key.cmp(&other.key));
        self.kept = kept;
        self
    }

    /// Whether the file `name` below the game's folder is one of its objects.
    pub(crate) fn has(&self, name: &str) -> bool {
        let key = format!("games/{}/{name}", self.game);
        self.objects.iter().any(|object| object.key == key)
    }

    /// Bytes of what lies in folders of its own, which is the media.
    pub(crate) fn media_bytes(&self) -> u64 {
        let prefix = format!("games/{}/", self.game);
        let is_media = |object: &&Object| {
            let name = object.key.strip_prefix(&prefix);
            name.is_some_and(|name| name.contains('/'))
        };
        let media = self.objects.iter().filter(is_media);
        media.map(|object| object.bytes).sum()
    }

    /// Reads what lies in a bucket; `None` when it is no ledger, or one of another version.
    pub(crate) fn read(text: &[u8]) -> Option<Self> {
        let ledger: Self = serde_json::from_slice(text).ok()?;
        (ledger.v == VERSION).then_some(ledger)
    }

    /// As it lies in the bucket: for people to read too.
    pub(crate) fn to_json(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut text = serde_json::to_vec_pretty(self)?;
        text.push(b'\n');
        Ok(text)
    }

    /// Whether this film, wished so, is what lies in the bucket. A newer ffmpeg, or a newer reelgate,
    /// alone is no reason to do an archive again.
    pub(crate) fn covers(&self, film: &Film, wishes: Wishes, there: &Listing) -> bool {
        let is_there = |object: &Object| there.get(&object.key) == Some(&object.bytes);
        self.wishes == wishes
            && self.source.bytes == film.bytes
            && self.source.quick == film.quick.to_hex().as_str()
            && self.objects.iter().all(is_there)
    }

    /// Every object that it knows.
    pub(crate) fn known(&self) -> Listing {
        let objects = self.objects.iter();
        let objects = objects.map(|object| (object.key.clone(), object.bytes));
        objects.chain(self.kept.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn film() -> Film {
        Film {
            name: "final.mp4".to_owned(),
            bytes: 9,
            quick: blake3::hash(b"quick"),
        }
    }

    fn ledger() -> Ledger {
        let stored = |name: &str, bytes| Stored {
            key: format!("games/7/{name}"),
            bytes,
            sha256: "00".to_owned(),
            was_there: false,
        };
        Ledger::new(Entry {
            game: "7",
            film: &film(),
            blake3: blake3::hash(b"all"),
            wishes: Wishes::default(),
            plan: vec!["video: copied".to_owned()],
            salvaged: false,
            ffmpeg: "5.1.9",
            edition: "v0123456789",
            details: Details::new(),
            facts: Facts::default(),
            captions: Vec::new(),
            stored: &[stored("v0123456789/init.mp4", 3), stored("master.m3u8", 5)],
            kept: Listing::new(),
        })
    }

    fn listing() -> Listing {
        let objects = ledger().objects.into_iter();
        objects.map(|object| (object.key, object.bytes)).collect()
    }

    #[test]
    fn a_ledger_is_read_as_it_was_written_and_has_no_clock() {
        let text = ledger().to_json().unwrap();
        assert_eq!(Ledger::read(&text), Some(ledger()));
        assert_eq!(text, ledger().to_json().unwrap());
        let newer = String::from_utf8(text)
            .unwrap()
            .replace("\"v\": 1", "\"v\": 2");
        assert_eq!(Ledger::read(newer.as_bytes()), None);
        assert_eq!(Ledger::read(b"nonsense"), None);
    }

    #[test]
    fn a_game_is_done_when_film_wishes_and_objects_are_the_same() {
        let wishes = Wishes::default();
        assert!(ledger().covers(&film(), wishes, &listing()));
        let other_wishes = Wishes {
            segment_seconds: 4.0,
            ..wishes
        };
        assert!(!ledger().covers(&film(), other_wishes, &listing()));
        let longer = Film {
            bytes: 10,
            ..film()
        };
        assert!(!ledger().covers(&longer, wishes, &listing()));
        let other = Film {
            quick: blake3::hash(b"another"),
            ..film()
        };
        assert!(!ledger().covers(&other, wishes, &listing()));
        let mut cut_short = listing();
        cut_short.insert("games/7/master.m3u8".to_owned(), 4);
        assert!(!ledger().covers(&film(), wishes, &cut_short));
        let mut lost = listing();
        lost.remove("games/7/v0123456789/init.mp4");
        assert!(!ledger().covers(&film(), wishes, &lost));
    }
}
