//! Whether files are there, and how they are delivered.

use std::collections::BTreeSet;

use crate::{
    fragment::{File, Format},
    presentation::{Fetched, Media, Presentation},
    report::Verdict,
    source::Absence,
};

/// rfc8216bis §4: what a playlist is delivered as.
const PLAYLIST: [&str; 2] = ["application/vnd.apple.mpegurl", "audio/mpegurl"];
const INIT: [&str; 2] = ["video/mp4", "audio/mp4"];
const TRANSPORT_STREAM: [&str; 1] = ["video/mp2t"];
const PACKED_AUDIO: [&str; 4] = ["audio/aac", "audio/mpeg", "audio/ac3", "audio/eac3"];
const TEXT: [&str; 1] = ["text/vtt"];
const SEGMENT: [&str; 3] = ["video/iso.segment", "video/mp4", "audio/mp4"];

/// A file that was asked for.
struct Asked<'a> {
    url: &'a str,
    /// The types it may have; the first is the best.
    may_be: &'static [&'static str],
    /// Whether it is whole.
    fetched: Fetched<bool>,
}

fn all(presentation: &Presentation) -> impl Iterator<Item = Asked<'_>> {
    let playlists = presentation.playlists.iter().map(|media| Asked {
        url: &media.url,
        may_be: &PLAYLIST,
        fetched: told(&media.fetched, |_| true),
    });
    let inits = presentation.inits.iter().map(|(url, init)| Asked {
        url,
        may_be: &INIT,
        fetched: told(init, |_| true),
    });
    let files = presentation.files.iter().map(|(url, file)| Asked {
        url,
        may_be: types_of(file),
        fetched: told(file, |file| file.is_whole),
    });
    let texts = presentation.texts.iter().map(|(url, text)| Asked {
        url,
        may_be: &TEXT,
        fetched: told(text, |_| true),
    });
    playlists.chain(inits).chain(files).chain(texts)
}

fn types_of(file: &Fetched<File>) -> &'static [&'static str] {
    match file.it().map(|file| file.format) {
        Some(Format::TransportStream) => &TRANSPORT_STREAM,
        Some(Format::PackedAudio) => &PACKED_AUDIO,
        Some(Format::Fragments) | None => &SEGMENT,
    }
}

fn told<T>(fetched: &Fetched<T>, is_whole: impl Fn(&T) -> bool) -> Fetched<bool> {
    match fetched {
        Fetched::Here { it, content_type } => Fetched::Here {
            it: is_whole(it),
            content_type: content_type.clone(),
        },
        Fetched::Absent(absence) => Fetched::Absent(absence.clone()),
        Fetched::Unreadable(why) => Fetched::Unreadable(why.clone()),
    }
}

/// The playlist that names the file, and the file's own name.
fn name(presentation: &Presentation, url: &str) -> String {
    let names = |media: &&Media| {
        let mut segments = media.segments().iter();
        segments.any(|it| it.file == url || it.init.as_deref() == Some(url))
    };
    let mut playlists = presentation.playlists.iter();
    if let Some(media) = playlists.clone().find(|media| media.url == url) {
        return media.name.clone();
    }
    let path = url.split('?').next().unwrap_or(url);
    let file = path.rsplit('/').next().unwrap_or(path);
    match playlists.find(names) {
        Some(media) => format!("{} {file}", media.name),
        None => file.to_owned(),
    }
}

/// HLS 3.
pub(super) fn there(presentation: &Presentation, verdict: &mut Verdict) {
    for Asked { url, fetched, .. } in all(presentation) {
        let what = match fetched {
            Fetched::Absent(Absence::NotFound) => "is not there".to_owned(),
            Fetched::Unreadable(why) => why,
            Fetched::Here { it: false, .. } => "ends in the middle of a box".to_owned(),
            Fetched::Here { .. } | Fetched::Absent(Absence::Redirected(_)) => continue,
        };
        verdict.fail(name(presentation, url), what);
    }
}

/// 8.18.
pub(super) fn redirects(presentation: &Presentation, verdict: &mut Verdict) {
    for Asked { url, fetched, .. } in all(presentation) {
        if let Fetched::Absent(Absence::Redirected(to)) = fetched {
            verdict.fail(name(presentation, url), format!("is redirected to {to}"));
        }
    }
}

/// 10.4.
pub(super) fn types(presentation: &Presentation, verdict: &mut Verdict) {
    let Some(master) = &presentation.content_type else {
        verdict.not_checked("files of a folder have no types");
        return;
    };
    if let Some(what) = odd_type(Some(master), &PLAYLIST) {
        verdict.warn(&presentation.name, what);
    }
    for Asked {
        url,
        may_be,
        fetched,
    } in all(presentation)
    {
        if let Fetched::Here { content_type, .. } = &fetched
            && let Some(what) = odd_type(content_type.as_deref(), may_be)
        {
            verdict.warn(name(presentation, url), what);
        }
    }
}

fn odd_type(told: Option<&str>, may_be: &[&str]) -> Option<String> {
    let told = told.unwrap_or("none");
    let essence = told.split(';').next().unwrap_or(told).trim();
    let is_right = may_be.iter().any(|it| it.eq_ignore_ascii_case(essence));
    (!is_right).then(|| format!("the type is {told}, not {}", may_be[0]))
}

/// HLS 6.2.1.
pub(super) fn twice(presentation: &Presentation, verdict: &mut Verdict) {
    for media in &presentation.playlists {
        let mut seen = BTreeSet::new();
        for segment in media.segments() {
            let start = segment.range.as_ref().map(|range| range.start);
            if !seen.insert((&segment.file, start)) {
                verdict.fail(media.at(segment), "is named twice");
            }
        }
    }
}
