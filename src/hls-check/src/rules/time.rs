//! The media's own time against the playlists', and where decoding can begin.

use crate::{
    init::{Init, Kind, Track},
    presentation::{Media, Presentation, Role, Segment, Timed},
    report::Verdict,
    scan::Run,
};

/// Seconds between key frames, and what rounding may add (rule 1.13).
const KEY_FRAME_GAP: f64 = 2.0 + ROUNDING;

/// What the last digit of a time may be off, in seconds.
const ROUNDING: f64 = 0.001;

/// How much longer than the target a segment may be, in seconds (rule 7.7).
const GRACE: f64 = 0.5;

/// The end of one run and the beginning of the next of the same track.
struct Joint<'a> {
    segment: &'a Segment,
    track: &'a Track,
    /// Whether both are in one segment.
    is_inside: bool,
    /// Seconds that are missing; less than 0 where they overlap.
    gap: f64,
    /// Seconds of one sample.
    frame: f64,
}

/// The joints of one track; those between segments that were not both read, and those at an
/// EXT-X-DISCONTINUITY, are passed over.
fn joints<'a>(
    presentation: &'a Presentation,
    media: &'a Media,
    track: &'a Track,
) -> Vec<Joint<'a>> {
    let mut joints = Vec::new();
    let mut before: Option<(usize, &Run)> = None;
    for (number, segment) in media.segments().iter().enumerate() {
        let fragments = presentation.fragments(segment).unwrap_or_default();
        let has_track = presentation
            .init(segment)
            .is_some_and(|it| it.tracks.contains(track));
        for run in fragments
            .iter()
            .filter(|_| has_track)
            .filter_map(|it| it.run(track))
        {
            let is_inside = before.is_some_and(|(of, _)| of == number);
            let follows =
                before.filter(|(of, _)| is_inside || (of + 1 == number && !segment.is_break));
            if let Some((_, earlier)) = follows
                && let (Some(from), Some(to)) = (earlier.decode_time, run.decode_time)
            {
                let scale = f64::from(track.timescale);
                let end = from + earlier.duration;
                joints.push(Joint {
                    segment,
                    track,
                    is_inside,
                    gap: (to as f64 - end as f64) / scale,
                    frame: run.duration as f64 / scale / run.samples.max(1) as f64,
                });
            }
            before = Some((number, run));
        }
    }
    joints
}

fn all_joints<'a>(presentation: &'a Presentation, media: &'a Media) -> Vec<Joint<'a>> {
    let tracks = presentation.init_of(media).map(|init: &Init| &init.tracks);
    let tracks = tracks.into_iter().flatten();
    tracks
        .flat_map(|track| joints(presentation, media, track))
        .collect()
}

fn gap_of(joint: &Joint<'_>) -> String {
    let what = if joint.gap > 0.0 {
        "missing before"
    } else {
        "overlapping at"
    };
    let place = if joint.is_inside {
        "a fragment of it"
    } else {
        "it"
    };
    format!(
        "{:.3} s of {} are {what} {place}",
        joint.gap.abs(),
        joint.track.codec
    )
}

/// 7.1: nothing that lasts longer than a frame is missing or there twice.
pub(super) fn continuous(presentation: &Presentation, verdict: &mut Verdict) {
    for media in presentation.played() {
        for joint in all_joints(presentation, media) {
            if joint.gap.abs() > joint.frame + ROUNDING {
                verdict.fail(media.at(joint.segment), gap_of(&joint));
            }
        }
    }
}

/// 7.3.
pub(super) fn decode_times(presentation: &Presentation, verdict: &mut Verdict) {
    for media in presentation.played() {
        for segment in media.segments() {
            let fragments = presentation.fragments(segment).unwrap_or_default();
            let mut runs = fragments.iter().flat_map(|fragment| &fragment.runs);
            if runs.any(|run| run.decode_time.is_none()) {
                verdict.fail(media.at(segment), "has a fragment without tfdt");
            }
        }
        for joint in all_joints(presentation, media) {
            if !joint.is_inside && joint.gap.abs() > ROUNDING {
                verdict.fail(media.at(joint.segment), gap_of(&joint));
            }
        }
    }
}

/// Of the playlists that have one, the picture.
fn pictures(presentation: &Presentation) -> impl Iterator<Item = &Media> {
    let media = presentation.of_role(Role::Picture);
    media.filter(|media| {
        let init = presentation.init_of(media);
        init.is_some_and(|init| init.first(Kind::Video).is_some())
    })
}

/// 7.4.
pub(super) fn begin_with_idr(presentation: &Presentation, verdict: &mut Verdict) {
    for media in pictures(presentation) {
        for Timed { segment, first, .. } in presentation.times(media) {
            let is_sync = first.sync.first() == Some(&0);
            if !first.is_idr.unwrap_or(is_sync) {
                verdict.fail(media.at(segment), "begins with another picture");
            } else if !is_sync {
                verdict.fail(
                    media.at(segment),
                    "begins with an IDR picture that its flags deny",
                );
            }
        }
    }
}

/// 1.13.
pub(super) fn key_frames(presentation: &Presentation, verdict: &mut Verdict) {
    for media in pictures(presentation) {
        let mut widest: Option<(f64, &Segment)> = None;
        let mut before: Option<(usize, f64)> = None;
        for timed in presentation.times(media) {
            let Some(track) = presentation.main_track(timed.segment) else {
                continue;
            };
            let times = key_times(presentation, timed.segment, track);
            let known = before.filter(|(number, _)| number + 1 == timed.number);
            let mut last = known.map(|(_, time)| time);
            for time in times.into_iter().chain([timed.end]) {
                let gap = last.map_or(0.0, |last| time - last);
                if gap > widest.map_or(KEY_FRAME_GAP + timed.frame, |(widest, _)| widest) {
                    widest = Some((gap, timed.segment));
                }
                if time < timed.end {
                    last = Some(time);
                }
            }
            before = last.map(|time| (timed.number, time));
        }
        if let Some((gap, segment)) = widest {
            verdict.warn(
                media.at(segment),
                format!("none for {gap:.3} s here, the longest time"),
            );
        }
    }
}

fn key_times(presentation: &Presentation, segment: &Segment, track: &Track) -> Vec<f64> {
    let fragments = presentation.fragments(segment).unwrap_or_default();
    let runs = fragments.iter().filter_map(|fragment| fragment.run(track));
    runs.flat_map(|run| {
        let start = run.decode_time.unwrap_or_default();
        let ticks = run.sync.iter().map(move |ticks| start + ticks);
        ticks.map(|ticks| ticks as f64 / f64::from(track.timescale))
    })
    .collect()
}

/// 7.7, by the media where it was read and by EXTINF where not.
pub(super) fn not_too_long(presentation: &Presentation, verdict: &mut Verdict) {
    for media in presentation.played() {
        let Some(playlist) = media.playlist() else {
            continue;
        };
        let target = playlist.target_duration;
        let mut seconds: Vec<f64> = media.segments().iter().map(|it| it.seconds).collect();
        for timed in presentation.times(media) {
            seconds[timed.number] = timed.end - timed.start;
        }
        for (segment, seconds) in media.segments().iter().zip(seconds) {
            if seconds > target as f64 + GRACE + ROUNDING {
                verdict.fail(
                    media.at(segment),
                    format!("lasts {seconds:.3} s, the target is {target} s"),
                );
            }
        }
    }
}

/// 8.1: any segments in a row, by EXTINF and by the media, within a frame. An I-frame lasts until the
/// next one that is listed, which may be fragments away: of these, beginnings alone are compared.
pub(super) fn accurate(presentation: &Presentation, verdict: &mut Verdict) {
    for media in &presentation.playlists {
        let ends = ends(media);
        let mut lowest = f64::INFINITY;
        let mut highest = f64::NEG_INFINITY;
        for timed in presentation.times(media) {
            if timed.segment.is_break {
                (lowest, highest) = (f64::INFINITY, f64::NEG_INFINITY);
            }
            let listed = ends[timed.number] - timed.segment.seconds;
            let end = match media.role {
                Role::IFrames => listed - timed.start,
                _ => ends[timed.number] - timed.end,
            };
            for off in [listed - timed.start, end] {
                lowest = lowest.min(off);
                highest = highest.max(off);
            }
            let off = highest - lowest;
            if off > timed.frame + ROUNDING {
                let frame = timed.frame;
                verdict.fail(
                    media.at(timed.segment),
                    format!("up to here EXTINF are off by {off:.3} s, a frame lasts {frame:.3} s"),
                );
                break;
            }
        }
    }
}

/// When each entry ends, by EXTINF.
fn ends(media: &Media) -> Vec<f64> {
    let mut end = 0.0;
    let seconds = media.segments().iter().map(|segment| segment.seconds);
    seconds
        .map(|seconds| {
            end += seconds;
            end
        })
        .collect()
}
