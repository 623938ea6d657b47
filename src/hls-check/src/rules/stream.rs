//! What the multivariant playlist says of a picture against its bit stream: dynamic range, captions,
//! and whether segments stand alone.

use m3u8_rs::{ClosedCaptionGroupId, QuotedOrUnquoted, VariantStream};

use crate::{
    Depth,
    fragment::Run,
    init::{Init, Kind},
    nal::Picture,
    presentation::{Media, Presentation, Segment},
    range::VideoRange,
    report::Verdict,
};

/// Variants and I-frames with their playlists and init sections.
fn entries(presentation: &Presentation) -> impl Iterator<Item = (&VariantStream, &Media, &Init)> {
    presentation.master.variants.iter().filter_map(|entry| {
        let media = presentation.media(&entry.uri)?;
        Some((entry, media, presentation.init_of(media)?))
    })
}

/// rfc8216bis §4.4.6.2: without VIDEO-RANGE the picture is SDR.
pub(super) fn range(presentation: &Presentation, verdict: &mut Verdict) {
    for (entry, _, init) in entries(presentation) {
        let picture = init.first(Kind::Video);
        let Some(found) = picture.and_then(|track| track.range) else {
            continue;
        };
        let told = entry.other_attributes.as_ref();
        let told = told.and_then(|it| it.get("VIDEO-RANGE"));
        let told = told.map(|it| match it {
            QuotedOrUnquoted::Quoted(it) | QuotedOrUnquoted::Unquoted(it) => it,
        });
        match told {
            None if found == VideoRange::Sdr => {}
            None => verdict.fail(
                &entry.uri,
                format!("has no VIDEO-RANGE, and the picture is {found}"),
            ),
            Some(told) if *told == found.to_string() => {}
            Some(told) => verdict.fail(
                &entry.uri,
                format!("VIDEO-RANGE is {told}, the picture is {found}"),
            ),
        }
    }
}

/// rfc8216bis §4.4.6.2: NONE says that there are no captions in any variant.
pub(super) fn captions(presentation: &Presentation, verdict: &mut Verdict) {
    for (entry, media, init) in entries(presentation).filter(|(entry, ..)| !entry.is_i_frame) {
        let Some(track) = init.first(Kind::Video).filter(|it| it.units.is_some()) else {
            continue;
        };
        let segments = media.segments().iter();
        let read = segments.flat_map(|segment| presentation.runs(segment, track));
        let read: Vec<&Run> = read.collect();
        let are_there = read.iter().any(|run| run.has_captions);
        // Where nobody speaks at the beginning and the end, a quick look finds nothing.
        let is_known = are_there || presentation.depth == Depth::Full && !read.is_empty();
        match &entry.closed_captions {
            Some(ClosedCaptionGroupId::None) if are_there => verdict.fail(
                &entry.uri,
                "CLOSED-CAPTIONS is NONE, and there are captions in the picture",
            ),
            Some(ClosedCaptionGroupId::GroupId(group)) if is_known && !are_there => verdict.fail(
                &entry.uri,
                format!("CLOSED-CAPTIONS is {group:?}, and there are none in the picture"),
            ),
            None if are_there => verdict.warn(
                &entry.uri,
                "there are captions in the picture that no CLOSED-CAPTIONS announces",
            ),
            _ => {}
        }
    }
}

/// rfc8216bis §4.4.2.1.
pub(super) fn independent(presentation: &Presentation, verdict: &mut Verdict) {
    for media in presentation.played() {
        let of_media = media.playlist().is_some_and(|it| it.independent_segments);
        if !presentation.master.independent_segments && !of_media {
            continue;
        }
        for segment in media.segments() {
            if let Some(what) = dependence(presentation, segment) {
                verdict.fail(media.at(segment), what);
            }
        }
    }
}

/// Why a segment needs the one before it.
fn dependence(presentation: &Presentation, segment: &Segment) -> Option<String> {
    let track = presentation.init(segment)?.first(Kind::Video)?;
    let runs = presentation.runs(segment, track);
    let first = runs.first()?;
    let leading = first.leading;
    match first.picture? {
        Picture::Idr => None,
        Picture::Cra if leading == 0 => None,
        Picture::Cra => Some(format!(
            "begins with a CRA picture; pictures that need the segment before: {leading}"
        )),
        Picture::Other if leading > 0 => Some(format!(
            "begins within an open GOP; pictures that need the segment before: {leading}"
        )),
        Picture::Other => Some("begins with a picture that is no IDR picture".to_owned()),
    }
}
