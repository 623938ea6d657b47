//! Films that are none, and tools that do not end: a batch says so in its table and goes on.

use reelgate_tests::archive::{Archive, assert_nothing_is_half_visible};
use reelgate_tests::process::{Outcome, run, run_within_time};
use reelgate_tests::s3::S3;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;
use tokio::net::TcpListener;

/// Far below what a batch would take that waits for one of them.
const SOON: Duration = Duration::from_secs(60);

/// Whether the table has `reason` in the line of `game`.
fn assert_told(outcome: &Outcome, game: &str, reason: &str) {
    let mut lines = outcome.stdout.lines();
    let line = lines.find(|line| line.split_whitespace().nth(1) == Some(game));
    let line = line.unwrap_or_else(|| panic!("{game} is not in {}", outcome.stdout));
    assert!(line.contains(reason), "{line}");
}

#[tokio::test]
async fn a_playlist_named_as_a_film_ends_no_batch() {
    let web = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/a.ts", web.local_addr().unwrap());
    let hls = |uri: &str| format!("#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXTINF:6,\n{uri}\n");
    let mut archive = Archive::small(2).await;
    archive.add("secret", hls("file:///etc/passwd").as_bytes());
    archive.add("web", hls(&address).as_bytes());
    archive.add("itself", hls("itself.mp4").as_bytes());
    // Live, for it has no end: this is the one that was waited for.
    archive.add("live", hls("small-0.mp4").as_bytes());
    archive.add("list", b"ffconcat version 1.0\nfile small-0.mp4\n");
    let s3 = S3::start().await;
    let outcome = run_within_time(SOON, &mut archive.command(s3.address())).await;
    assert_eq!(outcome.code, Some(1), "{}", outcome.stderr);
    assert!(
        outcome.stdout.starts_with("7 films: 2 packaged"),
        "{}",
        outcome.stdout
    );
    for game in ["secret", "web", "itself", "live"] {
        assert_told(
            &outcome,
            game,
            "ffprobe takes it for hls, which holds no film",
        );
    }
    assert_told(
        &outcome,
        "list",
        "ffprobe takes it for concat, which holds no film",
    );
    let asked = tokio::time::timeout(Duration::from_millis(100), web.accept()).await;
    assert!(asked.is_err(), "the server was asked");
    assert_nothing_is_half_visible(&s3.objects());
}

/// A program of this name that never ends for a film whose name has `stuck` in it.
fn stand_in(folder: &Path, tool: &str, stuck: &str) {
    let script = format!(
        "#!/bin/sh\nPATH=\"${{PATH#*:}}\"\ncase \"$*\" in *{stuck}*) exec sleep 600;; esac\nexec {tool} \"$@\"\n"
    );
    let path = folder.join(tool);
    std::fs::write(&path, script).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[tokio::test]
async fn a_tool_that_does_not_end_is_stopped_and_the_batch_goes_on() {
    let tools = TempDir::new().unwrap();
    stand_in(tools.path(), "ffprobe", "unprobed");
    stand_in(tools.path(), "ffmpeg", "uncut");
    let path = std::env::var("PATH").unwrap();
    let mut archive = Archive::small(2).await;
    let film = archive.content(0);
    archive.add("unprobed", &film);
    archive.add("uncut", &film);
    let s3 = S3::start().await;
    let mut command = archive.command(s3.address());
    command
        .env("PATH", format!("{}:{path}", tools.path().display()))
        .args(["--ffmpeg-timeout", "3s"]);
    let outcome = run_within_time(SOON, &mut command).await;
    assert_eq!(outcome.code, Some(1), "{}", outcome.stderr);
    assert!(
        outcome.stdout.starts_with("4 films: 2 packaged"),
        "{}",
        outcome.stdout
    );
    assert_told(&outcome, "unprobed", "ffprobe has done nothing");
    assert_told(&outcome, "uncut", "ffmpeg has done nothing");
    assert!(
        outcome
            .stdout
            .contains("--ffmpeg-timeout gives ffmpeg more time")
    );
    assert_nothing_is_half_visible(&s3.objects());

    // Without the stand-ins both are films as others are.
    let outcome = run(&mut archive.command(s3.address())).await;
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
}
