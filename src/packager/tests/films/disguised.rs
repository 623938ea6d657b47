//! Playlists, texts and pictures that are named as films: each is refused at once, and what it refers
//! to is neither asked for nor read.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use reelgate_packager::Error;
use tokio::{net::TcpListener, time::timeout};

use crate::{
    encodes::ENCODES,
    shelf::{Shelf, WISHES},
};

/// Far below the minute that ffprobe may be silent for.
const SOON: Duration = Duration::from_secs(20);

/// An MPD as `dash` takes it for one.
fn mpd(address: &str) -> String {
    format!(
        r#"<?xml version="1.0"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff-on-demand:2011" type="static" mediaPresentationDuration="PT6S">
<Period><AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1"><BaseURL>{address}</BaseURL></Representation></AdaptationSet></Period></MPD>"#
    )
}

/// Files by name, content and what ffprobe takes them for.
fn disguised(address: &str) -> Vec<(&'static str, String, &'static str)> {
    let hls = |uri: &str, end: &str| {
        format!("#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXTINF:6,\n{uri}\n{end}")
    };
    let end = "#EXT-X-ENDLIST\n";
    let master = format!(
        "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\ndata:application/vnd.apple.mpegurl,%23EXTM3U%0A%23EXTINF:6,%0A{address}%0A"
    );
    vec![
        ("secret.mp4", hls("file:///etc/passwd", end), "hls"),
        ("web.mp4", hls(address, end), "hls"),
        ("itself.mp4", hls("itself.mp4", end), "hls"),
        // Without an end it is live, and ffprobe waits for more of it.
        ("live.mp4", hls("variable.mp4", ""), "hls"),
        ("data.mkv", master, "hls"),
        ("manifest.mp4", mpd(address), "dash"),
        (
            "list.mov",
            "ffconcat version 1.0\nfile variable.mp4\n".to_owned(),
            "concat",
        ),
        (
            "remote.mov",
            format!("ffconcat version 1.0\nfile {address}\n"),
            "concat",
        ),
    ]
}

async fn refused(shelf: &Shelf, film: &Path) -> String {
    let packaged = timeout(SOON, shelf.package(film, WISHES)).await;
    let packaged = packaged.unwrap_or_else(|_| panic!("{} takes too long", film.display()));
    let error = packaged.unwrap_err();
    assert!(matches!(error, Error::NotMedia { .. }), "{error}");
    assert!(error.help().unwrap().contains("no playlist"));
    error.to_string()
}

fn write(shelf: &Shelf, name: &str, content: &str) -> PathBuf {
    let path = shelf.films().join(name);
    std::fs::write(&path, content).unwrap();
    path
}

#[tokio::test]
async fn a_playlist_is_no_film_whatever_its_name() {
    let shelf = Shelf::new().await;
    let web = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/film.mp4", web.local_addr().unwrap());
    // A film that the lists could play.
    ENCODES[0].make(&shelf.films());
    for (name, content, container) in disguised(&address) {
        let told = refused(&shelf, &write(&shelf, name, &content)).await;
        let reason = format!("ffprobe takes it for {container}, which holds no film");
        assert!(told.ends_with(&reason), "{name}: {told}");
    }
    let asked = timeout(Duration::from_millis(100), web.accept()).await;
    assert!(asked.is_err(), "the server was asked");
    assert_eq!(shelf.objects(), []);
}

#[tokio::test]
async fn a_picture_and_a_sound_are_no_films() {
    let shelf = Shelf::new().await;
    let made = |name: &str, input: &str| {
        let path = shelf.films().join(name);
        let made = std::process::Command::new("ffmpeg")
            .args(["-v", "error", "-f", "lavfi", "-i", input])
            .args(["-frames:v", "1", "-t", "1"])
            .arg(&path)
            .status();
        assert!(made.unwrap().success());
        path
    };
    let picture = made("cover.png", "color=size=16x16");
    let told = refused(&shelf, &picture).await;
    assert!(told.contains("ffprobe takes it for png_pipe"), "{told}");
    let sound = made("song.wav", "sine");
    let told = refused(&shelf, &sound).await;
    assert!(told.contains("ffprobe takes it for wav"), "{told}");
}
