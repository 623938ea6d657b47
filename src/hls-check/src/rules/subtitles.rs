//! Renditions of subtitles in WebVTT.

use crate::{
    init::Kind,
    presentation::{Fetched, Media, Presentation, Role, Segment},
    report::Verdict,
    vtt::Vtt,
};

/// How far subtitles may be from the segment that holds them, in seconds.
const SLACK: f64 = 0.5;

/// Where the 33 bits of MPEG-2 time begin anew, in seconds (rfc8216bis §3.1.4).
const WRAP: f64 = 8_589_934_592.0 / 90_000.0;

fn texts<'a>(
    presentation: &'a Presentation,
    media: &'a Media,
) -> impl Iterator<Item = (&'a Segment, f64, &'a Vtt)> {
    let mut end = 0.0;
    media.segments().iter().filter_map(move |segment| {
        let start = end;
        end += segment.seconds;
        let text = presentation
            .texts
            .get(&segment.file)
            .and_then(Fetched::it)?;
        Some((segment, start, text))
    })
}

/// rfc8216bis §3.1.4: what a segment of WebVTT holds.
pub(super) fn are_right(presentation: &Presentation, verdict: &mut Verdict) {
    let picture = presentation.of_role(Role::Picture).next();
    let origin = picture.and_then(|media| origin(presentation, media));
    for media in presentation.of_role(Role::Subtitles) {
        let has_breaks = media.segments().iter().any(|segment| segment.is_break);
        for (segment, start, text) in texts(presentation, media) {
            for fault in &text.faults {
                verdict.fail(media.at(segment), fault);
            }
            match origin {
                Some(origin) if !has_breaks => {
                    if let Some(what) = elsewhere(text, origin, start, segment.seconds) {
                        verdict.fail(media.at(segment), what);
                    }
                }
                // Where the picture's own time is not known, the map alone can tell it.
                _ if text.map.is_none() && !text.cues.is_empty() => {
                    verdict.warn(media.at(segment), "has no X-TIMESTAMP-MAP");
                }
                _ => {}
            }
        }
    }
}

/// The media time of what is shown first.
fn origin(presentation: &Presentation, media: &Media) -> Option<f64> {
    let segment = media.segments().first()?;
    let init = presentation.init(segment)?;
    let track = init.first(Kind::Video).or(init.first(Kind::Audio))?;
    let runs = presentation.runs(segment, track);
    let first = runs.first()?;
    let shown = first.decode_time?.checked_add_signed(first.earliest)?;
    // An edit list takes back what the order of decoding adds.
    let edit = track.edits.iter().find_map(|edit| edit.from).unwrap_or(0);
    Some(shown.saturating_sub(edit) as f64 / f64::from(track.timescale))
}

/// What is said of a cue that is not shown while its segment is played.
fn elsewhere(text: &Vtt, origin: f64, start: f64, seconds: f64) -> Option<String> {
    let offset = text.map.unwrap_or(0.0) - origin;
    let offset = offset - WRAP * (offset / WRAP).round();
    let end = start + seconds;
    let (from, _) = text.cues.iter().find(|(from, to)| {
        let (from, to) = (from + offset, to + offset);
        to < start - SLACK || from > end + SLACK
    })?;
    let shown = from + offset;
    Some(format!(
        "holds a cue for {shown:.3} s, and is played from {start:.3} to {end:.3} s"
    ))
}

/// 8.7, for subtitles.
pub(super) fn cover_the_film(presentation: &Presentation, verdict: &mut Verdict) {
    let Some(picture) = presentation.of_role(Role::Picture).next() else {
        return;
    };
    for media in presentation.of_role(Role::Subtitles) {
        let (own, other) = (media.seconds(), picture.seconds());
        if (own - other).abs() > SLACK {
            verdict.fail(
                &media.name,
                format!("lasts {own:.3} s, {} {other:.3} s", picture.name),
            );
        }
    }
}
