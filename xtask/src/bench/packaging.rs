//! `reelgate package` beside the bare ffmpeg command that it wraps.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result};

use super::Args;
use super::table::{Budget, Row, Table};
use crate::process;
use crate::testbed::fixture::{BUCKET, Fixture};
use crate::testbed::server;
use crate::testbed::sink::Sink;

/// The part of ffmpeg's speed that is left: probing, writing playlists and uploading cost the rest.
const LEAST: f64 = 0.9;

/// How often the generated half minute is repeated: ten minutes of film.
const REPEATS: &str = "19";

/// Adds the row: both cut the same film by stream copy, in turn.
///
/// # Errors
/// When one of them fails.
pub(super) fn measure(fixture: &Fixture<'_>, args: &Args, table: &mut Table) -> Result<()> {
    if !args.wants("package") {
        return Ok(());
    }
    if process::find_program("ffmpeg").is_none() {
        eprintln!("bench: no packaging without ffmpeg; install with: sudo apt-get install ffmpeg");
        return Ok(());
    }
    eprintln!("bench: package");
    let film = film(fixture)?;
    package(fixture, &film)?;
    let rounds = (0..args.rounds)
        .map(|_| Ok(bare(fixture, &film)? / package(fixture, &film)?))
        .collect::<Result<Vec<f64>>>()?;
    table.add(Row::ours(
        "package",
        "speed of package over bare ffmpeg -c copy",
        "×",
        &rounds,
        Budget::AtLeast(LEAST),
    ));
    Ok(())
}

/// Ten minutes of 720p H.264 and AAC with a key frame every two seconds, made once.
fn film(fixture: &Fixture<'_>) -> Result<PathBuf> {
    let film = fixture.folder.join("film.mp4");
    if film.is_file() {
        return Ok(film);
    }
    let part = fixture.folder.join("film-part.mp4");
    let unfinished = fixture.folder.join("film-unfinished.mp4");
    ffmpeg(|ffmpeg| {
        ffmpeg
            .args(["-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=30"])
            .args(["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000"])
            .args(["-t", "30", "-c:v", "libx264", "-preset", "ultrafast"])
            .args(["-b:v", "5M", "-pix_fmt", "yuv420p", "-g", "60"])
            .args(["-c:a", "aac", "-b:a", "128k"])
            .arg(&part)
    })?;
    ffmpeg(|ffmpeg| {
        ffmpeg
            .args(["-stream_loop", REPEATS, "-i"])
            .arg(&part)
            .args(["-c", "copy"])
            .arg(&unfinished)
    })?;
    fs::rename(&unfinished, &film)?;
    Ok(film)
}

/// Runs ffmpeg, which overwrites what is there.
///
/// # Errors
/// When it fails.
pub(super) fn ffmpeg(arguments: impl FnOnce(&mut Command) -> &mut Command) -> Result<()> {
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-hide_banner", "-loglevel", "error", "-y"]);
    server::run_to_end(arguments(&mut command)).map(|_| ())
}

/// The command that a person would type, in seconds.
fn bare(fixture: &Fixture<'_>, film: &Path) -> Result<f64> {
    let folder = fixture.folder.join("bare");
    fs::create_dir_all(&folder)?;
    let start = Instant::now();
    ffmpeg(|ffmpeg| {
        ffmpeg
            .arg("-i")
            .arg(film)
            .args(["-c", "copy", "-f", "hls", "-hls_time", "6"])
            .args(["-hls_segment_type", "fmp4", "-hls_playlist_type", "vod"])
            .arg(folder.join("index.m3u8"))
    })?;
    Ok(start.elapsed().as_secs_f64())
}

/// Packages the film and uploads it into an empty bucket, in seconds: what is there already is not uploaded again.
fn package(fixture: &Fixture<'_>, film: &Path) -> Result<f64> {
    let sink = Sink::start()?;
    let start = Instant::now();
    let packaged = server::run_to_end(
        Command::new(fixture.workspace.reelgate())
            .arg("package")
            .arg(film)
            // The bare command makes no thumbnails either.
            .args(["--game", "bench", "--no-thumbnails"])
            .stderr(fs::File::create(fixture.folder.join("package.log"))?)
            .env("SPIN_VARIABLE_S3_ENDPOINT", sink.endpoint())
            .env("SPIN_VARIABLE_S3_BUCKET", BUCKET)
            .env("SPIN_VARIABLE_S3_ACCESS_KEY_ID", "bench")
            .env(
                "SPIN_VARIABLE_S3_SECRET_ACCESS_KEY",
                "bench-secret-access-key",
            ),
    );
    packaged.context("see package.log")?;
    Ok(start.elapsed().as_secs_f64())
}
