//! A ladder: all rungs show all of the film, cut at the same times.

use reelgate_packager::{Ladder, Wishes};

use crate::{
    encodes::ENCODES,
    outside,
    shelf::{Shelf, WISHES},
};

const ABR: Wishes = Wishes {
    ladder: Ladder::Abr,
    ..WISHES
};

fn durations(playlist: &str) -> Vec<&str> {
    playlist
        .lines()
        .filter(|line| line.starts_with("#EXTINF"))
        .collect()
}

#[tokio::test]
async fn every_rung_shows_all_and_the_film_stays_playable() {
    let shelf = Shelf::new().await;
    let film = shelf.films().join("hd.mp4");
    let made = std::process::Command::new("ffmpeg")
        .args([
            "-v",
            "error",
            "-f",
            "lavfi",
            "-i",
            "testsrc2=size=854x480:rate=25:duration=7",
        ])
        .args([
            "-f",
            "lavfi",
            "-i",
            "sine=frequency=440:sample_rate=48000:duration=7",
        ])
        .args([
            "-c:v",
            "libx264",
            "-preset",
            "ultrafast",
            "-g",
            "60",
            "-pix_fmt",
            "yuv420p",
        ])
        .args(["-c:a", "aac"])
        .arg(&film)
        .status();
    assert!(made.unwrap().success());
    let short = Wishes {
        segment_seconds: 2.0,
        ..ABR
    };
    let packaged = shelf.package(&film, short).await.unwrap();
    assert_eq!(packaged.video, "copied");
    let rungs = packaged
        .rungs
        .iter()
        .map(|rung| (rung.name.as_str(), rung.resolution));
    let expected = [("480", (854, 480)), ("240", (426, 240))];
    assert_eq!(rungs.collect::<Vec<_>>(), expected);
    let edition = &packaged.edition;
    let mut cuts = Vec::new();
    for rung in ["480", "240"] {
        let playlist = format!("{edition}/{rung}/video.m3u8");
        assert_eq!(
            outside::frames(&shelf.file(&playlist), "v:0"),
            175,
            "{rung}"
        );
        assert_eq!(
            outside::stream(&shelf.file(&playlist), "a:0", "codec_name"),
            ""
        );
        cuts.push(durations(&shelf.text(&playlist)).join(" "));
    }
    assert_eq!(cuts, ["#EXTINF:2, #EXTINF:2, #EXTINF:2, #EXTINF:1,"; 2]);
    let sound = shelf.text(&format!("{edition}/audio-0/audio.m3u8"));
    assert_eq!(durations(&sound).len(), 4, "{sound}");
    // The film as it was, with its sound in it.
    let film_master = shelf.file("master.v1.m3u8");
    assert_eq!(outside::frames(&film_master, "v:0"), 175);
    assert_eq!(
        shelf.broken_rules("master.m3u8").await,
        Vec::<String>::new()
    );
    let was = outside::start(&film).offset();
    for master in ["master.m3u8", "master.v1.m3u8"] {
        let is = outside::start(&shelf.file(master)).offset();
        assert!((is - was).abs() < 0.025, "{master}: {is}");
    }
    assert!(!shelf.text("master.v1.m3u8").contains("TYPE=AUDIO"));
    assert_eq!(
        shelf
            .text("master.m3u8")
            .matches("#EXT-X-STREAM-INF")
            .count(),
        2
    );
}

#[tokio::test]
async fn what_must_be_encoded_feeds_film_and_rungs_from_one_decoding() {
    for (kind, size) in [
        ("turned", (180, 320)),
        ("HEVC", (320, 180)),
        ("interlaced", (320, 180)),
    ] {
        let shelf = Shelf::new().await;
        let film = ENCODES.iter().find(|encode| encode.kind.contains(kind));
        let film = film.unwrap().make(&shelf.films());
        let packaged = shelf.package(&film, ABR).await.unwrap();
        assert!(packaged.video.starts_with("encoded"), "{packaged:?}");
        assert_eq!(packaged.resolution, size, "{kind}");
        assert_eq!(packaged.rungs[0].resolution, size, "{kind}");
        for master in ["master.m3u8", "master.v1.m3u8"] {
            let master = shelf.file(master);
            assert_eq!(
                outside::frames(&master, "v:0"),
                outside::packets(&film),
                "{kind}"
            );
            let (was, is) = (outside::start(&film), outside::start(&master));
            assert!(
                (was.offset() - is.offset()).abs() < 0.025,
                "{kind}: {was:?} {is:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_ladder_of_an_odd_film_is_made_in_one_go_and_again_the_same() {
    let shelf = Shelf::new().await;
    let languages = ENCODES
        .iter()
        .find(|encode| encode.kind.contains("languages"));
    let film = languages.unwrap().make(&shelf.films());
    let packaged = shelf.package(&film, ABR).await.unwrap();
    assert_eq!(packaged.rungs.len(), 1);
    assert_eq!(packaged.rungs[0].name, "180");
    let first = shelf.objects();
    let other = Shelf::new().await;
    other.package(&film, ABR).await.unwrap();
    let second = other.objects();
    let names =
        |objects: &[(String, Vec<u8>)]| objects.iter().map(|it| it.0.clone()).collect::<Vec<_>>();
    assert_eq!(names(&first), names(&second));
    let differs = first.iter().zip(&second).find(|(one, two)| one != two);
    let differs = differs.map(|(one, two)| {
        (
            &one.0,
            String::from_utf8_lossy(&one.1),
            String::from_utf8_lossy(&two.1),
        )
    });
    assert_eq!(differs, None);
    // Without the ladder nothing of it stays.
    shelf.package(&film, WISHES).await.unwrap();
    let left = names(&shelf.objects());
    assert!(
        left.iter()
            .all(|name| !name.contains("/180/") && name != "master.v1.m3u8"),
        "{left:?}"
    );
}
