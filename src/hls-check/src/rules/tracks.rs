//! Each track of a muxed presentation against EXTINF, and against the playlist's main track.

use crate::{
    fragment::Run,
    init::{Kind, Track},
    presentation::{Media, Presentation, Segment},
    report::Verdict,
};

/// How far a track may begin or end from where its segment does, in seconds: frames come as they
/// please, and the picture's decode times run ahead of what is shown. Films that are off by half a
/// second play to their end; hls.js waits for ever for 1.2 s that are missing.
const SLACK: f64 = 1.0;

/// What frames of sound and picture make the ends of a film differ by, at the most, in seconds.
const FRAMES: f64 = 0.1;

/// Picture and sound of a segment.
fn tracks<'a>(presentation: &'a Presentation, segment: &Segment) -> Vec<&'a Track> {
    let init = presentation.init(segment);
    let tracks = init.into_iter().flat_map(|init| &init.tracks);
    tracks.filter(|track| track.kind != Kind::Other).collect()
}

/// When the runs of a track begin and end, by decode time.
fn span(runs: &[&Run], track: &Track) -> Option<(f64, f64)> {
    let (first, last) = (runs.first()?, runs.last()?);
    let seconds = |ticks: u64| ticks as f64 / f64::from(track.timescale);
    let (start, end) = (first.decode_time?, last.decode_time? + last.duration);
    Some((seconds(start), seconds(end)))
}

/// rfc8216bis §4.4.4.1. The main track is measured by 8.1.
pub(super) fn fill_their_segments(presentation: &Presentation, verdict: &mut Verdict) {
    for media in presentation.played() {
        for (number, segment) in media.segments().iter().enumerate() {
            let has_any = presentation
                .fragments(segment)
                .is_some_and(|it| !it.is_empty());
            if has_any {
                let is_first = number == 0 || segment.is_break;
                judge(presentation, verdict, media, segment, is_first);
            }
        }
    }
}

fn judge(
    presentation: &Presentation,
    verdict: &mut Verdict,
    media: &Media,
    segment: &Segment,
    is_first: bool,
) {
    let tracks = tracks(presentation, segment);
    let spans = tracks.iter().map(|track| {
        let runs = presentation.runs(segment, track);
        (*track, span(&runs, track), runs.is_empty())
    });
    let spans: Vec<_> = spans.collect();
    for (track, ..) in spans.iter().filter(|(.., is_empty)| *is_empty) {
        verdict.fail(
            media.at(segment),
            format!("holds nothing of {}", track.codec),
        );
    }
    let main = presentation.main_track(segment);
    let others = spans.iter().filter(|(track, ..)| Some(*track) != main);
    let Some((start, _)) = spans
        .iter()
        .find(|(track, ..)| Some(*track) == main)
        .and_then(|(_, span, _)| *span)
    else {
        return;
    };
    let end = start + segment.seconds;
    for (track, (from, to)) in others.filter_map(|(track, span, _)| Some((track, (*span)?))) {
        let codec = &track.codec;
        if let Some(what) = off(from - start) {
            let what = format!("{codec} begins {what} the segment does");
            match is_first {
                // A film may begin in silence; what is missed later is missed by the listener.
                true => verdict.warn(media.at(segment), what),
                false => verdict.fail(media.at(segment), what),
            }
        }
        if let Some(what) = off(to - end) {
            let seconds = segment.seconds;
            verdict.fail(
                media.at(segment),
                format!("{codec} ends {what} EXTINF says, which is {seconds}"),
            );
        }
    }
}

fn off(seconds: f64) -> Option<String> {
    match seconds {
        late if late > SLACK => Some(format!("{late:.3} s after")),
        early if early < -SLACK => Some(format!("{:.3} s before", -early)),
        _ => None,
    }
}

/// 8.3, where picture and sound are in one file: by when the last of each is shown.
pub(super) fn end_together(presentation: &Presentation, verdict: &mut Verdict) {
    for media in presentation.played() {
        let Some(last) = media.segments().last() else {
            continue;
        };
        let ends = tracks(presentation, last).into_iter().filter_map(|track| {
            let runs = presentation.runs(last, track);
            let (_, end) = span(&runs, track)?;
            let delay = runs.first()?.earliest as f64 / f64::from(track.timescale);
            Some((track, end + delay))
        });
        let ends: Vec<(&Track, f64)> = ends.collect();
        let Some(((first, one), rest)) = ends.split_first().map(|(it, rest)| (*it, rest)) else {
            continue;
        };
        for (track, end) in rest {
            let what = format!(
                "{} ends at {one:.3} s, {} at {end:.3} s",
                first.codec, track.codec
            );
            match (one - end).abs() {
                apart if apart > SLACK => verdict.fail(&media.name, what),
                apart if apart > FRAMES => verdict.warn(&media.name, what),
                _ => {}
            }
        }
    }
}

/// Channels that are listed in the sound are nothing that browsers play (ISO/IEC 14496-3 §4.5.1.2).
pub(super) fn name_their_channels(presentation: &Presentation, verdict: &mut Verdict) {
    for media in presentation.played() {
        let init = presentation.init_of(media);
        for track in init.into_iter().flat_map(|init| &init.tracks) {
            if track.has_channel_list {
                verdict.fail(
                    &media.name,
                    format!(
                        "{} has channel configuration 0 and a program config element",
                        track.codec
                    ),
                );
            }
        }
    }
}
