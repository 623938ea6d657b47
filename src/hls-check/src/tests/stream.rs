//! Boxes and bit streams against the playlists.

use super::{broken, film::Film};

const CAPTIONS: &str = "#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID=\"cc\",NAME=\"English\",LANGUAGE=\"en\",\
    INSTREAM-ID=\"CC1\"\n";

fn muxed(sound: &'static str, more: &'static [&'static str]) -> impl FnOnce(&Film) {
    move |film: &Film| film.mux(sound, more)
}

#[tokio::test]
async fn picture_and_sound_in_one_file_end_together() {
    broken(muxed("14", &[]), [], ["9.5", "9.9"]).await;
    broken(muxed("13.7", &[]), [], ["8.3", "9.5", "9.9"]).await;
    broken(muxed("12.8", &[]), ["8.3", "HLS 4.4.4.1"], ["9.5", "9.9"]).await;
    broken(muxed("17", &[]), ["8.3", "HLS 4.4.4.1"], ["9.5", "9.9"]).await;
    // No sound at all in the last segment.
    let report = broken(muxed("11", &[]), ["HLS 4.4.4.1"], ["9.5", "9.9"]).await;
    let rule = report.rules.iter().find(|it| it.rule == "HLS 4.4.4.1");
    assert!(
        format!("{rule:?}").contains("holds nothing of mp4a.40.2"),
        "{rule:?}"
    );
}

#[tokio::test]
async fn aac_that_lists_its_channels_is_played_by_no_browser() {
    broken(|film| film.list_channels("sound_init.mp4"), ["WEB 1"], []).await;
}

#[tokio::test]
async fn edit_lists_leave_out_priming_and_nothing_else() {
    // 12,800 ticks a second: within a frame, and two seconds.
    broken(|film| film.edit_from("big_init.mp4", 512), [], []).await;
    broken(
        |film| film.edit_from("big_init.mp4", 25_600),
        ["HLS 3.1.2"],
        [],
    )
    .await;
    // 48,000: the priming of AAC is 1024, and one second is none.
    broken(
        |film| film.edit_from("sound_init.mp4", 48_000),
        ["HLS 3.1.2"],
        [],
    )
    .await;
}

#[tokio::test]
async fn the_dynamic_range_is_told() {
    const HLG: &[&str] = &[
        "-color_trc",
        "arib-std-b67",
        "-colorspace",
        "bt2020nc",
        "-color_primaries",
        "bt2020",
    ];
    const PQ: &[&str] = &[
        "-color_trc",
        "smpte2084",
        "-colorspace",
        "bt2020nc",
        "-color_primaries",
        "bt2020",
    ];
    let told = |colours: &'static [&'static str], range: &'static str| {
        move |film: &Film| {
            film.mux("14", colours);
            film.edit("master.m3u8", ",RESOLUTION", &format!("{range},RESOLUTION"));
        }
    };
    let always = ["9.5", "9.9"];
    broken(told(HLG, ",VIDEO-RANGE=HLG"), [], always).await;
    broken(told(HLG, ""), ["VIDEO-RANGE"], always).await;
    broken(told(HLG, ",VIDEO-RANGE=PQ"), ["VIDEO-RANGE"], always).await;
    broken(told(PQ, ",VIDEO-RANGE=PQ"), [], always).await;
    // By the parameter sets, where no box says it.
    let unboxed = |film: &Film| {
        film.mux("14", PQ);
        film.forget_box("muxed_init.mp4", b"colr");
    };
    broken(unboxed, ["VIDEO-RANGE"], always).await;
    let hevc = |film: &Film| {
        film.mux(
            "14",
            &[
                "-c:v",
                "libx265",
                "-x265-params",
                "log-level=error:keyint=50:scenecut=0:open-gop=0:transfer=smpte2084",
            ],
        );
    };
    broken(hevc, ["VIDEO-RANGE"], always).await;
}

#[tokio::test]
async fn captions_are_announced() {
    let announced = |film: &Film| {
        film.edit(
            "master.m3u8",
            "#EXT-X-MEDIA:TYPE=AUDIO",
            &format!("{CAPTIONS}#EXT-X-MEDIA:TYPE=AUDIO"),
        );
        film.edit(
            "master.m3u8",
            "-STREAM-INF:BANDWIDTH",
            "-STREAM-INF:CLOSED-CAPTIONS=\"cc\",BANDWIDTH",
        );
    };
    let both = |film: &Film| {
        for size in ["big", "small"] {
            film.caption(&format!("{size}_0.m4s"), [0x94, 0x20]);
        }
    };
    broken(both, [], ["CAPTIONS"]).await;
    let right = |film: &Film| {
        both(film);
        announced(film);
    };
    broken(right, [], []).await;
    broken(announced, ["CAPTIONS"], []).await;
    let padding = |film: &Film| {
        announced(film);
        for size in ["big", "small"] {
            film.caption(&format!("{size}_0.m4s"), [0x80, 0x80]);
        }
    };
    broken(padding, ["CAPTIONS"], []).await;
    let denied = |film: &Film| {
        both(film);
        film.edit(
            "master.m3u8",
            "-STREAM-INF:BANDWIDTH",
            "-STREAM-INF:CLOSED-CAPTIONS=NONE,BANDWIDTH",
        );
    };
    broken(denied, ["CAPTIONS"], []).await;
    let nowhere = |film: &Film| {
        right(film);
        film.edit("master.m3u8", "GROUP-ID=\"cc\"", "GROUP-ID=\"dd\"");
    };
    broken(nowhere, ["HLS 4.4.6.1"], []).await;
}

#[tokio::test]
async fn segments_that_stand_alone_begin_no_open_gop() {
    const OPEN: &[&str] = &[
        "-bf",
        "2",
        "-x264-params",
        "open-gop=1:keyint=50:min-keyint=50:scenecut=0:bframes=2:b-adapt=0",
    ];
    let report = broken(
        muxed("14", OPEN),
        ["6.3", "7.4", "HLS 4.4.2.1"],
        ["9.5", "9.9"],
    )
    .await;
    let rule = report.rules.iter().find(|it| it.rule == "HLS 4.4.2.1");
    assert!(
        format!("{rule:?}").contains("an open GOP; pictures that need the segment before: 1"),
        "{rule:?}"
    );
    const CRA: &[&str] = &[
        "-c:v",
        "libx265",
        "-x265-params",
        "log-level=error:keyint=50:min-keyint=50:scenecut=0:open-gop=1:bframes=2:b-adapt=0",
    ];
    let report = broken(
        muxed("14", CRA),
        ["6.3", "7.4", "HLS 4.4.2.1"],
        ["9.5", "9.9"],
    )
    .await;
    let rule = report.rules.iter().find(|it| it.rule == "HLS 4.4.2.1");
    assert!(format!("{rule:?}").contains("a CRA picture"), "{rule:?}");
}

#[tokio::test]
async fn an_iframe_lasts_until_the_next_that_is_listed() {
    let thin = |film: &Film| film.thin_iframes("big_iframes.m3u8");
    broken(thin, [], []).await;
    let late = |film: &Film| {
        film.thin_iframes("big_iframes.m3u8");
        film.edit("big_iframes.m3u8", "EXTINF:4,", "EXTINF:3.9,");
    };
    broken(late, ["8.1", "8.7"], []).await;
    let long = |film: &Film| film.edit("big_iframes.m3u8", "TARGETDURATION:2", "TARGETDURATION:1");
    // No run of I-frames is as short as that target, so their rate is the average then.
    broken(long, ["6.9", "HLS 4.4.3.1"], []).await;
}
