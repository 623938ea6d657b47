//! Edit lists in init sections: players that read fragments show what these would leave out, or
//! nothing at all.

use crate::{
    init::{Edit, Kind, Track},
    presentation::{Media, Presentation, Segment},
    report::Verdict,
};

/// Longest priming of sound, in seconds: HE-AAC's at 22,050 Hz.
const PRIMING: f64 = 0.25;

/// What frames and rounding make of the end of an edit, in seconds.
const SLACK: f64 = 0.5;

/// rfc8216bis §3.1.2.
pub(super) fn leave_out_nothing(presentation: &Presentation, verdict: &mut Verdict) {
    for media in presentation.played() {
        let mut before = None;
        for (number, segment) in media.segments().iter().enumerate() {
            if before != Some(&segment.init) {
                before = Some(&segment.init);
                let is_only = media.segments().iter().all(|it| it.init == segment.init);
                judge(presentation, verdict, media, number, is_only);
            }
        }
    }
}

fn judge(
    presentation: &Presentation,
    verdict: &mut Verdict,
    media: &Media,
    number: usize,
    is_only: bool,
) {
    let segment = &media.segments()[number];
    let tracks = presentation.init(segment).map(|init| &init.tracks);
    for track in tracks.into_iter().flatten() {
        let shown: Vec<&Edit> = track.edits.iter().filter(|it| it.from.is_some()).collect();
        let codec = &track.codec;
        let pause: f64 = track.edits.iter().map(|it| it.seconds).sum::<f64>()
            - shown.iter().map(|it| it.seconds).sum::<f64>();
        if pause > SLACK {
            verdict.warn(
                &media.name,
                format!("an edit list begins {codec} {pause:.3} s late"),
            );
        }
        match shown.as_slice() {
            [] => {}
            [edit] => {
                if let Some(what) = beginning(presentation, segment, track, edit) {
                    verdict.fail(&media.name, what);
                }
                let end = is_only.then(|| end(presentation, media, track, edit));
                if let Some(what) = end.flatten() {
                    verdict.fail(&media.name, what);
                }
            }
            several => {
                let edits = several.len();
                verdict.fail(&media.name, format!("{codec} is cut by {edits} edits"));
            }
        }
    }
}

/// What is left out before the edit begins.
fn beginning(
    presentation: &Presentation,
    segment: &Segment,
    track: &Track,
    edit: &Edit,
) -> Option<String> {
    let runs = presentation.runs(segment, track);
    let first = runs.first()?;
    let shown = first.decode_time?.checked_add_signed(first.earliest)?;
    let seconds = edit.from?.saturating_sub(shown) as f64 / f64::from(track.timescale);
    let frame = first.duration as f64 / f64::from(track.timescale) / first.samples.max(1) as f64;
    let allowed = match track.kind {
        Kind::Audio => PRIMING,
        _ => frame + 0.001,
    };
    let codec = &track.codec;
    (seconds > allowed).then(|| {
        format!("an edit list leaves out the first {seconds:.3} s of {codec}, and players do not")
    })
}

/// What is left out behind its end.
fn end(presentation: &Presentation, media: &Media, track: &Track, edit: &Edit) -> Option<String> {
    let runs = presentation.runs(media.segments().last()?, track);
    let last = runs.last()?;
    let media_end = (last.decode_time? + last.duration) as f64 / f64::from(track.timescale);
    let from = edit.from? as f64 / f64::from(track.timescale);
    let seconds = media_end - from - edit.seconds;
    let codec = &track.codec;
    (edit.seconds > 0.0 && seconds > SLACK).then(|| {
        format!("an edit list leaves out the last {seconds:.3} s of {codec}, and players do not")
    })
}
