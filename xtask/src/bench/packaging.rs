//! `reelgate package` beside the bare ffmpeg command that it wraps.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result};

use super::Args;
use super::table::{Budget, Row, Table};
use crate::process;
use crate::testbed::fixture::{BUCKET, Fixture};
use crate::testbed::host::listening_address;
use crate::testbed::server::{self, Server};

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
    let store = Store::start(fixture)?;
    store.package(fixture, &film)?;
    let rounds = (0..args.rounds)
        .map(|_| Ok(bare(fixture, &film)? / store.package(fixture, &film)?))
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

fn ffmpeg(arguments: impl FnOnce(&mut Command) -> &mut Command) -> Result<()> {
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

/// The embedded S3, which `package` uploads to.
struct Store {
    endpoint: String,
    /// Ends the store with this value.
    _server: Server,
}

const KEY_ID: &str = "bench";
const KEY: &str = "bench-secret-access-key";

impl Store {
    fn start(fixture: &Fixture<'_>) -> Result<Self> {
        let mut server = Server::spawn(
            Command::new(fixture.workspace.reelgate())
                .args(["s3", "--listen", "127.0.0.1:0", "--bucket", BUCKET])
                .args(["--access-key-id", KEY_ID, "--secret-access-key", KEY])
                .arg("--data")
                .arg(fixture.folder.join("s3"))
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(fs::File::create(fixture.folder.join("s3.log"))?),
        )?;
        let address =
            listening_address(&mut server).context("reelgate s3 does not listen, see s3.log")?;
        Ok(Self {
            endpoint: format!("http://{address}"),
            _server: server,
        })
    }

    /// Packages and uploads the film into an empty bucket, in seconds: what is there already is
    /// not uploaded again.
    fn package(&self, fixture: &Fixture<'_>, film: &Path) -> Result<f64> {
        let game = fixture.folder.join("s3").join(BUCKET).join("games/bench");
        if game.exists() {
            fs::remove_dir_all(&game)?;
        }
        let start = Instant::now();
        let packaged = server::run_to_end(
            Command::new(fixture.workspace.reelgate())
                .arg("package")
                .arg(film)
                // The bare command makes no thumbnails either.
                .args(["--game", "bench", "--no-thumbnails"])
                .stderr(fs::File::create(fixture.folder.join("package.log"))?)
                .env("SPIN_VARIABLE_S3_ENDPOINT", &self.endpoint)
                .env("SPIN_VARIABLE_S3_BUCKET", BUCKET)
                .env("SPIN_VARIABLE_S3_ACCESS_KEY_ID", KEY_ID)
                .env("SPIN_VARIABLE_S3_SECRET_ACCESS_KEY", KEY),
        );
        packaged.context("see package.log")?;
        Ok(start.elapsed().as_secs_f64())
    }
}
