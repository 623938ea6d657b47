//! Every odd kind of film plays as it did.

use std::path::Path;

use reelgate_packager::{Error, Wishes};

use crate::{
    encodes::{ENCODES, Encode, no_video, truncated},
    outside,
    shelf::{Shelf, WISHES},
};

fn encode(kind: &str) -> Encode {
    let found = ENCODES.iter().find(|encode| encode.kind.contains(kind));
    *found.unwrap()
}

/// Packages the film of a kind, and plays it to the end: all its pictures are there, and the sound
/// begins when it did.
async fn plays(kind: &str, wishes: Wishes) -> (Shelf, reelgate_packager::Packaged) {
    let shelf = Shelf::new().await;
    let film = encode(kind).make(&shelf.films());
    let packaged = shelf.package(&film, wishes).await.unwrap();
    let master = shelf.file("master.m3u8");
    assert_eq!(
        outside::frames(&master, "v:0"),
        outside::packets(&film),
        "{kind}"
    );
    if packaged.audio.is_some() {
        let (before, after) = (outside::start(&film), outside::start(&master));
        // A thousandth is as fine as Matroska tells time; another codec may begin a block earlier.
        let (was, is) = (before.offset(), after.offset());
        assert!((was - is).abs() < 0.025, "{kind}: {before:?} {after:?}");
    }
    i_frames_are_pictures(&shelf, &format!("{}/iframes.m3u8", packaged.edition));
    let broken = shelf.broken_rules("master.m3u8").await;
    assert_eq!(broken, Vec::<String>::new(), "{kind}");
    (shelf, packaged)
}

/// Each range of a playlist of I-frames, behind the init section, is decoded to one key frame.
fn i_frames_are_pictures(shelf: &Shelf, name: &str) {
    let playlist = shelf.text(name);
    let folder = Path::new(name).parent().unwrap();
    let file = |uri: &str| std::fs::read(shelf.file(folder.join(uri).to_str().unwrap())).unwrap();
    let (mut range, mut count) = ((0, 0), 0);
    for line in playlist.lines() {
        if let Some(place) = line.strip_prefix("#EXT-X-BYTERANGE:") {
            let (length, offset) = place.split_once('@').unwrap();
            range = (
                offset.parse::<usize>().unwrap(),
                length.parse::<usize>().unwrap(),
            );
        } else if !line.starts_with('#') {
            let bytes = &file(line)[range.0..range.0 + range.1];
            assert_eq!(&bytes[4..8], b"moof", "{line} {range:?}");
            let alone = shelf.films().join("i-frame.mp4");
            std::fs::write(&alone, [&file("init.mp4"), bytes].concat()).unwrap();
            let entries = "frame=key_frame,pict_type";
            let shown = std::process::Command::new("ffprobe")
                .args([
                    "-v",
                    "quiet",
                    "-select_streams",
                    "v:0",
                    "-show_entries",
                    entries,
                ])
                .args(["-of", "csv=p=0"])
                .arg(&alone)
                .output()
                .unwrap();
            let shown = String::from_utf8(shown.stdout).unwrap();
            assert!(shown.starts_with("1,I"), "{line} {range:?}: {shown}");
            count += 1;
        }
    }
    assert!(count > 0, "{playlist}");
}

#[tokio::test]
async fn variable_frame_rate_is_copied() {
    let (_, packaged) = plays("variable", WISHES).await;
    assert_eq!(packaged.video, "copied");
}

#[tokio::test]
async fn variable_frame_rate_keeps_its_frames_when_encoded() {
    let wishes = Wishes {
        encode: true,
        ..WISHES
    };
    plays("variable", wishes).await;
}

#[tokio::test]
async fn sound_that_begins_later_does() {
    let (shelf, packaged) = plays("edit lists", WISHES).await;
    assert_eq!(packaged.video, "copied");
    // Browsers do not heed an empty edit, so there must be none.
    let init = std::fs::read(shelf.file(&format!("{}/init.mp4", packaged.edition))).unwrap();
    let lists = init
        .windows(4)
        .enumerate()
        .filter(|(_, kind)| kind == b"elst");
    for (at, _) in lists {
        let entries = &init[at + 8..];
        assert_eq!(entries[..4], 1_u32.to_be_bytes());
        assert_ne!(entries[8..12], (-1_i32).to_be_bytes());
    }
}

#[tokio::test]
async fn a_silent_film_is_silent() {
    let (_, packaged) = plays("no sound", WISHES).await;
    assert_eq!((packaged.audio, packaged.sounds), (None, 0));
}

#[tokio::test]
async fn all_languages_are_there() {
    let (shelf, packaged) = plays("languages", WISHES).await;
    assert_eq!(packaged.sounds, 3);
    let master = shelf.text("master.m3u8");
    let sounds: Vec<&str> = master
        .lines()
        .filter(|line| line.contains("TYPE=AUDIO"))
        .collect();
    let told = |number: usize, what: &str| {
        assert!(
            sounds[number].contains(what),
            "{} lacks {what}",
            sounds[number]
        );
    };
    told(
        0,
        "LANGUAGE=\"en\",NAME=\"English\",AUTOSELECT=YES,CHANNELS=",
    );
    told(
        1,
        "LANGUAGE=\"de\",NAME=\"Deutsch\",DEFAULT=YES,AUTOSELECT=YES,CHANNELS=",
    );
    told(
        2,
        "LANGUAGE=\"fr\",NAME=\"Français\",AUTOSELECT=YES,CHANNELS=",
    );
    for number in 0..3 {
        let playlist = format!("{}/audio-{number}/audio.m3u8", packaged.edition);
        let path = shelf.file(&playlist);
        assert_eq!(outside::stream(&path, "a:0", "codec_name"), "aac");
        assert!(
            outside::frames(&path, "a:0") == 0,
            "no picture is in a sound"
        );
        // Cut where the picture is: 6 and 6 seconds, within a block of the sound.
        let text = shelf.text(&playlist);
        let lasts: Vec<f64> = text
            .lines()
            .filter_map(|line| {
                line.strip_prefix("#EXTINF:")?
                    .strip_suffix(',')?
                    .parse()
                    .ok()
            })
            .collect();
        assert_eq!(lasts.len(), 2, "{text}");
        assert!(
            lasts.iter().all(|seconds| (seconds - 6.0).abs() < 0.2),
            "{lasts:?}"
        );
    }
}

#[tokio::test]
async fn a_turned_film_stands_upright() {
    let (shelf, packaged) = plays("turned", WISHES).await;
    assert_eq!(packaged.resolution, (180, 320));
    let seen = outside::stream(&shelf.file("master.m3u8"), "v:0", "width,height");
    assert_eq!(seen, "180,320");
}

#[tokio::test]
async fn halves_are_put_together() {
    let (shelf, packaged) = plays("interlaced", WISHES).await;
    assert_eq!(packaged.video, "encoded, for it is interlaced");
    assert!(!outside::is_interlaced(&shelf.file("master.m3u8")));
}

#[tokio::test]
async fn ten_bits_become_eight() {
    let (shelf, _) = plays("10 bits", WISHES).await;
    let format = outside::stream(&shelf.file("master.m3u8"), "v:0", "profile,pix_fmt");
    assert_eq!(format, "High,yuv420p");
}

#[tokio::test]
async fn surround_is_copied_and_stands_apart() {
    let (shelf, packaged) = plays("5.1", WISHES).await;
    assert_eq!(packaged.audio.as_deref(), Some("copied"));
    assert!(shelf.text("master.m3u8").contains("CHANNELS=\"6\""));
    let sound = shelf.file(&format!("{}/audio-0/audio.m3u8", packaged.edition));
    assert_eq!(
        outside::stream(&sound, "a:0", "codec_name,channels"),
        "aac,6"
    );
}

#[tokio::test]
async fn other_codecs_are_encoded_with_key_frames_on_the_grid() {
    for kind in ["HEVC", "VP9", "AV1"] {
        let (shelf, packaged) = plays(kind, WISHES).await;
        let master = shelf.file("master.m3u8");
        assert_eq!(
            outside::stream(&master, "v:0", "codec_name,pix_fmt"),
            "h264,yuv420p"
        );
        assert_eq!(
            outside::stream(&master, "a:0", "codec_name,channels")
                .split(',')
                .next(),
            Some("aac")
        );
        let playlist = shelf.text(&format!("{}/iframes.m3u8", packaged.edition));
        let lasts: Vec<&str> = playlist
            .lines()
            .filter(|line| line.starts_with("#EXTINF"))
            .collect();
        assert_eq!(lasts, ["#EXTINF:2,"; 6], "{kind}");
    }
}

#[tokio::test]
async fn seldom_key_frames_are_copied_with_a_warning() {
    let (_, packaged) = plays("ten seconds", WISHES).await;
    assert_eq!(packaged.video, "copied");
    let [warning] = packaged.warnings.as_slice() else {
        panic!("{:?}", packaged.warnings);
    };
    assert!(
        warning.starts_with("the longest segment lasts 10.0 s"),
        "{warning}"
    );
}

#[tokio::test]
async fn the_strict_encode_what_has_seldom_key_frames() {
    let strict = Wishes {
        strict: true,
        ..WISHES
    };
    let (_, packaged) = plays("ten seconds", strict).await;
    assert_eq!(
        packaged.video,
        "encoded, for it has key frames 10.0 s apart"
    );
    assert_eq!(packaged.warnings, Vec::<String>::new());
}

#[tokio::test]
async fn a_long_gap_is_found_where_nobody_had_looked() {
    let shelf = Shelf::new().await;
    let film = shelf.films().join("late.mp4");
    let made = std::process::Command::new("ffmpeg")
        .args([
            "-v",
            "error",
            "-f",
            "lavfi",
            "-i",
            "testsrc2=size=64x36:rate=5:duration=80",
        ])
        .args([
            "-c:v",
            "libx264",
            "-preset",
            "ultrafast",
            "-pix_fmt",
            "yuv420p",
            "-g",
            "999",
        ])
        .args(["-force_key_frames", "expr:lt(t,66)*gte(t,n_forced*2)"])
        .arg(&film)
        .status();
    assert!(made.unwrap().success());
    let strict = Wishes {
        strict: true,
        ..WISHES
    };
    let packaged = shelf.package(&film, strict).await.unwrap();
    assert!(
        packaged
            .video
            .starts_with("encoded, for it has key frames 1"),
        "{packaged:?}"
    );
    assert_eq!(outside::frames(&shelf.file("master.m3u8"), "v:0"), 400);
    // Nothing is left of the copy.
    let editions = shelf.objects().into_iter().filter_map(|object| {
        object
            .0
            .split_once('/')
            .map(|(edition, _)| edition.to_owned())
    });
    assert!(
        editions
            .into_iter()
            .all(|edition| edition == packaged.edition)
    );
}

#[tokio::test]
async fn a_film_that_breaks_off_is_none() {
    let shelf = Shelf::new().await;
    let film = truncated(&shelf.films());
    let error = shelf.package(&film, WISHES).await.unwrap_err();
    assert!(matches!(error, Error::Truncated { .. }), "{error}");
    assert_eq!(shelf.objects(), []);
}

#[tokio::test]
async fn text_is_no_film() {
    let shelf = Shelf::new().await;
    let film = no_video(&shelf.films());
    let error = shelf.package(&film, WISHES).await.unwrap_err();
    assert!(
        matches!(error, Error::NotMedia { .. } | Error::NoPlan { .. }),
        "{error}"
    );
}
