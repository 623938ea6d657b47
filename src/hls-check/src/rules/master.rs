//! What the multivariant playlist offers.

use std::collections::{BTreeMap, BTreeSet};

use m3u8_rs::{AlternativeMedia, AlternativeMediaType, ClosedCaptionGroupId, VariantStream};

use crate::{
    init::{Init, Kind},
    presentation::{Media, Presentation, Role},
    report::Verdict,
};

/// The playlists of sound that may be played with a variant.
pub(super) fn sound_of<'a>(
    presentation: &'a Presentation,
    variant: &'a VariantStream,
) -> impl Iterator<Item = &'a Media> {
    let alternatives = presentation.master.alternatives.iter();
    alternatives
        .filter(|it| it.media_type == AlternativeMediaType::Audio)
        .filter(|it| variant.audio.as_ref() == Some(&it.group_id))
        .filter_map(|it| presentation.media(it.uri.as_deref()?))
}

/// The playlists of pictures, with their init sections.
fn pictures(presentation: &Presentation) -> impl Iterator<Item = (&Media, &Init)> {
    let media = presentation.of_role(Role::Picture);
    media.filter_map(|media| Some((media, presentation.init_of(media)?)))
}

fn tracks_of_sound(init: &Init) -> usize {
    let sound = init.tracks.iter();
    sound.filter(|track| track.kind == Kind::Audio).count()
}

/// 9.5.
pub(super) fn separate(presentation: &Presentation, verdict: &mut Verdict) {
    for (media, init) in pictures(presentation) {
        if init.first(Kind::Video).is_some() && tracks_of_sound(init) > 0 {
            verdict.warn(&media.name, "holds picture and sound together");
        }
    }
}

/// 9.6.
pub(super) fn surround(presentation: &Presentation, verdict: &mut Verdict) {
    for (media, init) in pictures(presentation) {
        let channels = init.tracks.iter().map(|track| track.channels).max();
        let channels = channels.unwrap_or_default();
        if init.first(Kind::Video).is_some() && channels > 2 {
            verdict.fail(
                &media.name,
                format!("holds the picture together with {channels} channels of sound"),
            );
        }
    }
}

/// 9.7.
pub(super) fn alternatives(presentation: &Presentation, verdict: &mut Verdict) {
    for (media, init) in pictures(presentation) {
        let sounds = tracks_of_sound(init);
        if sounds > 1 {
            verdict.fail(&media.name, format!("holds {sounds} tracks of sound"));
        }
    }
}

/// 9.9. Apple's word is MUST. One bit rate is a choice that plays wherever the line carries it, so
/// it is a warning here.
pub(super) fn several(presentation: &Presentation, verdict: &mut Verdict) {
    let pictures = presentation.of_role(Role::Picture).count();
    if pictures < 2 {
        verdict.warn(
            &presentation.name,
            "has one bit rate; package the film with --ladder abr for more",
        );
    }
}

/// 9.11.
pub(super) fn independent(presentation: &Presentation, verdict: &mut Verdict) {
    if !presentation.master.independent_segments {
        verdict.warn(&presentation.name, "has no EXT-X-INDEPENDENT-SEGMENTS");
    }
}

/// 9.12.
pub(super) fn independent_somewhere(presentation: &Presentation, verdict: &mut Verdict) {
    if presentation.master.independent_segments {
        return;
    }
    for media in presentation.of_role(Role::Picture) {
        if media.playlist().is_some_and(|it| !it.independent_segments) {
            verdict.fail(
                &media.name,
                "has no EXT-X-INDEPENDENT-SEGMENTS, nor has the multivariant playlist",
            );
        }
    }
}

/// 8.10.
pub(super) fn languages(presentation: &Presentation, verdict: &mut Verdict) {
    let needed = |media: &&AlternativeMedia| {
        media.media_type != AlternativeMediaType::Video && media.language.is_none()
    };
    for media in presentation.master.alternatives.iter().filter(needed) {
        verdict.fail(
            &presentation.name,
            format!("EXT-X-MEDIA {:?} has no LANGUAGE", media.name),
        );
    }
}

/// rfc8216bis §4.4.6.1.1 and §4.4.6.2.1.
pub(super) fn media_groups(presentation: &Presentation, verdict: &mut Verdict) {
    let mut groups: BTreeMap<(String, &str), Vec<&AlternativeMedia>> = BTreeMap::new();
    for media in &presentation.master.alternatives {
        let key = (media.media_type.to_string(), media.group_id.as_str());
        groups.entry(key).or_default().push(media);
        if media.default && !media.autoselect {
            verdict.fail(
                &presentation.name,
                format!(
                    "EXT-X-MEDIA {:?} is DEFAULT without AUTOSELECT=YES",
                    media.name
                ),
            );
        }
    }
    for ((_, group), members) in &groups {
        let names: BTreeSet<&str> = members.iter().map(|media| media.name.as_str()).collect();
        if names.len() < members.len() {
            verdict.fail(
                &presentation.name,
                format!("two of group {group:?} have one NAME"),
            );
        }
        if members.iter().filter(|media| media.default).count() > 1 {
            verdict.fail(
                &presentation.name,
                format!("two of group {group:?} are DEFAULT"),
            );
        }
    }
    for variant in &presentation.master.variants {
        for (kind, group) in groups_of(variant) {
            if !groups.contains_key(&(kind.to_string(), group)) {
                let what = format!("there is no group {group:?} of {kind}");
                verdict.fail(&variant.uri, what);
            }
        }
    }
}

/// The groups that a variant names.
fn groups_of(variant: &VariantStream) -> Vec<(AlternativeMediaType, &str)> {
    let captions = match &variant.closed_captions {
        Some(ClosedCaptionGroupId::GroupId(group)) => Some(group),
        _ => None,
    };
    let named = [
        (AlternativeMediaType::Audio, variant.audio.as_ref()),
        (AlternativeMediaType::Subtitles, variant.subtitles.as_ref()),
        (AlternativeMediaType::ClosedCaptions, captions),
    ];
    let named = named.into_iter();
    named
        .filter_map(|(kind, group)| Some((kind, group?.as_str())))
        .collect()
}
