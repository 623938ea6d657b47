//! Captions, chapters and details: in the film, beside it, added and taken away.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use reelgate_packager::{About, CaptionFiles, Label, Outcome, Published, Wishes};

use crate::shelf::{Shelf, WISHES};

const SHORT: Wishes = Wishes {
    segment_seconds: 2.0,
    ..WISHES
};

const SILENCE: Duration = Duration::from_secs(60);

/// What ffmpeg does, in words.
fn ffmpeg(words: &str) {
    let done = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-y"])
        .args(words.split_whitespace())
        .status();
    assert!(done.unwrap().success(), "{words}");
}

/// A film of 8 s with sound in French, English text, two chapters, and two files beside it.
fn film(folder: &Path) -> PathBuf {
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let write = |name: &str, text: &[u8]| std::fs::write(folder.join(name), text).unwrap();
    write(
        "inside.srt",
        b"1\n00:00:01,000 --> 00:00:01,500\nInside & <i>out</i>\n\n2\n00:00:05,000 --> 00:00:06,000\nTwo\nlines\n",
    );
    write(
        "chapters.txt",
        b";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=3000\ntitle=First half\n\
          [CHAPTER]\nTIMEBASE=1/1000\nSTART=3000\nEND=8000\ntitle=Second half\n",
    );
    ffmpeg(&format!(
        "-f lavfi -i testsrc2=size=320x180:rate=25:duration=8 -f lavfi -i sine=duration=8 -i {} -i {} \
         -map 0:v -map 1:a -map 2:s -map_chapters 3 -c:v libx264 -preset ultrafast -bf 2 -g 25 \
         -pix_fmt yuv420p -c:a aac -c:s mov_text -metadata:s:a:0 language=fra -metadata:s:s:0 language=eng {}",
        path("inside.srt"),
        path("chapters.txt"),
        path("final.mp4"),
    ));
    // In windows-1252: `Größe` from 3.5 to 4.5 s, across a boundary.
    write(
        "final.de.srt",
        b"1\r\n00:00:03,500 --> 00:00:04,500\r\nDie Gr\xf6\xdfe f\xfcr \xe4ltere\r\n",
    );
    write(
        "final.es.forced.vtt",
        "WEBVTT\n\nSTYLE\n::cue { color: lime }\n\nsign\n00:07.000 --> 00:08.000 line:0\n<c.x>SALIDA</c>\n".as_bytes(),
    );
    folder.join("final.mp4")
}

/// The cues that ffmpeg finds in a playlist of captions: begin, end and text.
fn cues(playlist: &Path) -> Vec<String> {
    let shown = Command::new("ffmpeg")
        .args([
            "-nostdin",
            "-v",
            "error",
            "-allowed_extensions",
            "ALL",
            "-i",
        ])
        .arg(playlist)
        .args(["-c:s", "copy", "-f", "webvtt", "-"])
        .output()
        .unwrap();
    let text = String::from_utf8(shown.stdout).unwrap();
    text.split("\n\n")
        .skip(1)
        .map(|cue| cue.trim().replace('\n', "|"))
        .filter(|cue| !cue.is_empty())
        .collect()
}

fn extinf(playlist: &str) -> f64 {
    let lines = playlist
        .lines()
        .filter_map(|it| it.strip_prefix("#EXTINF:"));
    lines
        .map(|it| it.trim_end_matches(',').parse::<f64>().unwrap())
        .sum()
}

fn captions_in(master: &str) -> Vec<&str> {
    let media = |line: &&str| line.contains("TYPE=SUBTITLES");
    master.lines().filter(media).collect()
}

#[tokio::test]
async fn captions_in_a_film_and_beside_it_are_played_at_their_times() {
    let shelf = Shelf::new().await;
    let film = film(&shelf.films());
    let packaged = shelf.package(&film, SHORT).await.unwrap();
    assert_eq!(packaged.captions, ["de", "en", "es.forced"]);
    assert_eq!(packaged.left_out, Vec::<String>::new());
    assert_eq!(packaged.chapters, 2);
    let [warning] = packaged.warnings.as_slice() else {
        panic!("{:?}", packaged.warnings);
    };
    assert!(
        warning.contains("final.de.srt is taken for windows-1252"),
        "{warning}"
    );
    let master = shelf.text("master.m3u8");
    let media = captions_in(&master);
    let ends: Vec<&str> = media
        .iter()
        .map(|it| it.split_once("GROUP-ID").unwrap().1)
        .collect();
    assert_eq!(
        ends,
        [
            "=\"subtitles\",LANGUAGE=\"de\",NAME=\"Deutsch\",AUTOSELECT=YES",
            "=\"subtitles\",LANGUAGE=\"en\",NAME=\"English\",AUTOSELECT=YES",
            "=\"subtitles\",LANGUAGE=\"es\",NAME=\"Español (forced)\",AUTOSELECT=YES,FORCED=YES",
        ]
    );
    assert_eq!(master.matches(",SUBTITLES=\"subtitles\"").count(), 1);
    let playlists: Vec<&str> = media
        .iter()
        .map(|it| it.split('"').nth(1).unwrap())
        .collect();
    let played: Vec<Vec<String>> = playlists.iter().map(|it| cues(&shelf.file(it))).collect();
    let german = "00:03.500 --> 00:04.500|Die Größe für ältere";
    // A cue across a boundary stands in both segments, and is shown once.
    assert_eq!(played[0], [german]);
    for segment in ["seg_00001.vtt", "seg_00002.vtt"] {
        let segment = shelf.text(&playlists[0].replace("captions.m3u8", segment));
        assert!(segment.contains("Die Größe"), "{segment}");
    }
    assert_eq!(
        played[1],
        [
            "00:01.000 --> 00:01.500|Inside &amp; <i>out</i>",
            "00:05.000 --> 00:06.000|Two|lines"
        ]
    );
    let spanish = shelf.text(&playlists[2].replace("captions.m3u8", "seg_00003.vtt"));
    assert_eq!(
        spanish,
        "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000\n\nSTYLE\n::cue { color: lime }\n\n\
         sign\n00:00:07.000 --> 00:00:08.000 line:0\n<c.x>SALIDA</c>\n\n"
    );
    let video = shelf.text(&format!("{}/video.m3u8", packaged.edition));
    for playlist in &playlists {
        assert_eq!(extinf(&shelf.text(playlist)), extinf(&video));
    }
    assert_eq!(
        shelf.broken_rules("master.m3u8").await,
        Vec::<String>::new()
    );
    let chapters = shelf.text(&format!("{}/chapters.vtt", packaged.edition));
    assert_eq!(
        chapters,
        "WEBVTT\n\n00:00:00.000 --> 00:00:03.000\nFirst half\n\n00:00:03.000 --> 00:00:08.000\nSecond half\n"
    );
}

#[tokio::test]
async fn captions_beside_a_film_in_a_bucket_are_found() {
    let shelf = Shelf::new().await;
    let folder = tempfile::tempdir().unwrap();
    film(folder.path());
    // Of other films, by their names.
    for other in ["final-2.en.srt", "finale.fr.srt", "fina.it.srt"] {
        std::fs::write(
            folder.path().join(other),
            "1\n00:00:01,000 --> 00:00:02,000\nNo\n",
        )
        .unwrap();
    }
    shelf.put_originals(folder.path());
    let packaged = shelf.package_object("originals/final.mp4", SHORT).await;
    assert_eq!(packaged.captions, ["de", "en", "es.forced"]);
    let film = json(&shelf, "film.json");
    let german = film["captions"][0]["url"].as_str();
    let german = german
        .map(|it| shelf.text(it))
        .unwrap_or_else(|| panic!("{film}"));
    assert!(german.contains("Die Größe für ältere"), "{german}");
}

fn json(shelf: &Shelf, name: &str) -> serde_json::Value {
    serde_json::from_str(&shelf.text(name)).unwrap()
}

#[tokio::test]
async fn what_a_portal_needs_to_know_is_in_one_document_and_changes_alone() {
    let shelf = Shelf::new().await;
    let film = film(&shelf.films());
    let about = |pairs: &[(&str, &str)]| About {
        details: pairs
            .iter()
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
            .collect(),
        ..About::default()
    };
    let first = about(&[
        ("title", "The final"),
        ("date", "2025-10-09"),
        ("team", "A"),
    ]);
    let Outcome::Packaged(packaged) = shelf.run(&film, SHORT, &first).await.unwrap() else {
        panic!("it was there");
    };
    let document = json(&shelf, "film.json");
    assert_eq!(document["id"], "7");
    assert_eq!(document["title"], "The final");
    assert_eq!(document["fields"]["team"], "A");
    assert_eq!(document["duration_seconds"], 8.0);
    assert_eq!(document["resolution"], serde_json::json!([320, 180]));
    assert_eq!(document["languages"], serde_json::json!(["fr"]));
    assert_eq!(document["captions"][1]["language"], "en");
    let english = document["captions"][1]["url"].as_str().unwrap();
    assert!(shelf.text(english).contains("Two\nlines"));
    let chapters = format!("{}/chapters.vtt", packaged.edition);
    assert_eq!(document["chapters"], chapters.as_str());
    assert_eq!(document["poster"], serde_json::Value::Null);
    assert_eq!(
        json(&shelf, "package.json")["film"]["chapters"][1]["title"],
        "Second half"
    );
    // Nothing is said again: nothing is done.
    let again = shelf.run(&film, SHORT, &About::default()).await.unwrap();
    assert!(matches!(again, Outcome::Unchanged(_)), "{again:?}");
    let before = shelf.objects();
    let other = about(&[("title", "The very final"), ("team", "")]);
    let changed = shelf.run(&film, SHORT, &other).await.unwrap();
    assert!(matches!(changed, Outcome::Updated(_)), "{changed:?}");
    let document = json(&shelf, "film.json");
    assert_eq!(document["title"], "The very final");
    assert_eq!(document["date"], "2025-10-09");
    assert_eq!(document["fields"], serde_json::Value::Null);
    let after = shelf.objects();
    let differ = before
        .iter()
        .zip(&after)
        .filter(|(one, other)| one != other);
    let differ: Vec<&str> = differ.map(|(one, _)| one.0.as_str()).collect();
    assert_eq!(
        (differ, before.len()),
        (vec!["film.json", "package.json"], after.len())
    );
    // A file beside it that has changed takes the place of the former.
    std::fs::write(
        shelf.films().join("final.de.srt"),
        "1\n00:00:01,000 --> 00:00:02,000\nNeu\n",
    )
    .unwrap();
    let changed = shelf.run(&film, SHORT, &About::default()).await.unwrap();
    assert!(matches!(changed, Outcome::Updated(_)), "{changed:?}");
    let german = json(&shelf, "film.json")["captions"][0]["url"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(shelf.text(&german).contains("\nNeu\n"));
    assert_eq!(shelf.objects().len(), before.len());
    assert_eq!(
        shelf.broken_rules("master.m3u8").await,
        Vec::<String>::new()
    );
}

#[tokio::test]
async fn captions_are_added_to_what_is_published_and_taken_away() {
    let shelf = Shelf::new().await;
    let film = film(&shelf.films());
    let none = About {
        captions: CaptionFiles::Named(Vec::new()),
        ..About::default()
    };
    shelf.run(&film, SHORT, &none).await.unwrap();
    let label = |text: &str| Label::parse(text).unwrap();
    let dutch = shelf.films().join("x.srt");
    std::fs::write(&dutch, "1\n00:00:05,000 --> 00:00:05,500\nHoi\n").unwrap();
    let published = Published::new(shelf.config(), "7", SILENCE).unwrap();
    let before = shelf.objects();
    let added = published
        .add(vec![(label("nl"), dutch.clone())], SILENCE)
        .await
        .unwrap();
    assert!(added.changed);
    let labels: Vec<String> = added
        .captions
        .iter()
        .map(|it| it.label().to_string())
        .collect();
    assert_eq!(labels, ["en", "nl"]);
    let master = shelf.text("master.m3u8");
    let playlist = captions_in(&master)[1].split('"').nth(1).unwrap();
    assert_eq!(cues(&shelf.file(playlist)), ["00:05.000 --> 00:05.500|Hoi"]);
    assert_eq!(
        shelf.broken_rules("master.m3u8").await,
        Vec::<String>::new()
    );
    let again = published
        .add(vec![(label("nl"), dutch.clone())], SILENCE)
        .await
        .unwrap();
    assert!(!again.changed);
    // What was added stays when the film is packaged again, cut as the film is now.
    let longer = Wishes {
        segment_seconds: 4.0,
        ..WISHES
    };
    let packaged = shelf.run(&film, longer, &none).await.unwrap();
    let Outcome::Packaged(packaged) = packaged else {
        panic!("{packaged:?}");
    };
    assert_eq!(packaged.captions, ["en", "nl"]);
    let master = shelf.text("master.m3u8");
    let recut = captions_in(&master)[1].split('"').nth(1).unwrap();
    assert_ne!(recut, playlist);
    assert_eq!(cues(&shelf.file(recut)), ["00:05.000 --> 00:05.500|Hoi"]);
    assert!(!shelf.file(playlist).exists());
    shelf.run(&film, SHORT, &none).await.unwrap();
    let removed = published.remove(vec![label("nl")]).await.unwrap();
    assert!(removed.changed && removed.removed > 0);
    assert_eq!(shelf.objects(), before);
    let wrong = published.remove(vec![label("nl")]).await.unwrap_err();
    assert_eq!(wrong.to_string(), "game 7 has no captions nl; it has en");
    assert!(wrong.help().unwrap().contains("captions list"));
    std::fs::write(&dutch, "1\n00:00:05,000 --> nothing\nHoi\n").unwrap();
    let broken = published
        .add(vec![(label("nl"), dutch)], SILENCE)
        .await
        .unwrap_err();
    assert!(
        broken
            .to_string()
            .contains("x.srt, line 2: \"nothing\" is no time"),
        "{broken}"
    );
    assert_eq!(shelf.objects(), before);
}

/// Two bytes of CEA-608 in an SEI message (ATSC A/53 Part 4), for one frame.
fn caption_sei(pair: [u8; 2]) -> Vec<u8> {
    let mut unit = vec![0, 0, 0, 1, 6, 4, 14];
    unit.extend([0xb5, 0x00, 0x31]);
    unit.extend(b"GA94");
    unit.extend([0x03, 0xc1, 0xff, 0xfc, pair[0], pair[1], 0xff, 0x80]);
    unit
}

/// A film whose picture carries "HI" in the first channel, from the second second on.
fn film_with_cea_608(folder: &Path) -> PathBuf {
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    ffmpeg(&format!(
        "-f lavfi -i testsrc2=size=320x180:rate=25:duration=6 -c:v libx264 -preset ultrafast -bf 0 -g 25 \
         -pix_fmt yuv420p -x264-params aud=1 -f h264 {}",
        path("plain.h264")
    ));
    let plain = std::fs::read(folder.join("plain.h264")).unwrap();
    // With their parity: load, the lowest row, the text, show it; and at last take it away.
    let mut pairs = vec![[0x80, 0x80]; 150];
    pairs[25..29].copy_from_slice(&[[0x94, 0x20], [0x94, 0x70], [0xc8, 0x49], [0x94, 0x2f]]);
    pairs[120] = [0x94, 0x2c];
    let mut pairs = pairs.into_iter();
    let mut film = Vec::new();
    let mut at = 0;
    while at < plain.len() {
        // An access unit begins with its delimiter of two bytes, and an SEI message may follow.
        if plain[at..].starts_with(&[0, 0, 0, 1, 9]) {
            film.extend_from_slice(&plain[at..at + 6]);
            film.extend(caption_sei(pairs.next().unwrap()));
            at += 6;
        } else {
            film.push(plain[at]);
            at += 1;
        }
    }
    assert_eq!(pairs.next(), None);
    std::fs::write(folder.join("captioned.h264"), film).unwrap();
    ffmpeg(&format!(
        "-framerate 25 -i {} -c copy {}",
        path("captioned.h264"),
        path("captioned.mp4")
    ));
    folder.join("captioned.mp4")
}

#[tokio::test]
async fn captions_in_the_picture_are_announced_where_they_are() {
    let shelf = Shelf::new().await;
    let film = film_with_cea_608(&shelf.films());
    let encoded = Wishes {
        encode: true,
        ..SHORT
    };
    for wishes in [SHORT, encoded] {
        let packaged = shelf.package(&film, wishes).await.unwrap();
        assert_eq!(packaged.closed_captions, ["CC1"], "{packaged:?}");
        assert_eq!(packaged.left_out, Vec::<String>::new());
        let master = shelf.text("master.m3u8");
        assert!(
            master.contains(
                "#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID=\"closed\",LANGUAGE=\"und\",NAME=\"CC1\",AUTOSELECT=YES,INSTREAM-ID=\"CC1\"\n"
            ),
            "{master}"
        );
        assert!(master.contains(",CLOSED-CAPTIONS=\"closed\""), "{master}");
        // ffmpeg finds them there, and what they say.
        let shown = Command::new("ffmpeg")
            .current_dir(shelf.file(""))
            .args(["-nostdin", "-v", "error", "-f", "lavfi"])
            .args(["-i", "movie=master.m3u8[out0+subcc]", "-map", "0:1"])
            .args(["-c:s", "srt", "-f", "srt", "-"])
            .output()
            .unwrap();
        let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
        assert!(shown.contains("HI"), "{shown}");
        assert_eq!(
            shelf.broken_rules("master.m3u8").await,
            Vec::<String>::new()
        );
    }
    let plain = shelf.films().join("plain.mp4");
    ffmpeg(&format!(
        "-framerate 25 -i {} -c copy {}",
        shelf.films().join("plain.h264").display(),
        plain.display()
    ));
    let packaged = shelf.package(&plain, SHORT).await.unwrap();
    assert_eq!(packaged.closed_captions, Vec::<String>::new());
    assert!(shelf.text("master.m3u8").contains(",CLOSED-CAPTIONS=NONE"));
}
