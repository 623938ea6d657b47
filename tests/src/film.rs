//! A small film, and players for it.

use crate::bucket::{ACCESS_KEY_ID, NAME, SECRET_ACCESS_KEY};
use crate::built;
use crate::process::{Outcome, run};
use crate::s3::S3;
use std::path::{Path, PathBuf};
use tokio::process::Command;
use tokio::sync::OnceCell;

/// Its frames: 20 seconds of 25.
pub const FRAMES: u64 = 500;
/// Its length in seconds.
pub const SECONDS: u64 = 20;

/// The film: a moving test picture and a tone, H.264 and AAC, a key frame every two seconds. Made by
/// ffmpeg at the first use on a machine.
///
/// # Panics
///
/// There is no ffmpeg, or it cannot encode H.264.
pub async fn source() -> PathBuf {
    static MADE: OnceCell<PathBuf> = OnceCell::const_new();
    MADE.get_or_init(make).await.clone()
}

async fn make() -> PathBuf {
    let folder = built::kept("film");
    let film = folder.join("film.mp4");
    if film.is_file() {
        return film;
    }
    let unfinished = folder.join(format!("unfinished-{}.mp4", std::process::id()));
    let picture = format!("testsrc2=size=320x180:rate=25:duration={SECONDS}");
    let sound = format!("sine=frequency=440:sample_rate=48000:duration={SECONDS}");
    let mut command = Command::new("ffmpeg");
    command
        .args(["-v", "error", "-y", "-f", "lavfi", "-i", &picture])
        .args(["-f", "lavfi", "-i", &sound])
        .args([
            "-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-g", "50",
        ])
        .args(["-c:a", "aac", "-b:a", "96k"])
        .arg(&unfinished);
    let outcome = run(&mut command).await;
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    std::fs::rename(unfinished, &film).expect("one folder");
    film
}

/// Packages the film into `s3` as `game`, with the command that a user has.
///
/// # Panics
///
/// It fails.
pub async fn package(s3: &S3, game: &str) {
    package_file(s3, game, &source().await).await;
}

/// Packages a film of the caller's into `s3` as `game`, with the command that a user has.
///
/// # Panics
///
/// It fails.
pub async fn package_file(s3: &S3, game: &str, film: &Path) {
    let mut command = Command::new(built::reelgate());
    command
        .arg("package")
        .args(["--game", game, "--bucket", NAME])
        .args(["--endpoint", &format!("http://{}", s3.address())])
        .args(["--access-key-id", ACCESS_KEY_ID])
        .env("REELGATE_S3_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY);
    command.arg("--").arg(film);
    let outcome = run(&mut command).await;
    assert_eq!(
        outcome.code,
        Some(0),
        "{}: {}",
        film.display(),
        outcome.stderr
    );
}

/// What ffmpeg made of a stream.
#[derive(Debug)]
pub struct Played {
    /// Pictures that were decoded.
    pub frames: u64,
    /// How it ended, and what it said.
    pub outcome: Outcome,
}

/// Has ffmpeg play `url` from the beginning to the end, decoding all of it; `options` stand before the
/// input. It stops at the first thing that is wrong.
///
/// # Panics
///
/// There is no ffmpeg.
pub async fn play(url: &str, options: &[&str]) -> Played {
    let mut command = Command::new("ffmpeg");
    command
        .args([
            "-v",
            "error",
            "-nostdin",
            "-xerror",
            "-err_detect",
            "explode",
        ])
        .args(["-progress", "pipe:1"])
        .args(options)
        .args(["-i", url, "-map", "0:v", "-map", "0:a"])
        .args(["-fps_mode", "passthrough", "-f", "null", "-"]);
    let outcome = run(&mut command).await;
    let lines = outcome.stdout.lines().rev();
    let frames = lines.filter_map(|line| line.strip_prefix("frame=")).next();
    Played {
        frames: frames
            .and_then(|count| count.trim().parse().ok())
            .unwrap_or(0),
        outcome,
    }
}
