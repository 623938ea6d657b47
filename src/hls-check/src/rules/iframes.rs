//! Playlists of I-frames.

use std::ops::Range;

use crate::{
    fragment::{File, Fragment},
    init::{Kind, Track},
    presentation::{Fetched, Presentation, Role, Segment},
    report::Verdict,
};

/// 6.1.
pub(super) fn are_there(presentation: &Presentation, verdict: &mut Verdict) {
    if presentation.of_role(Role::IFrames).next().is_none() {
        verdict.fail(&presentation.name, "has no EXT-X-I-FRAME-STREAM-INF");
    }
}

/// 6.8.
pub(super) fn say_so(presentation: &Presentation, verdict: &mut Verdict) {
    for media in presentation.of_role(Role::IFrames) {
        if media.playlist().is_some_and(|it| !it.i_frames_only) {
            verdict.fail(&media.name, "has no EXT-X-I-FRAMES-ONLY");
        }
    }
}

/// 6.10.
pub(super) fn have_moof(presentation: &Presentation, verdict: &mut Verdict) {
    for media in presentation.of_role(Role::IFrames) {
        for segment in media.segments() {
            if presentation.fragments(segment).is_some_and(<[_]>::is_empty) {
                verdict.fail(media.at(segment), "holds no moof");
            }
        }
    }
}

/// 6.3: by the file that was read whole, and by what a server really gives for the first and the last.
pub(super) fn hold_idr(presentation: &Presentation, verdict: &mut Verdict) {
    for media in presentation.of_role(Role::IFrames) {
        for segment in media.segments() {
            let init = presentation.init(segment);
            let Some(track) = init.and_then(|init| init.first(Kind::Video)) else {
                continue;
            };
            let end = segment.range.as_ref().map_or(u64::MAX, |range| range.end);
            let fragment = presentation.fragments(segment).and_then(<[_]>::first);
            let read = fragment.and_then(|fragment| amiss(fragment, track, end));
            let asked = served(presentation, segment, track);
            if let Some(what) = read.or(asked) {
                verdict.fail(media.at(segment), what);
            }
        }
    }
}

/// What is wrong with the I-frame of `fragment`, when the range ends at `end`.
fn amiss(fragment: &Fragment, track: &Track, end: u64) -> Option<String> {
    let Some(run) = fragment.run(track) else {
        return Some("holds nothing of the picture".to_owned());
    };
    let Range { start, end: last } = run.first;
    if last > end {
        return Some(format!("ends {} bytes before the picture does", last - end));
    }
    let is_sync = run.sync.first() == Some(&0);
    match run.is_idr().unwrap_or(is_sync) {
        true => None,
        false => Some(format!("the picture at byte {start} is no IDR picture")),
    }
}

/// What is wrong with the bytes that the server gave for the range, where it was asked.
fn served(presentation: &Presentation, segment: &Segment, track: &Track) -> Option<String> {
    let range = segment.range.clone()?;
    let key = (segment.file.clone(), range.start);
    let file: &File = match presentation.ranges.get(&key)? {
        Fetched::Here { it, .. } => it,
        Fetched::Absent(_) => return Some("the server does not give this range".to_owned()),
        Fetched::Unreadable(why) => return Some(format!("what the server gives {why}")),
    };
    if file.bytes != range.end - range.start {
        return Some(format!("the server gives {} bytes for it", file.bytes));
    }
    match file.fragments.first() {
        Some(fragment) => amiss(fragment, track, range.end),
        None => Some("what the server gives holds no moof".to_owned()),
    }
}
