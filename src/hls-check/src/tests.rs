//! A right presentation, made by ffmpeg and put together here by other code than the packager's; then
//! exactly one thing is broken, and exactly the rules that this breaks must say so.

mod boxes;
mod change;
mod film;
mod make;
mod others;
mod server;
mod stream;
mod subtitles;

use std::collections::BTreeSet;

use self::{
    film::{BIG, Film, SMALL},
    server::Server,
};
use super::{Depth, Outcome, Place, Report, check};

async fn judged(film: &Film, depth: Depth) -> Report {
    let place = Place::File(film.path("master.m3u8"));
    check(place, depth).await.unwrap()
}

fn rules(report: &Report, outcome: Outcome) -> BTreeSet<&'static str> {
    let rules = report.rules.iter().filter(|rule| rule.outcome == outcome);
    rules.map(|rule| rule.rule).collect()
}

/// Breaks a right film, and compares the rules that are then not kept with `fails` and `warns`.
async fn broken<const F: usize, const W: usize>(
    change: impl FnOnce(&Film),
    fails: [&str; F],
    warns: [&str; W],
) -> Report {
    let film = Film::new();
    change(&film);
    let report = judged(&film, Depth::Full).await;
    let amiss = report.rules.iter().filter(|it| it.outcome > Outcome::Pass);
    let what: Vec<String> = amiss
        .map(|it| format!("{} {:?}", it.rule, it.findings))
        .collect();
    let what = what.join("\n");
    assert_eq!(
        rules(&report, Outcome::Fail),
        BTreeSet::from(fails),
        "{what}"
    );
    assert_eq!(
        rules(&report, Outcome::Warning),
        BTreeSet::from(warns),
        "{what}"
    );
    assert_eq!(report.passed, F == 0);
    report
}

#[tokio::test]
async fn a_right_presentation_keeps_every_rule() {
    let report = broken(|_| {}, [], []).await;
    assert_eq!(
        rules(&report, Outcome::NotChecked),
        BTreeSet::from(["10.4"])
    );
    assert_eq!((report.playlists, report.segments), (5, 9));
    let quick = judged(&Film::new(), Depth::Quick).await;
    assert!(quick.passed && !quick.is_full && quick.bytes < report.bytes);
    let unmeasured = BTreeSet::from(["1.26", "1.27", "1.30", "9.13", "10.4"]);
    assert_eq!(rules(&quick, Outcome::NotChecked), unmeasured);
    assert_eq!(rules(&quick, Outcome::Warning), BTreeSet::new());
}

#[tokio::test]
async fn what_each_variant_must_say() {
    let master = |from, to| move |film: &Film| film.edit("master.m3u8", from, to);
    broken(master(",CODECS=\"avc1", ",X=\"avc1"), ["9.1", "9.3"], []).await;
    broken(master(",RESOLUTION=", ",X="), ["9.2", "9.4"], []).await;
    broken(master(",AVERAGE-BANDWIDTH=", ",X="), ["9.14"], []).await;
    broken(master(",FRAME-RATE=25", ""), ["9.15"], []).await;
    broken(
        master(",FRAME-RATE=25", ",FRAME-RATE=24"),
        ["HLS 4.4.6.2"],
        [],
    )
    .await;
    broken(master("=320x180", "=640x360"), ["HLS 4.4.6.2"], []).await;
    broken(master(",mp4a.40.2", ""), ["HLS 4.4.6.2"], []).await;
    broken(master("mp4a.40.2", "mp4a.40.2,wvtt"), ["HLS 4.4.6.2"], []).await;
    broken(master("avc1.", "avc1.ff"), ["HLS 4.4.6.2"], []).await;
}

#[tokio::test]
async fn what_the_multivariant_playlist_must_offer() {
    let master = |from, to| move |film: &Film| film.edit("master.m3u8", from, to);
    let independent = "#EXT-X-INDEPENDENT-SEGMENTS\n";
    broken(master(independent, ""), [], ["9.11"]).await;
    let nowhere = |film: &Film| {
        film.edit("master.m3u8", independent, "");
        film.edit(BIG, independent, "");
    };
    broken(nowhere, ["9.12"], ["9.11"]).await;
    broken(
        |film| film.remove_lines("master.m3u8", "I-FRAME-STREAM"),
        ["6.1"],
        [],
    )
    .await;
    broken(|film| film.remove_variant("small"), [], ["9.9"]).await;
    broken(master(",LANGUAGE=\"en\"", ""), ["8.10"], []).await;
    broken(
        master("AUTOSELECT=YES", "AUTOSELECT=NO"),
        ["HLS 4.4.6.1"],
        [],
    )
    .await;
    let group = master("AUDIO=\"sound\"", "AUDIO=\"none\"");
    broken(group, ["1.26", "1.27", "HLS 4.4.6.1", "HLS 4.4.6.2"], []).await;
    broken(|film| film.version("master.m3u8", 7), [], ["HLS 8"]).await;
}

#[tokio::test]
async fn rates_are_measured() {
    let high = |film: &Film| film.scale("BANDWIDTH", 1.2);
    broken(high, ["1.27", "6.9"], []).await;
    let low = |film: &Film| film.scale("BANDWIDTH", 0.85);
    broken(low, ["1.27", "6.9", "9.13"], []).await;
    broken(|film| film.scale("AVERAGE-BANDWIDTH", 0.85), ["1.26"], []).await;
    // Half of the picture is heavy: a box that players pass over, in the first segment.
    let heavy = |film: &Film| film.pad("big_0.m4s", 4_000_000);
    broken(heavy, ["1.26", "1.27", "9.13"], ["1.30"]).await;
}

#[tokio::test]
async fn what_each_media_playlist_must_say() {
    let big = |from, to| move |film: &Film| film.edit(BIG, from, to);
    broken(big("#EXT-X-PLAYLIST-TYPE:VOD\n", ""), ["8.6"], []).await;
    broken(big("TYPE:VOD", "TYPE:EVENT"), ["8.6"], []).await;
    broken(big("#EXT-X-ENDLIST\n", ""), ["HLS 4.4.3.4"], []).await;
    broken(|film| film.version(BIG, 7), [], ["HLS 8"]).await;
    broken(|film| film.version(BIG, 5), ["HLS 8"], []).await;
    broken(
        big("TARGETDURATION:6", "TARGETDURATION:8"),
        ["8.2"],
        ["7.5"],
    )
    .await;
    let short = big("TARGETDURATION:6", "TARGETDURATION:5");
    broken(short, ["7.7", "8.2", "HLS 4.4.3.1"], ["7.5"]).await;
    broken(
        |film| film.remove_lines(BIG, "EXT-X-MAP"),
        ["8.20"],
        ["HLS 8"],
    )
    .await;
    broken(big("EXTINF:6,\nbig_0", "EXTINF:5.95,\nbig_0"), ["8.1"], []).await;
    let unequal = |film: &Film| film.cut_last("sound.m3u8");
    broken(unequal, ["8.3"], ["8.22"]).await;
    broken(
        big("EXTINF:6,\nbig_1.m4s", "EXTINF:6,\nbig_0.m4s"),
        ["7.1", "7.3", "8.1", "HLS 6.2.1"],
        ["1.13"],
    )
    .await;
    let shorter = |film: &Film| film.cut_last(SMALL);
    broken(shorter, ["8.7"], ["8.22"]).await;
}

#[tokio::test]
async fn what_media_must_be() {
    let spoiled = ["6.3", "7.4", "HLS 4.4.2.1"];
    broken(|film| film.spoil_idr("big_1.m4s"), spoiled, []).await;
    // Less than a frame, and more.
    broken(|film| film.shift("big_1.m4s", 100), ["7.3"], []).await;
    broken(
        |film| film.shift("big_1.m4s", 12_800),
        ["7.1", "7.3", "8.1"],
        ["1.13"],
    )
    .await;
    broken(|film| film.truncate("big_1.m4s"), ["HLS 3"], []).await;
    broken(|film| film.remove("big_1.m4s"), ["HLS 3"], []).await;
    broken(
        |film| film.write("big_init.mp4", b"nonsense"),
        ["HLS 3"],
        [],
    )
    .await;
    broken(|film| film.few_key_frames(), [], ["1.13"]).await;
}

#[tokio::test]
async fn what_iframes_must_be() {
    let iframes = |from, to| move |film: &Film| film.edit("big_iframes.m3u8", from, to);
    broken(iframes("#EXT-X-I-FRAMES-ONLY\n", ""), ["6.8", "HLS 8"], []).await;
    broken(
        |film| film.move_ranges("big_iframes.m3u8", 8, 0),
        ["6.3", "6.10"],
        [],
    )
    .await;
    broken(
        |film| film.move_ranges("big_iframes.m3u8", 0, -9),
        ["6.3"],
        [],
    )
    .await;
}

#[tokio::test]
async fn sound_of_many_channels_stands_alone() {
    let report = broken(|film| film.become_muxed(), ["9.6", "9.7"], ["9.5", "9.9"]).await;
    assert_eq!(report.playlists, 2);
}

#[tokio::test]
async fn a_gap_is_seen_even_by_a_quick_look() {
    let film = Film::new();
    film.edit(BIG, "#EXTINF:6,\nbig_1.m4s\n", "");
    let report = judged(&film, Depth::Quick).await;
    assert!(rules(&report, Outcome::Fail).contains("8.1"), "{report:?}");
}

#[tokio::test]
async fn what_is_no_presentation_is_not_judged() {
    let film = Film::new();
    for (name, said) in [
        ("nothing.m3u8", "no such playlist"),
        (BIG, "no multivariant playlist"),
        ("big_0.m4s", "no playlist"),
    ] {
        let error = check(Place::File(film.path(name)), Depth::Full).await;
        let error = error.unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
}

#[tokio::test]
async fn a_server_is_asked_with_the_cookie_it_gave() {
    let server = Server::start(Film::new()).await;
    let report = check(server.place("?t=token"), Depth::Full).await.unwrap();
    assert!(report.passed, "{report:?}");
    assert_eq!(rules(&report, Outcome::Warning), BTreeSet::new());
    assert_eq!(rules(&report, Outcome::NotChecked), BTreeSet::new());
    let refused = check(server.place(""), Depth::Full).await.unwrap_err();
    assert!(refused.to_string().contains("403") && refused.help.is_some());
}

#[tokio::test]
async fn a_server_is_judged_by_types_ranges_and_redirects() {
    let server = Server::start(Film::new()).await.typed("text/plain");
    let report = check(server.place("?t=token"), Depth::Full).await.unwrap();
    assert_eq!(rules(&report, Outcome::Warning), BTreeSet::from(["10.4"]));
    let server = Server::start(Film::new()).await.redirecting("big_1.m4s");
    let report = check(server.place("?t=token"), Depth::Full).await.unwrap();
    assert_eq!(rules(&report, Outcome::Fail), BTreeSet::from(["8.18"]));
    let server = Server::start(Film::new()).await.cutting_ranges();
    let report = check(server.place("?t=token"), Depth::Full).await.unwrap();
    assert_eq!(rules(&report, Outcome::Fail), BTreeSet::from(["6.3"]));
}
