//! Films that a plain copy would spoil: each plays what it shows, and what was done to it is said.
//! ffmpeg's decoding of the film itself says what that is.

use std::path::{Path, PathBuf};

use reelgate_packager::{Packaged, Wishes};

use crate::{
    outside,
    shelf::{Shelf, WISHES},
};

/// A picture of so many seconds.
fn picture(seconds: f64) -> Vec<String> {
    lavfi(format!("testsrc2=size=320x180:rate=25:duration={seconds}"))
}

/// A sound of so many seconds.
fn sound(seconds: f64) -> Vec<String> {
    lavfi(format!("sine=sample_rate=48000:duration={seconds}"))
}

fn lavfi(source: String) -> Vec<String> {
    vec!["-f".to_owned(), "lavfi".to_owned(), "-i".to_owned(), source]
}

/// H.264 with a key frame every two seconds.
const H264: &str = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 50 -c:a aac";

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

fn ffmpeg(inputs: &[Vec<String>], output: &str, film: &Path) {
    let made = std::process::Command::new("ffmpeg")
        .args(["-v", "error", "-nostdin", "-y"])
        .args(inputs.concat())
        .args(words(output))
        .arg(film)
        .output()
        .unwrap();
    let complaints = String::from_utf8_lossy(&made.stderr);
    assert!(made.status.success(), "{output}: {complaints}");
}

/// Makes a film of `inputs`.
fn make(shelf: &Shelf, name: &str, inputs: &[Vec<String>], output: &str) -> PathBuf {
    let film = shelf.films().join(name);
    ffmpeg(inputs, output, &film);
    film
}

fn file(film: &Path) -> Vec<String> {
    vec!["-i".to_owned(), film.to_str().unwrap().to_owned()]
}

/// Packages a film whose every picture is there afterwards, and which breaks no rule.
async fn packaged(shelf: &Shelf, film: &Path, wishes: Wishes) -> Packaged {
    let shown = outside::frames(film, "v:0");
    shows(shelf, film, wishes, shown).await
}

/// Packages a film that shows so many pictures.
async fn shows(shelf: &Shelf, film: &Path, wishes: Wishes, shown: u64) -> Packaged {
    let packaged = shelf.package(film, wishes).await.unwrap();
    let master = shelf.file("master.m3u8");
    assert_eq!(outside::frames(&master, "v:0"), shown, "{packaged:?}");
    keeps_the_rules(shelf).await;
    packaged
}

async fn keeps_the_rules(shelf: &Shelf) {
    let broken = shelf.broken_rules("master.m3u8").await;
    assert_eq!(broken, Vec::<String>::new());
}

/// Seconds that the playlist of an edition says it lasts.
fn told(shelf: &Shelf, playlist: &str) -> f64 {
    let text = shelf.text(playlist);
    let lasts = text
        .lines()
        .filter_map(|line| line.strip_prefix("#EXTINF:"));
    lasts
        .map(|line| line.trim_end_matches(',').parse::<f64>().unwrap())
        .sum()
}

fn is_near(one: f64, other: f64) {
    assert!((one - other).abs() < 0.1, "{one} is not {other}");
}

#[tokio::test]
async fn a_trimmed_film_plays_what_its_edit_list_shows() {
    let shelf = Shelf::new().await;
    let long = make(&shelf, "long.mp4", &[picture(10.0), sound(10.0)], H264);
    let cut = [words("-ss 3.3"), file(&long)];
    let film = make(&shelf, "trimmed.mp4", &cut, "-c copy");
    // Its pictures begin at the key frame of 2 s, and 1.3 s of them are not to be seen.
    assert!(outside::packets(&film) > outside::frames(&film, "v:0"));
    let packaged = packaged(&shelf, &film, WISHES).await;
    assert_eq!(packaged.video, "encoded, for it is cut by an edit list");
}

#[tokio::test]
async fn a_sound_that_ends_early_goes_on_in_silence() {
    for seconds in [11.8, 4.0] {
        let shelf = Shelf::new().await;
        let film = make(&shelf, "short.mp4", &[picture(13.0), sound(seconds)], H264);
        let packaged = packaged(&shelf, &film, WISHES).await;
        assert_eq!(packaged.video, "copied");
        let audio = packaged.audio.unwrap();
        assert!(
            audio.ends_with("s before the picture, and goes on in silence"),
            "{audio}"
        );
        is_near(outside::end(&shelf.file("master.m3u8"), "a:0"), 13.0);
    }
}

#[tokio::test]
async fn the_last_picture_of_a_copy_is_held_a_little() {
    let shelf = Shelf::new().await;
    let film = make(&shelf, "later.mp4", &[picture(12.0), sound(15.0)], H264);
    let packaged = packaged(&shelf, &film, WISHES).await;
    let how = (packaged.video.as_str(), packaged.audio.as_deref());
    assert_eq!(how, ("copied", Some("copied")));
    let picture = format!("{}/video.m3u8", packaged.edition);
    is_near(told(&shelf, &picture), 15.0);
    is_near(outside::end(&shelf.file("master.m3u8"), "a:0"), 15.0);
    // A copy has the bytes, a longer last sample, and ffprobe's word for it.
    let part = |name: &str| std::fs::read(shelf.file(&format!("{}/{name}", packaged.edition)));
    let last = [part("init.mp4").unwrap(), part("seg_00001.m4s").unwrap()].concat();
    let alone = shelf.films().join("last.mp4");
    std::fs::write(&alone, last).unwrap();
    let ends = outside::stream(&alone, "v:0", "duration");
    is_near(ends.parse().unwrap(), 15.0);
}

#[tokio::test]
async fn the_last_picture_is_held_while_the_sound_goes_on() {
    let shelf = Shelf::new().await;
    let film = make(&shelf, "held.mp4", &[picture(1.0), sound(30.0)], H264);
    let packaged = shelf.package(&film, WISHES).await.unwrap();
    keeps_the_rules(&shelf).await;
    assert_eq!(
        packaged.video,
        "encoded, for it ends 29.0 s before the sound, and is held"
    );
    is_near(packaged.duration_seconds, 30.0);
    is_near(outside::end(&shelf.file("master.m3u8"), "a:0"), 30.0);
    is_near(outside::end(&shelf.file("master.m3u8"), "v:0"), 30.0);
}

#[tokio::test]
async fn a_picture_that_begins_late_is_shown_from_the_beginning() {
    let shelf = Shelf::new().await;
    let late = [words("-itsoffset 2"), picture(6.0), sound(8.0)];
    let film = make(&shelf, "late.mkv", &late, H264);
    // Matroska begins where the sound's encoder does: 2.021 s of 25 pictures more.
    let packaged = shows(&shelf, &film, WISHES, 150 + 51).await;
    let reason = "encoded, for it begins 2.0 s after the sound, and is shown before";
    assert_eq!(packaged.video, reason);
    let start = outside::start(&shelf.file("master.m3u8"));
    is_near(start.picture, start.sound);
    is_near(packaged.duration_seconds, 8.0);
}

#[tokio::test]
async fn a_sound_that_begins_late_has_silence_before_it() {
    let shelf = Shelf::new().await;
    let late = [picture(8.0), words("-itsoffset 3"), sound(5.0)];
    let film = make(&shelf, "late.mkv", &late, H264);
    let packaged = packaged(&shelf, &film, WISHES).await;
    assert_eq!(packaged.video, "copied");
    let reason = "encoded, for it begins 3.0 s after the picture";
    assert_eq!(packaged.audio.as_deref(), Some(reason));
    let start = outside::start(&shelf.file("master.m3u8"));
    is_near(start.picture, start.sound);
}

#[tokio::test]
async fn a_program_config_element_is_no_sound_for_browsers() {
    let shelf = Shelf::new().await;
    let side = format!("{H264} -ac 6 -channel_layout 5.1(side)");
    let film = make(&shelf, "side.mp4", &[picture(6.0), sound(6.0)], &side);
    let packaged = packaged(&shelf, &film, WISHES).await;
    assert_eq!(packaged.video, "copied");
    let reason = "encoded, for it has a program config element, which browsers do not play";
    assert_eq!(packaged.audio.as_deref(), Some(reason));
}

#[tokio::test]
async fn open_groups_are_told_and_the_strict_encode_them() {
    let open = "-c:v libx264 -pix_fmt yuv420p -x264-params open-gop=1:keyint=50:min-keyint=50";
    let shelf = Shelf::new().await;
    let film = make(&shelf, "open.mkv", &[picture(12.0)], open);
    let copied = packaged(&shelf, &film, WISHES).await;
    assert_eq!(copied.video, "copied, with open groups of pictures");
    let wishes = Wishes {
        strict: true,
        ..WISHES
    };
    let encoded = packaged(&shelf, &film, wishes).await;
    assert_eq!(encoded.video, "encoded, for it has open groups of pictures");
}

#[tokio::test]
async fn open_groups_without_an_end_are_encoded() {
    let open = "-c:v libx264 -pix_fmt yuv420p -x264-params open-gop=1:keyint=50:min-keyint=50";
    let shelf = Shelf::new().await;
    let film = make(&shelf, "open.mkv", &[picture(40.0)], open);
    let packaged = packaged(&shelf, &film, WISHES).await;
    let reason = "encoded, for it has open groups of pictures, and none closed for";
    assert!(packaged.video.starts_with(reason), "{}", packaged.video);
}

#[tokio::test]
async fn fragments_that_do_not_know_how_long_they_are_and_begin_late_are_copied() {
    let shelf = Shelf::new().await;
    let late = format!("{H264} -output_ts_offset 40 -movflags +frag_keyframe+empty_moov");
    let film = make(&shelf, "late.mp4", &[picture(8.0), sound(8.0)], &late);
    let packaged = packaged(&shelf, &film, WISHES).await;
    assert_eq!(packaged.video, "copied");
    is_near(packaged.duration_seconds, 8.0);
}

/// A recording of another size, or one that begins at another time, behind the first.
fn joined(shelf: &Shelf, second: &str, later: &str) -> PathBuf {
    let one = make(shelf, "one.ts", &[picture(6.0), sound(6.0)], H264);
    let other = lavfi(format!("testsrc2=size={second}:rate=25:duration=6"));
    let output = format!("{H264} {later}");
    let two = make(shelf, "two.ts", &[other, sound(6.0)], &output);
    let film = shelf.films().join("joined.ts");
    let bytes = [std::fs::read(one).unwrap(), std::fs::read(two).unwrap()].concat();
    std::fs::write(&film, bytes).unwrap();
    film
}

#[tokio::test]
async fn time_that_jumps_is_made_continuous() {
    let shelf = Shelf::new().await;
    let film = joined(&shelf, "320x180", "-output_ts_offset 40000");
    let packaged = shows(&shelf, &film, WISHES, 300).await;
    is_near(packaged.duration_seconds, 12.0);
}

#[tokio::test]
async fn pictures_of_two_sizes_become_pictures_of_one() {
    let shelf = Shelf::new().await;
    let film = joined(&shelf, "640x360", "-output_ts_offset 6");
    let packaged = shows(&shelf, &film, WISHES, 300).await;
    assert_eq!(
        packaged.video,
        "encoded, for it changes its size or form on the way"
    );
    assert_eq!(packaged.resolution, (320, 180));
}

#[tokio::test]
async fn a_film_of_another_tag_is_copied() {
    let shelf = Shelf::new().await;
    let long = make(&shelf, "long.mp4", &[picture(6.0), sound(6.0)], H264);
    let film = make(&shelf, "avc3.mp4", &[file(&long)], "-c copy -tag:v avc3");
    let packaged = packaged(&shelf, &film, WISHES).await;
    assert_eq!(packaged.video, "copied");
    assert!(packaged.codecs.starts_with("avc1."), "{}", packaged.codecs);
}

#[tokio::test]
async fn pictures_that_do_not_say_when_they_are_shown_are_encoded() {
    let shelf = Shelf::new().await;
    let avi = format!("{H264} -preset fast -bf 3");
    let film = make(&shelf, "timeless.avi", &[picture(6.0)], &avi);
    let packaged = packaged(&shelf, &film, WISHES).await;
    assert_eq!(
        packaged.video,
        "encoded, for it does not say when its pictures are shown"
    );
}

#[tokio::test]
async fn one_key_frame_in_all_is_one_segment() {
    let shelf = Shelf::new().await;
    let one = format!("{H264} -g 9999 -keyint_min 9999 -sc_threshold 0");
    let film = make(&shelf, "one.mp4", &[picture(30.0), sound(30.0)], &one);
    packaged(&shelf, &film, WISHES).await;
}

#[tokio::test]
async fn a_sound_that_nobody_can_decode_is_left_out_and_named() {
    let shelf = Shelf::new().await;
    let two = format!("-map 0 -map 1 -map 2 {H264}");
    let inputs = [picture(6.0), sound(6.0), sound(6.0)];
    let film = make(&shelf, "apac.mp4", &inputs, &two);
    let mut bytes = std::fs::read(&film).unwrap();
    for (kind, other) in [(b"mp4a", b"apac"), (b"esds", b"dapa")] {
        let last = bytes.windows(4).rposition(|window| window == kind).unwrap();
        bytes[last..last + 4].copy_from_slice(other);
    }
    std::fs::write(&film, bytes).unwrap();
    let packaged = packaged(&shelf, &film, WISHES).await;
    assert_eq!(packaged.sounds, 1);
    assert_eq!(packaged.left_out, ["audio stream 2 (unknown)"]);
}

#[tokio::test]
async fn what_moves_is_the_film_and_the_larger_still_is_named() {
    let shelf = Shelf::new().await;
    let still = lavfi("testsrc2=size=640x480:rate=1:duration=1".to_owned());
    let output = "-map 0 -map 1 -c:v:0 libx264 -pix_fmt yuv420p -c:v:1 mjpeg";
    let film = make(&shelf, "still.mov", &[picture(6.0), still], output);
    let packaged = packaged(&shelf, &film, WISHES).await;
    assert_eq!(packaged.resolution, (320, 180));
    assert_eq!(packaged.left_out, ["video stream 1 (mjpeg, a still)"]);
}

#[tokio::test]
async fn encrypted_films_are_refused_as_such() {
    let shelf = Shelf::new().await;
    let key = "00112233445566778899aabbccddeeff";
    let scheme = "-encryption_scheme cenc-aes-ctr";
    let output = format!("{H264} {scheme} -encryption_key {key} -encryption_kid {key}");
    let film = make(&shelf, "locked.mp4", &[picture(2.0), sound(2.0)], &output);
    let error = shelf.package(&film, WISHES).await.unwrap_err();
    assert!(error.to_string().ends_with("is encrypted"), "{error}");
    assert!(error.help().unwrap().contains("before it was encrypted"));
    assert_eq!(shelf.objects(), []);
}

#[tokio::test]
async fn light_of_a_high_range_becomes_that_of_every_screen() {
    for (transfer, name) in [("smpte2084", "PQ"), ("arib-std-b67", "HLG")] {
        let shelf = Shelf::new().await;
        let colours = format!(
            "-color_primaries bt2020 -color_trc {transfer} -colorspace bt2020nc -pix_fmt yuv420p10le"
        );
        let output =
            format!("-c:v libx265 -preset ultrafast -x265-params log-level=error {colours}");
        let small = lavfi("testsrc2=size=160x90:rate=25:duration=2".to_owned());
        let film = make(&shelf, "hdr.mp4", &[small], &output);
        let packaged = packaged(&shelf, &film, WISHES).await;
        let reason = format!("encoded, for it is {name}, which zscale makes SDR");
        assert_eq!(packaged.video, reason);
        let fields = "pix_fmt,color_transfer";
        let master = shelf.file("master.m3u8");
        assert_eq!(outside::stream(&master, "v:0", fields), "yuv420p,bt709");
    }
}

#[tokio::test]
async fn who_wants_copies_only_is_told_why_there_is_none() {
    let copies = Wishes {
        copy_only: true,
        ..WISHES
    };
    let shelf = Shelf::new().await;
    let film = make(&shelf, "short.mp4", &[picture(8.0), sound(4.0)], H264);
    let error = shelf.package(&film, copies).await.unwrap_err();
    assert!(error.to_string().contains("the sound at 4.0 s"), "{error}");
    assert_eq!(shelf.objects(), []);
    let film = make(&shelf, "mpeg4.mkv", &[picture(2.0)], "-c:v mpeg4");
    let error = shelf.package(&film, copies).await.unwrap_err();
    let reason = "cannot be copied: its picture is mpeg4, not h264";
    assert!(error.to_string().ends_with(reason), "{error}");
}

/// The first half of a film.
fn half(shelf: &Shelf, name: &str, output: &str) -> PathBuf {
    let film = make(shelf, name, &[picture(12.0), sound(12.0)], output);
    let whole = std::fs::read(&film).unwrap();
    std::fs::write(&film, &whole[..whole.len() / 2]).unwrap();
    film
}

#[tokio::test]
async fn a_truncated_film_is_refused_as_such_and_can_be_salvaged() {
    let faststart = format!("{H264} -movflags +faststart");
    for (name, output, told) in [
        ("half.mp4", faststart.as_str(), "is truncated: "),
        ("half.mkv", H264, "is damaged: it says it lasts 12.0 s"),
    ] {
        let shelf = Shelf::new().await;
        let film = half(&shelf, name, output);
        let error = shelf.package(&film, WISHES).await.unwrap_err();
        assert!(error.to_string().contains(told), "{error}");
        assert!(error.help().unwrap().contains("--salvage"));
        assert_eq!(shelf.objects(), []);
        let packaged = shelf.salvage(&film, WISHES).await.unwrap();
        assert!(packaged.salvaged, "{packaged:?}");
        let missing = "only a part of the film is packaged";
        let mut warnings = packaged.warnings.iter();
        assert!(warnings.any(|warning| warning.starts_with(missing)));
        assert!((4.0..9.0).contains(&packaged.duration_seconds));
        assert!(shelf.text("package.json").contains("\"salvaged\": true"));
        keeps_the_rules(&shelf).await;
    }
}

/// A recording of a broadcast, say, whose reception failed for a while.
#[tokio::test]
async fn a_transport_stream_with_a_hole_is_encoded_and_says_so() {
    let shelf = Shelf::new().await;
    let film = make(&shelf, "hole.ts", &[picture(12.0), sound(12.0)], H264);
    let whole = std::fs::read(&film).unwrap();
    let packets = whole.len() / 188;
    let hole = 188 * (packets * 2 / 5)..188 * (packets * 3 / 5);
    std::fs::write(&film, [&whole[..hole.start], &whole[hole.end..]].concat()).unwrap();
    let packaged = shelf.package(&film, WISHES).await.unwrap();
    let mut warnings = packaged.warnings.iter();
    let damaged = |warning: &String| warning.starts_with("the film is damaged: ");
    assert!(warnings.any(damaged), "{:?}", packaged.warnings);
    // A copy stops Chromium for good.
    assert_eq!(packaged.video, "encoded, for it comes with corrupt packets");
    keeps_the_rules(&shelf).await;
}

#[tokio::test]
async fn a_film_without_its_index_is_beyond_help() {
    let shelf = Shelf::new().await;
    let film = half(&shelf, "half.mp4", H264);
    let error = shelf.package(&film, WISHES).await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("the index at its end is missing")
    );
    assert!(error.help().unwrap().contains("--salvage does not help"));
}
