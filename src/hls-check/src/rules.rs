//! The rules, each a function of what was gathered. No I/O, no clock.
//!
//! Numbers are those of Apple's HLS authoring specification for Apple devices; `HLS` stands before
//! sections of draft-pantos-hls-rfc8216bis, `WEB` before what browsers need beyond them. A rule of MUST that is not kept fails, one of SHOULD warns.

mod edits;
mod entries;
mod files;
mod iframes;
mod master;
mod needs;
mod rates;
mod shape;
mod stream;
mod subtitles;
mod time;
mod tracks;

use self::needs::Needs;
use super::{
    Depth, Report,
    fragment::File,
    presentation::{Media, Presentation},
    report::Verdict,
};

type Judge = fn(&Presentation, &mut Verdict);

/// One rule.
struct Rule {
    number: &'static str,
    title: &'static str,
    needs: Needs,
    judge: Judge,
}

/// A rule that every presentation can keep or break.
const fn rule(number: &'static str, title: &'static str, judge: Judge) -> Rule {
    rule_of(Needs::Nothing, number, title, judge)
}

/// A rule of what not every presentation has.
const fn rule_of(needs: Needs, number: &'static str, title: &'static str, judge: Judge) -> Rule {
    Rule {
        number,
        title,
        needs,
        judge,
    }
}

const RULES: &[Rule] = &[
    rule_of(
        Needs::Picture,
        "1.13",
        "a key frame every two seconds (SHOULD)",
        time::key_frames,
    ),
    rule(
        "1.26",
        "AVERAGE-BANDWIDTH is within 10 % of what was measured",
        rates::average,
    ),
    rule(
        "1.27",
        "BANDWIDTH is within 10 % of what was measured",
        rates::peak,
    ),
    rule(
        "1.30",
        "the peak is at most twice the average (SHOULD)",
        rates::ratio,
    ),
    rule_of(
        Needs::Variant,
        "6.1",
        "there is an I-frame playlist",
        iframes::are_there,
    ),
    rule_of(
        Needs::IFragments,
        "6.3",
        "each range of an I-frame playlist holds a whole IDR picture",
        iframes::hold_idr,
    ),
    rule_of(
        Needs::IFrames,
        "6.8",
        "I-frame playlists have EXT-X-I-FRAMES-ONLY",
        iframes::say_so,
    ),
    rule_of(
        Needs::IFrames,
        "6.9",
        "BANDWIDTH of I-frames is within 10 % of what was measured",
        rates::iframes,
    ),
    rule_of(
        Needs::IFragments,
        "6.10",
        "each I-frame has its moof",
        iframes::have_moof,
    ),
    rule_of(
        Needs::Fragments,
        "7.1",
        "media is continuous",
        time::continuous,
    ),
    rule_of(
        Needs::Fragments,
        "7.3",
        "tfdt follows from the segment before",
        time::decode_times,
    ),
    rule_of(
        Needs::Picture,
        "7.4",
        "segments of a picture begin with an IDR picture",
        time::begin_with_idr,
    ),
    rule(
        "7.5",
        "the target duration is 6 s (SHOULD)",
        shape::target_is_six,
    ),
    rule(
        "7.6",
        "segments last some 6 s (SHOULD)",
        shape::segments_are_six,
    ),
    rule(
        "7.7",
        "no segment is longer than the target by more than 0.5 s",
        time::not_too_long,
    ),
    rule_of(
        Needs::Fragments,
        "8.1",
        "EXTINF add up to the media's time, within a frame",
        time::accurate,
    ),
    rule(
        "8.2",
        "picture and sound have one target duration",
        shape::one_target,
    ),
    rule_of(
        Needs::Both,
        "8.3",
        "picture and sound are equally long",
        shape::equally_long,
    ),
    rule("8.6", "EXT-X-PLAYLIST-TYPE is VOD", shape::vod),
    rule("8.7", "all playlists cover the same time", shape::same_time),
    rule_of(
        Needs::Renditions,
        "8.10",
        "EXT-X-MEDIA has LANGUAGE",
        master::languages,
    ),
    rule("8.18", "no redirects", files::redirects),
    rule_of(Needs::Fragments, "8.20", "EXT-X-MAP is there", shape::maps),
    rule(
        "8.22",
        "segments of all playlists are cut at the same times (SHOULD)",
        shape::aligned,
    ),
    rule("9.1", "EXT-X-STREAM-INF has CODECS", entries::codecs),
    rule_of(
        Needs::Variant,
        "9.2",
        "EXT-X-STREAM-INF has RESOLUTION",
        entries::resolution,
    ),
    rule_of(
        Needs::IFrames,
        "9.3",
        "EXT-X-I-FRAME-STREAM-INF has CODECS",
        entries::iframe_codecs,
    ),
    rule_of(
        Needs::IFrames,
        "9.4",
        "EXT-X-I-FRAME-STREAM-INF has RESOLUTION",
        entries::iframe_resolution,
    ),
    rule_of(
        Needs::Both,
        "9.5",
        "picture and sound are separate (SHOULD)",
        master::separate,
    ),
    rule_of(
        Needs::Both,
        "9.6",
        "sound of more than two channels is separate",
        master::surround,
    ),
    rule_of(
        Needs::Both,
        "9.7",
        "alternative sound is separate",
        master::alternatives,
    ),
    rule("9.9", "there are several bit rates", master::several),
    rule(
        "9.11",
        "the multivariant playlist has EXT-X-INDEPENDENT-SEGMENTS (SHOULD)",
        master::independent,
    ),
    rule(
        "9.12",
        "EXT-X-INDEPENDENT-SEGMENTS is there, or in each playlist",
        master::independent_somewhere,
    ),
    rule(
        "9.13",
        "BANDWIDTH covers picture and sound together",
        rates::sum,
    ),
    rule(
        "9.14",
        "AVERAGE-BANDWIDTH is there",
        entries::average_bandwidth,
    ),
    rule_of(
        Needs::Variant,
        "9.15",
        "FRAME-RATE is there",
        entries::frame_rate,
    ),
    rule(
        "10.4",
        "files have the recommended types (SHOULD)",
        files::types,
    ),
    rule(
        "HLS 3",
        "every file that is named is there and whole",
        files::there,
    ),
    rule_of(
        Needs::Fragments,
        "HLS 3.1.2",
        "edit lists leave out nothing but priming",
        edits::leave_out_nothing,
    ),
    rule_of(
        Needs::Subtitles,
        "HLS 3.1.4",
        "WebVTT is right, and shown with its segment",
        subtitles::are_right,
    ),
    rule_of(
        Needs::Picture,
        "HLS 4.4.2.1",
        "segments need no other where EXT-X-INDEPENDENT-SEGMENTS says so",
        stream::independent,
    ),
    rule(
        "HLS 4.4.3.1",
        "EXTINF, rounded, is at most EXT-X-TARGETDURATION",
        shape::target,
    ),
    rule("HLS 4.4.3.4", "EXT-X-ENDLIST is there", shape::ended),
    rule_of(
        Needs::Fragments,
        "HLS 4.4.4.1",
        "every track of a segment lasts as long as EXTINF says",
        tracks::fill_their_segments,
    ),
    rule_of(
        Needs::Renditions,
        "HLS 4.4.6.1",
        "EXT-X-MEDIA are consistent",
        master::media_groups,
    ),
    rule(
        "HLS 4.4.6.2",
        "CODECS, RESOLUTION and FRAME-RATE are those of the media",
        entries::as_measured,
    ),
    rule_of(
        Needs::Picture,
        "VIDEO-RANGE",
        "it is that of the picture (HLS 4.4.6.2)",
        stream::range,
    ),
    rule_of(
        Needs::Picture,
        "CAPTIONS",
        "CLOSED-CAPTIONS announces those in the picture (HLS 4.4.6.2)",
        stream::captions,
    ),
    rule("HLS 6.2.1", "no segment is named twice", files::twice),
    rule(
        "HLS 8",
        "EXT-X-VERSION is as high as needed, and no higher",
        shape::version,
    ),
    rule_of(
        Needs::Fragments,
        "WEB 1",
        "AAC names its channels: browsers play no program config element",
        tracks::name_their_channels,
    ),
];

/// Judges by every rule.
pub(super) fn judge(presentation: &Presentation) -> Report {
    let judged = RULES.iter().map(|rule| {
        let mut verdict = Verdict::default();
        match rule.needs.unmet(presentation) {
            Some(why) => verdict.not_applicable(why),
            None => (rule.judge)(presentation, &mut verdict),
        }
        verdict.judged(rule.number, rule.title)
    });
    let rules: Vec<_> = judged.collect();
    let files = presentation.files.values().filter_map(|file| file.it());
    let segments = presentation.played().map(Media::segments);
    Report {
        playlist: presentation.name.clone(),
        passed: rules
            .iter()
            .all(|rule| rule.outcome != super::Outcome::Fail),
        is_full: presentation.depth == Depth::Full,
        playlists: presentation.playlists.len(),
        segments: segments.map(<[_]>::len).sum(),
        bytes: files.map(|file: &File| file.bytes).sum(),
        rules,
    }
}
