//! Media playlists by themselves and beside each other.

use m3u8_rs::{MediaPlaylist, MediaPlaylistType};

use crate::{
    fragment::Format,
    presentation::{Media, Presentation, Role},
    report::Verdict,
};

/// What Apple would have a segment last, in seconds (rules 7.5 and 7.6).
const TARGET: u64 = 6;

/// How far a segment may be from it and still be nominally so long.
const SLACK: f64 = 0.5;

/// What frames of sound and picture make the ends of playlists differ by, at the most, in seconds.
const FRAMES: f64 = 0.1;

/// Sound and picture of a film that differ by more are not the same film, in seconds.
const NOTICEABLE: f64 = 0.5;

/// The lowest version that has variables (rfc8216bis §8).
const VARIABLES: usize = 8;

fn playlists(presentation: &Presentation) -> impl Iterator<Item = (&Media, &MediaPlaylist)> {
    let all = presentation.playlists.iter();
    all.filter_map(|media| Some((media, media.playlist()?)))
}

fn played(presentation: &Presentation) -> impl Iterator<Item = (&Media, &MediaPlaylist)> {
    presentation
        .played()
        .filter_map(|media| Some((media, media.playlist()?)))
}

/// 7.5.
pub(super) fn target_is_six(presentation: &Presentation, verdict: &mut Verdict) {
    for (media, playlist) in played(presentation) {
        if playlist.target_duration != TARGET {
            let target = playlist.target_duration;
            verdict.warn(&media.name, format!("EXT-X-TARGETDURATION is {target}"));
        }
    }
}

/// 7.6. The last segment is what is left.
pub(super) fn segments_are_six(presentation: &Presentation, verdict: &mut Verdict) {
    for media in presentation.played() {
        let segments = media.segments();
        let nominal = segments.split_last().map_or(segments, |(_, rest)| rest);
        let is_odd = |seconds: f64| (seconds - TARGET as f64).abs() > SLACK;
        let odd: Vec<f64> = nominal
            .iter()
            .map(|segment| segment.seconds)
            .filter(|seconds| is_odd(*seconds))
            .collect();
        let shortest = odd.iter().copied().min_by(f64::total_cmp);
        let longest = odd.iter().copied().max_by(f64::total_cmp);
        if let (Some(shortest), Some(longest)) = (shortest, longest) {
            let (odd, all) = (odd.len(), nominal.len());
            verdict.warn(
                &media.name,
                format!(
                    "{odd} of {all} segments do not: they last {shortest:.3} to {longest:.3} s"
                ),
            );
        }
    }
}

/// 8.2.
pub(super) fn one_target(presentation: &Presentation, verdict: &mut Verdict) {
    let mut all = played(presentation);
    let Some((first, one)) = all.next() else {
        return;
    };
    for (media, playlist) in all {
        if playlist.target_duration != one.target_duration {
            let (own, other) = (playlist.target_duration, one.target_duration);
            verdict.fail(
                &media.name,
                format!("{own} s, {} has {other} s", first.name),
            );
        }
    }
}

/// 8.3.
pub(super) fn equally_long(presentation: &Presentation, verdict: &mut Verdict) {
    super::tracks::end_together(presentation, verdict);
    let Some(picture) = presentation.of_role(Role::Picture).next() else {
        return;
    };
    for sound in presentation.of_role(Role::Sound) {
        let (of_sound, of_picture) = (sound.seconds(), picture.seconds());
        let what = format!("{of_sound:.3} s of sound, {of_picture:.3} s of picture");
        match (of_sound - of_picture).abs() {
            off if off > NOTICEABLE => verdict.fail(&sound.name, what),
            off if off > FRAMES => verdict.warn(&sound.name, what),
            _ => {}
        }
    }
}

/// 8.6.
pub(super) fn vod(presentation: &Presentation, verdict: &mut Verdict) {
    for (media, playlist) in playlists(presentation) {
        match &playlist.playlist_type {
            Some(MediaPlaylistType::Vod) => {}
            Some(other) => verdict.fail(&media.name, format!("EXT-X-PLAYLIST-TYPE is {other}")),
            None => verdict.fail(&media.name, "has no EXT-X-PLAYLIST-TYPE"),
        }
    }
}

/// 8.7.
pub(super) fn same_time(presentation: &Presentation, verdict: &mut Verdict) {
    let Some(first) = presentation.of_role(Role::Picture).next() else {
        return;
    };
    super::subtitles::cover_the_film(presentation, verdict);
    let start = |media| {
        let first = presentation.times(media).next();
        first.filter(|timed| timed.number == 0).map(|it| it.start)
    };
    let first_start = start(first);
    for media in &presentation.playlists {
        let (own, other) = (media.seconds(), first.seconds());
        // Sound is measured by 8.3.
        let is_picture = matches!(media.role, Role::Picture | Role::IFrames);
        if is_picture && (own - other).abs() > FRAMES {
            let name = &first.name;
            verdict.fail(
                &media.name,
                format!("lasts {own:.3} s, {name} {other:.3} s"),
            );
        }
        if let (Some(own), Some(other)) = (start(media), first_start) {
            let what = format!("begins at {own:.3} s, {} at {other:.3} s", first.name);
            match (own - other).abs() {
                off if off > NOTICEABLE => verdict.fail(&media.name, what),
                off if off > FRAMES => verdict.warn(&media.name, what),
                _ => {}
            }
        }
    }
}

/// 8.20.
pub(super) fn maps(presentation: &Presentation, verdict: &mut Verdict) {
    for media in &presentation.playlists {
        let is_mapped = presentation.format(media) == Some(Format::Fragments);
        if is_mapped && media.segments().first().is_some_and(|it| it.init.is_none()) {
            verdict.fail(&media.name, "has no EXT-X-MAP before its first segment");
        }
    }
}

/// 8.22.
pub(super) fn aligned(presentation: &Presentation, verdict: &mut Verdict) {
    let mut all = presentation.played();
    let Some(first) = all.next() else {
        return;
    };
    for media in all {
        let (own, other) = (media.segments().len(), first.segments().len());
        if own != other {
            let name = &first.name;
            verdict.warn(
                &media.name,
                format!("has {own} segments, {name} has {other}"),
            );
            continue;
        }
        let (mut here, mut there) = (0.0, 0.0);
        for (own, other) in media.segments().iter().zip(first.segments()) {
            (here, there) = (here + own.seconds, there + other.seconds);
            if f64::abs(here - there) > FRAMES {
                verdict.warn(
                    media.at(own),
                    format!("ends at {here:.3} s, in {} at {there:.3} s", first.name),
                );
                break;
            }
        }
    }
}

/// rfc8216bis §4.4.3.1.
pub(super) fn target(presentation: &Presentation, verdict: &mut Verdict) {
    for (media, playlist) in playlists(presentation) {
        let target = playlist.target_duration;
        for segment in media.segments() {
            if segment.seconds.round() > target as f64 {
                let seconds = segment.seconds;
                verdict.fail(
                    media.at(segment),
                    format!("{seconds} s, the target is {target} s"),
                );
            }
        }
    }
}

/// rfc8216bis §4.4.3.4.
pub(super) fn ended(presentation: &Presentation, verdict: &mut Verdict) {
    for (media, playlist) in playlists(presentation) {
        if !playlist.end_list {
            verdict.fail(&media.name, "has no EXT-X-ENDLIST");
        }
    }
}

/// rfc8216bis §8. A version that is too high shuts out players for nothing; the multivariant playlist
/// may have that of the playlists it names.
pub(super) fn version(presentation: &Presentation, verdict: &mut Verdict) {
    let mut highest = 1;
    for (media, playlist) in playlists(presentation) {
        let needed = needed(playlist);
        highest = highest.max(needed);
        compare_version(verdict, &media.name, playlist.version, needed..=needed);
    }
    let variables = presentation.master.unknown_tags.iter();
    let has_variables = variables.clone().any(|tag| tag.tag == "X-DEFINE");
    let needed = if has_variables { VARIABLES } else { 1 };
    let version = presentation.master.version;
    let range = needed..=highest.max(needed);
    compare_version(verdict, &presentation.name, version, range);
}

fn compare_version(
    verdict: &mut Verdict,
    name: &str,
    told: Option<usize>,
    needed: std::ops::RangeInclusive<usize>,
) {
    let told = told.unwrap_or(1);
    if told < *needed.start() {
        verdict.fail(name, format!("is {told}, {} is needed", needed.start()));
    }
    if told > *needed.end() {
        verdict.warn(name, format!("is {told}, {} would do", needed.end()));
    }
}

/// The lowest version that has all that the playlist uses.
fn needed(playlist: &MediaPlaylist) -> usize {
    let segments = || playlist.segments.iter();
    let mut needed = 1;
    if segments().any(|segment| segment.duration.fract() != 0.0) {
        needed = 3;
    }
    if playlist.i_frames_only || segments().any(|segment| segment.byte_range.is_some()) {
        needed = 4;
    }
    if segments().any(|segment| segment.map.is_some()) {
        needed = if playlist.i_frames_only { 5 } else { 6 };
    }
    if playlist
        .unknown_tags
        .iter()
        .any(|tag| tag.tag == "X-DEFINE")
    {
        needed = needed.max(VARIABLES);
    }
    needed
}
