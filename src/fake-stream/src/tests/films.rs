//! Real films through ffmpeg.

use std::{path::Path, process::Command};

use serde_json::json;
use tempfile::TempDir;

use super::stage::{PATIENCE, Stage};
use crate::Encoder;

#[tokio::test]
async fn what_is_no_film_is_refused_and_a_film_plays() {
    let folder = TempDir::new().unwrap();
    let film = folder.path().join("film.mp4");
    make_film(&film);
    for (bytes, code) in [
        (b"no film".to_vec(), Some("ERR_NON_VIDEO")),
        (std::fs::read(&film).unwrap(), None),
    ] {
        let stage = Stage::with(&bytes, |options| options.encoder = Encoder::Ffmpeg).await;
        let uid = stage.copy("v1#1").await;
        stage.told(1).await;
        let video = stage.get(&uid).await;
        if let Some(code) = code {
            assert_eq!(video["status"]["errorReasonCode"], code);
            continue;
        }
        assert_eq!(video["status"]["state"], "ready", "{video}");
        assert_eq!(
            (&video["input"]["width"], &video["input"]["height"]),
            (&json!(320), &json!(180))
        );
        assert_eq!(
            frames(video["playback"]["hls"].as_str().unwrap()).await,
            "50"
        );
        let thumbnail = stage
            .client
            .get(video["thumbnail"].as_str().unwrap())
            .send()
            .await
            .unwrap();
        assert_eq!(thumbnail.headers()["content-type"], "image/jpeg");
        assert_eq!(thumbnail.headers()["access-control-allow-origin"], "*");
        let manifest = stage
            .client
            .get(video["playback"]["dash"].as_str().unwrap())
            .send()
            .await
            .unwrap();
        assert!(manifest.text().await.unwrap().contains("<MPD"));
    }
}

fn make_film(path: &Path) {
    let made = Command::new("ffmpeg")
        .args([
            "-v",
            "error",
            "-f",
            "lavfi",
            "-i",
            "testsrc2=size=320x180:rate=25",
            "-t",
            "2",
        ])
        .args([
            "-c:v",
            "libx264",
            "-preset",
            "ultrafast",
            "-pix_fmt",
            "yuv420p",
        ])
        .arg(path)
        .status();
    assert!(made.expect("ffmpeg is installed").success());
}

/// Frames that ffprobe decodes from the playlist.
async fn frames(playlist: &str) -> String {
    let counted = tokio::process::Command::new("ffprobe")
        .args(["-v", "error", "-select_streams", "v:0", "-count_frames"])
        .args([
            "-show_entries",
            "stream=nb_read_frames",
            "-of",
            "csv=p=0",
            playlist,
        ])
        .output();
    let counted = tokio::time::timeout(PATIENCE, counted)
        .await
        .expect("in time");
    let counted = counted.expect("ffprobe is installed");
    let text = String::from_utf8(counted.stdout).unwrap();
    text.lines()
        .next()
        .unwrap_or_default()
        .trim_end_matches(',')
        .to_owned()
}
