//! What others make: nothing is said of it that is not so.

use super::{Depth, Outcome, broken, film::Film, judged, make::ffmpeg, rules};

/// Has ffmpeg make HLS of its own.
fn hls(more: &[&str]) -> Film {
    let film = Film::empty();
    let list = film.path("video.m3u8");
    let mut words = vec![
        "-f",
        "lavfi",
        "-i",
        "testsrc2=size=320x180:rate=25:duration=13",
    ];
    words.extend([
        "-f",
        "lavfi",
        "-i",
        "sine=frequency=300:sample_rate=48000:duration=13",
    ]);
    words.extend([
        "-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-g", "50",
    ]);
    words.extend([
        "-sc_threshold",
        "0",
        "-c:a",
        "aac",
        "-f",
        "hls",
        "-hls_time",
        "6",
    ]);
    words.extend([
        "-hls_playlist_type",
        "vod",
        "-hls_flags",
        "independent_segments",
    ]);
    words.extend(["-master_pl_name", "master.m3u8"]);
    words.extend(more);
    words.push(list.to_str().unwrap());
    ffmpeg(&words);
    film
}

/// What ffmpeg does not write in a multivariant playlist: I-frames, AVERAGE-BANDWIDTH and FRAME-RATE.
/// Of a picture that is encoded to a quality it does not know the rate: it tells that of the sound.
const UNSAID: [&str; 5] = ["1.27", "6.1", "9.13", "9.14", "9.15"];

#[tokio::test]
async fn fragments_of_ffmpeg_lack_what_their_playlist_does_not_say() {
    let film = hls(&["-hls_segment_type", "fmp4"]);
    let report = judged(&film, Depth::Full).await;
    let fails = rules(&report, Outcome::Fail);
    let of_media = fails.iter().filter(|rule| !UNSAID.contains(rule));
    assert_eq!(
        of_media.collect::<Vec<_>>(),
        Vec::<&&str>::new(),
        "{report:?}"
    );
}

#[tokio::test]
async fn of_transport_streams_only_playlists_are_judged() {
    let film = hls(&[]);
    let report = judged(&film, Depth::Full).await;
    let fails = rules(&report, Outcome::Fail);
    let of_media = fails.iter().filter(|rule| !UNSAID.contains(rule));
    assert_eq!(
        of_media.collect::<Vec<_>>(),
        Vec::<&&str>::new(),
        "{report:?}"
    );
    let inapplicable = rules(&report, Outcome::NotApplicable);
    for rule in [
        "1.13",
        "6.3",
        "7.1",
        "7.3",
        "7.4",
        "8.1",
        "8.20",
        "HLS 3.1.2",
        "HLS 4.4.4.1",
        "WEB 1",
    ] {
        assert!(inapplicable.contains(rule), "{rule} {report:?}");
    }
}

#[tokio::test]
async fn sound_alone_has_no_iframes() {
    let film = hls(&["-vn", "-hls_segment_type", "fmp4"]);
    let report = judged(&film, Depth::Full).await;
    let inapplicable = rules(&report, Outcome::NotApplicable);
    for rule in [
        "1.13",
        "6.1",
        "6.3",
        "7.4",
        "9.2",
        "9.5",
        "9.15",
        "VIDEO-RANGE",
        "CAPTIONS",
    ] {
        assert!(inapplicable.contains(rule), "{rule} {report:?}");
    }
    let film = hls(&["-vn"]);
    let report = judged(&film, Depth::Full).await;
    let inapplicable = rules(&report, Outcome::NotApplicable);
    for rule in ["6.1", "7.1", "9.2", "9.15"] {
        assert!(inapplicable.contains(rule), "{rule} {report:?}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_not_judged() {
    let report = broken(|_| {}, [], []).await;
    let inapplicable = rules(&report, Outcome::NotApplicable);
    assert_eq!(inapplicable.into_iter().collect::<Vec<_>>(), ["HLS 3.1.4"]);
}
