//! Captions as they lie in the bucket: a folder that is named after what is in it.

use bytes::Bytes;
use m3u8_rs::{AlternativeMedia, AlternativeMediaType};
use serde::{Deserialize, Serialize};

use super::{
    cue::Track,
    label::{Kind, Label},
    segments::{self, PLAYLIST, Timeline, WHOLE},
};

/// Letters of the hash that are used, as for an edition.
const LETTERS: usize = 10;

/// The group of all captions.
const GROUP: &str = "subtitles";

/// What Apple's authoring specification for HLS wants of captions for those who do not hear.
const FOR_THE_DEAF: &str =
    "public.accessibility.transcribes-spoken-dialog,public.accessibility.describes-music-and-sound";

/// Where captions come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// A stream of the film.
    Film,
    /// A file beside the film, or one that was named with it.
    Beside,
    /// Added to what had been published.
    Added,
}

/// Captions of a game that can be watched: what its ledger keeps of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caption {
    /// As RFC 5646 has it; `und` where it is not known.
    pub language: String,
    /// What they are for.
    pub kind: Kind,
    /// What a viewer chooses by.
    pub name: String,
    /// Whether they are shown unless the viewer chooses others.
    #[serde(default)]
    pub default: bool,
    /// Where they come from.
    pub from: Origin,
    /// The file or the stream.
    pub source: String,
    /// BLAKE3 of that file, in hexadecimal digits.
    pub blake3: String,
    /// Their folder, below the game's.
    pub folder: String,
}

impl Caption {
    /// Language and kind.
    pub fn label(&self) -> Label {
        Label {
            language: self.language.clone(),
            kind: self.kind,
            is_default: self.default,
        }
    }

    /// Their playlist, below the game's folder.
    pub fn playlist(&self) -> String {
        format!("{}/{PLAYLIST}", self.folder)
    }

    /// All of them in one file of WebVTT, below the game's folder.
    pub fn whole(&self) -> String {
        format!("{}/{WHOLE}", self.folder)
    }

    fn order(&self) -> (&str, Kind, &str) {
        (&self.language, self.kind, &self.name)
    }
}

/// Captions that have been read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Given {
    pub(crate) label: Label,
    /// The title of a stream.
    pub(crate) title: Option<String>,
    pub(crate) from: Origin,
    pub(crate) source: String,
    /// Of the file they were read from.
    pub(crate) blake3: String,
    pub(crate) track: Track,
}

/// Captions, cut, and named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rendition {
    pub(crate) caption: Caption,
    /// Names below the caption's folder; the playlist last.
    pub(crate) files: Vec<(String, Bytes)>,
    /// Cues that begin when the film is over.
    pub(crate) beyond: usize,
}

impl Rendition {
    /// Cuts captions along a film.
    pub(crate) fn new(given: Given, timeline: &Timeline) -> Self {
        let files = segments::cut(&given.track, timeline);
        let mut hasher = blake3::Hasher::new();
        for (name, content) in &files {
            hasher.update(name.as_bytes()).update(b"\0");
            hasher.update(blake3::hash(content).as_bytes());
        }
        let folder = format!("c{}", &hasher.finalize().to_hex()[..LETTERS]);
        Self {
            beyond: segments::beyond(&given.track, timeline),
            caption: Caption {
                name: given.label.name(given.title.as_deref()),
                language: given.label.language,
                kind: given.label.kind,
                default: given.label.is_default,
                from: given.from,
                source: given.source,
                blake3: given.blake3,
                folder,
            },
            files,
        }
    }
}

/// Whether `folder` is named as one of captions is.
pub(crate) fn is_folder(folder: &str) -> bool {
    let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    folder
        .strip_prefix('c')
        .is_some_and(|hash| hash.len() == LETTERS && hash.bytes().all(is_hex))
}

/// Puts captions into the order of the playlists, with names that differ, and one at most that is
/// shown unasked (rfc8216bis §4.4.6.1.1).
pub(crate) fn arrange(captions: &mut [Caption]) {
    captions.sort_by(|one, other| one.order().cmp(&other.order()));
    let mut names: Vec<String> = Vec::new();
    let mut has_default = false;
    for caption in captions {
        let wished = caption.name.clone();
        let mut number = 2;
        while names.contains(&caption.name) {
            caption.name = format!("{wished} ({number})");
            number += 1;
        }
        names.push(caption.name.clone());
        caption.default &= !has_default;
        has_default |= caption.default;
    }
}

/// The multivariant playlist `master` with these captions, and no others.
pub(crate) fn announce(master: &str, captions: &[Caption]) -> String {
    const STREAM: &str = "#EXT-X-STREAM-INF:";
    let mut text = String::with_capacity(master.len() + 200 * captions.len());
    let mut tags = Some(tags(captions));
    let of_others = master
        .lines()
        .filter(|line| !(line.starts_with("#EXT-X-MEDIA:") && line.contains("TYPE=SUBTITLES")));
    for line in of_others {
        let is_stream = line.starts_with(STREAM);
        if let Some(tags) = tags.take_if(|_| is_stream) {
            text.push_str(&tags);
        }
        let line = if is_stream {
            without_group(line)
        } else {
            line.to_owned()
        };
        text.push_str(&line);
        if is_stream && !captions.is_empty() {
            text.push_str(&format!(",SUBTITLES=\"{GROUP}\""));
        }
        text.push('\n');
    }
    text
}

/// A tag without its attribute SUBTITLES.
fn without_group(line: &str) -> String {
    const ATTRIBUTE: &str = ",SUBTITLES=\"";
    let Some((before, after)) = line.split_once(ATTRIBUTE) else {
        return line.to_owned();
    };
    let after = after.split_once('"').map_or("", |(_, after)| after);
    format!("{before}{after}")
}

fn tags(captions: &[Caption]) -> String {
    let playlist = m3u8_rs::MasterPlaylist {
        alternatives: captions
            .iter()
            .enumerate()
            .map(|(at, it)| tag(it, &captions[..at]))
            .collect(),
        ..Default::default()
    };
    let mut out = Vec::new();
    // Memory takes all that is written to it.
    let _ = playlist.write_to(&mut out);
    let text = String::from_utf8_lossy(&out);
    let tags = text.lines().filter(|line| line.starts_with("#EXT-X-MEDIA"));
    tags.map(|line| format!("{line}\n")).collect()
}

/// Of those that a player could not tell apart the first is chosen without asking.
fn tag(caption: &Caption, before: &[Caption]) -> AlternativeMedia {
    let label = caption.label();
    let is_first = !before.iter().any(|other| other.label().is_same(&label));
    AlternativeMedia {
        media_type: AlternativeMediaType::Subtitles,
        uri: Some(caption.playlist()),
        group_id: GROUP.to_owned(),
        language: Some(caption.language.clone()),
        name: caption.name.clone(),
        default: caption.default,
        // What is shown unasked has to be choosable so (§4.4.6.1).
        autoselect: is_first || caption.default,
        forced: caption.kind == Kind::Forced,
        characteristics: (caption.kind == Kind::Sdh).then(|| FOR_THE_DEAF.to_owned()),
        ..Default::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caption(language: &str, kind: Kind, name: &str) -> Caption {
        Caption {
            language: language.to_owned(),
            kind,
            name: name.to_owned(),
            default: false,
            from: Origin::Added,
            source: "a.srt".to_owned(),
            blake3: String::new(),
            folder: "c0123456789".to_owned(),
        }
    }

    const MASTER: &str = "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-STREAM-INF:BANDWIDTH=1,CLOSED-CAPTIONS=NONE\nv/video.m3u8\n\
                          #EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1,URI=\"v/iframes.m3u8\"\n";

    #[test]
    fn captions_are_a_group_that_every_variant_has() {
        let mut captions = [
            caption("en", Kind::Forced, "English (forced)"),
            caption("en", Kind::Subtitles, "English"),
            caption("de", Kind::Sdh, "Deutsch (SDH)"),
            caption("en", Kind::Subtitles, "English"),
        ];
        arrange(&mut captions);
        let announced = announce(MASTER, &captions);
        let uri = "URI=\"c0123456789/captions.m3u8\",GROUP-ID=\"subtitles\"";
        assert_eq!(
            announced,
            format!(
                "#EXTM3U\n#EXT-X-VERSION:6\n\
                 #EXT-X-MEDIA:TYPE=SUBTITLES,{uri},LANGUAGE=\"de\",NAME=\"Deutsch (SDH)\",AUTOSELECT=YES,CHARACTERISTICS=\"{FOR_THE_DEAF}\"\n\
                 #EXT-X-MEDIA:TYPE=SUBTITLES,{uri},LANGUAGE=\"en\",NAME=\"English\",AUTOSELECT=YES\n\
                 #EXT-X-MEDIA:TYPE=SUBTITLES,{uri},LANGUAGE=\"en\",NAME=\"English (2)\"\n\
                 #EXT-X-MEDIA:TYPE=SUBTITLES,{uri},LANGUAGE=\"en\",NAME=\"English (forced)\",AUTOSELECT=YES,FORCED=YES\n\
                 #EXT-X-STREAM-INF:BANDWIDTH=1,CLOSED-CAPTIONS=NONE,SUBTITLES=\"subtitles\"\nv/video.m3u8\n\
                 #EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1,URI=\"v/iframes.m3u8\"\n"
            )
        );
        assert_eq!(announce(&announced, &captions), announced);
        assert_eq!(announce(&announced, &[]), MASTER);
    }
}
