//! Renditions in WebVTT, right and broken.

use super::{broken, film::Film};

fn changed(name: &'static str, from: &'static str, to: &'static str) -> impl FnOnce(&Film) {
    move |film: &Film| {
        film.add_subtitles();
        film.edit(name, from, to);
    }
}

#[tokio::test]
async fn right_subtitles_keep_every_rule() {
    let report = broken(Film::add_subtitles, [], []).await;
    assert_eq!(report.playlists, 6);
}

#[tokio::test]
async fn what_a_segment_of_webvtt_must_be() {
    let first = |from, to| changed("subtitles_0.vtt", from, to);
    broken(first("WEBVTT", "1"), ["HLS 3"], []).await;
    broken(first("LOCAL:", "LOCL:"), ["HLS 3.1.4"], []).await;
    broken(first("00:01.000", "00:01,000"), ["HLS 3.1.4"], []).await;
    broken(first("00:01.900", "00:00.900"), ["HLS 3.1.4"], []).await;
    // Ten seconds late, as copied from a transport stream that begins there.
    broken(first("MPEGTS:0", "MPEGTS:900000"), ["HLS 3.1.4"], []).await;
    broken(first("LOCAL:00:00:00", "LOCAL:00:00:10"), ["HLS 3.1.4"], []).await;
    // RFC 8216 §3.5: without a map, cues and media have one time.
    let no_map = first("X-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000\n", "");
    broken(no_map, [], []).await;
    // Cues of another segment.
    let other = |film: &Film| {
        film.add_subtitles();
        film.write("subtitles_1.vtt", &film.read("subtitles_0.vtt"));
    };
    broken(other, ["HLS 3.1.4"], []).await;
}

#[tokio::test]
async fn what_playlists_say_of_subtitles() {
    let list = |from, to| changed("subtitles.m3u8", from, to);
    broken(list("EXTINF:2,", "EXTINF:5,"), ["8.7"], []).await;
    broken(
        list("TARGETDURATION:6", "TARGETDURATION:5"),
        ["HLS 4.4.3.1"],
        [],
    )
    .await;
    broken(list("#EXT-X-PLAYLIST-TYPE:VOD\n", ""), ["8.6"], []).await;
    let gone = |film: &Film| {
        film.add_subtitles();
        film.remove("subtitles_2.vtt");
    };
    broken(gone, ["HLS 3"], []).await;
    let master = |from, to| changed("master.m3u8", from, to);
    broken(
        master(",LANGUAGE=\"en\",AUTOSELECT", ",AUTOSELECT"),
        ["8.10"],
        [],
    )
    .await;
    broken(
        master("GROUP-ID=\"words\"", "GROUP-ID=\"w\""),
        ["HLS 4.4.6.1"],
        [],
    )
    .await;
}
