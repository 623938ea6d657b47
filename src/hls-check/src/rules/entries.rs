//! What the multivariant playlist says of each variant.

use m3u8_rs::VariantStream;

use crate::{
    init::{Init, Kind, Track},
    presentation::{Media, Presentation},
    report::Verdict,
};

/// How far a measured frame rate may be above the one that is told, as a part of it.
const FRAME_RATE_SLACK: f64 = 0.01;

/// Names of AAC that stand for decoders which play each other's streams: whether the sound has more
/// than its core says is written in the sound itself (ISO/IEC 14496-3 §1.6.5).
const AAC: [&str; 3] = ["mp4a.40.2", "mp4a.40.5", "mp4a.40.29"];

/// First letters of formats of sound in CODECS.
const SOUND: [&str; 6] = ["mp4a", "ac-3", "ec-3", "opus", "flac", "alac"];

/// Subtitles in WebVTT have no init section to name them.
const SUBTITLES: &str = "wvtt";

fn entries(presentation: &Presentation, iframes: bool) -> impl Iterator<Item = &VariantStream> {
    let variants = presentation.master.variants.iter();
    variants.filter(move |variant| variant.is_i_frame == iframes)
}

/// Variants and I-frames without something.
fn lack(
    presentation: &Presentation,
    verdict: &mut Verdict,
    iframes: bool,
    name: &str,
    has: fn(&VariantStream) -> bool,
) {
    for entry in entries(presentation, iframes).filter(|entry| !has(entry)) {
        verdict.fail(&entry.uri, format!("has no {name}"));
    }
}

/// 9.1.
pub(super) fn codecs(presentation: &Presentation, verdict: &mut Verdict) {
    lack(presentation, verdict, false, "CODECS", |it| {
        it.codecs.is_some()
    });
}

/// 9.2.
pub(super) fn resolution(presentation: &Presentation, verdict: &mut Verdict) {
    lack_of_picture(presentation, verdict, "RESOLUTION", |it| {
        it.resolution.is_some()
    });
}

/// 9.3.
pub(super) fn iframe_codecs(presentation: &Presentation, verdict: &mut Verdict) {
    lack(presentation, verdict, true, "CODECS", |it| {
        it.codecs.is_some()
    });
}

/// 9.4.
pub(super) fn iframe_resolution(presentation: &Presentation, verdict: &mut Verdict) {
    lack(presentation, verdict, true, "RESOLUTION", |it| {
        it.resolution.is_some()
    });
}

/// 9.14.
pub(super) fn average_bandwidth(presentation: &Presentation, verdict: &mut Verdict) {
    lack(presentation, verdict, false, "AVERAGE-BANDWIDTH", |it| {
        it.average_bandwidth.is_some()
    });
}

/// 9.15.
pub(super) fn frame_rate(presentation: &Presentation, verdict: &mut Verdict) {
    lack_of_picture(presentation, verdict, "FRAME-RATE", |it| {
        it.frame_rate.is_some()
    });
}

/// Why no variant has a picture, where none has.
pub(super) fn no_picture(presentation: &Presentation) -> Option<&'static str> {
    let has_picture = entries(presentation, false).any(|entry| may_show(presentation, entry));
    (!has_picture).then_some("there is no picture")
}

/// Whether a variant has a picture; where its media is not read here, by what CODECS says.
fn may_show(presentation: &Presentation, entry: &VariantStream) -> bool {
    let media = presentation.media(&entry.uri);
    if let Some(init) = media.and_then(|media| presentation.init_of(media)) {
        return init.first(Kind::Video).is_some();
    }
    let mut codecs = entry.codecs.iter().flat_map(|codecs| codecs.split(','));
    let is_sound = |name: &str| {
        let name = name.trim().to_ascii_lowercase();
        SOUND.contains(&name.split('.').next().unwrap_or_default())
    };
    entry.resolution.is_some() || entry.codecs.is_none() || codecs.any(|name| !is_sound(name))
}

/// As [`lack`], for what a variant of sound alone need not have.
fn lack_of_picture(
    presentation: &Presentation,
    verdict: &mut Verdict,
    name: &str,
    has: fn(&VariantStream) -> bool,
) {
    for entry in entries(presentation, false).filter(|entry| !has(entry)) {
        if may_show(presentation, entry) {
            verdict.fail(&entry.uri, format!("has no {name}"));
        }
    }
}

/// rfc8216bis §4.4.6.2: CODECS names every format of the presentation, RESOLUTION and FRAME-RATE are
/// those of the picture.
pub(super) fn as_measured(presentation: &Presentation, verdict: &mut Verdict) {
    for entry in &presentation.master.variants {
        let Some(media) = presentation.media(&entry.uri) else {
            continue;
        };
        let Some(init) = presentation.init_of(media) else {
            continue;
        };
        let picture = init.first(Kind::Video);
        if let Some(told) = &entry.codecs {
            let found = formats(presentation, entry, init);
            let has_subtitles = entry.subtitles.is_some();
            compare_codecs(verdict, &entry.uri, told, &found, has_subtitles);
        }
        if let (Some(told), Some(track)) = (entry.resolution, picture)
            && (told.width, told.height) != track.size
        {
            let (width, height) = track.size;
            verdict.fail(
                &entry.uri,
                format!("RESOLUTION is {told}, the init section says {width}x{height}"),
            );
        }
        if picture.is_some() && !entry.is_i_frame {
            compare_frame_rate(presentation, verdict, entry, media);
        }
    }
}

/// Formats of a variant and of the sound that is played with it; I-frames are of the picture alone.
fn formats(presentation: &Presentation, entry: &VariantStream, init: &Init) -> Vec<String> {
    let is_meant = |track: &&Track| match entry.is_i_frame {
        true => track.kind == Kind::Video,
        false => track.kind != Kind::Other,
    };
    let own = init.tracks.iter().filter(is_meant);
    let mut formats: Vec<String> = own.map(|track| track.codec.clone()).collect();
    for sound in super::master::sound_of(presentation, entry) {
        let tracks = presentation.init_of(sound).map(|init| &init.tracks);
        formats.extend(tracks.into_iter().flatten().map(|it| it.codec.clone()));
    }
    formats.sort();
    formats.dedup();
    formats
}

fn compare_codecs(
    verdict: &mut Verdict,
    uri: &str,
    told: &str,
    found: &[String],
    has_subtitles: bool,
) {
    let told: Vec<String> = told
        .split(',')
        .map(|name| name.trim().to_ascii_lowercase())
        .collect();
    for format in found {
        if !told.iter().any(|name| is_same(name, format)) {
            verdict.fail(uri, format!("CODECS does not name {format}"));
        }
    }
    let told = told.iter();
    for name in told.filter(|name| !(has_subtitles && *name == SUBTITLES)) {
        if !found.iter().any(|format| is_same(name, format)) {
            verdict.fail(
                uri,
                format!("CODECS names {name}, and no init section does"),
            );
        }
    }
}

/// Whether the told name is that of the format found, which may be known by its first letters only.
fn is_same(told: &str, found: &str) -> bool {
    let is_known_whole = found.contains('.');
    match is_known_whole {
        true if AAC.contains(&found) => AAC.contains(&told),
        true => told == found,
        false => told.split('.').next() == Some(found),
    }
}

fn compare_frame_rate(
    presentation: &Presentation,
    verdict: &mut Verdict,
    entry: &VariantStream,
    media: &Media,
) {
    let Some(told) = entry.frame_rate else {
        return;
    };
    let (mut seconds, mut frames) = (0.0, 0.0);
    for timed in presentation.times(media) {
        seconds += timed.end - timed.start;
        frames += (timed.end - timed.start) / timed.frame;
    }
    let found = frames / seconds;
    if found > told * (1.0 + FRAME_RATE_SLACK) {
        verdict.fail(
            &entry.uri,
            format!("FRAME-RATE is {told}, the media has {found:.3}"),
        );
    }
}
