//! A film to try everything with, when there is none at hand.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use tokio::process::Command;

use reelgate_packager::Error;

use crate::exit::{Failure, Kind};

/// Arguments of `reelgate sample`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The mp4 to write; one that is there already stays as it is
    #[arg(value_name = "FILE")]
    film: PathBuf,
}

/// Makes the film.
pub(crate) async fn run(args: Args) -> Result<(), Failure> {
    if args.film.exists() {
        let what = format!("{} is there already", args.film.display());
        return Err(
            Failure::new(Kind::Failed, what).with_help("go on with that one, or name another file")
        );
    }
    Ok(sample_film(&args.film).await?)
}

/// Makes a minute of moving test picture, 1280×720 at 30 frames a second with a running clock, and a
/// tone that beeps every second, as H.264 and AAC with a key frame every 2 s: what `package` copies.
/// The file appears when it is complete.
///
/// # Errors
/// That there is no ffmpeg, or what it complained about.
pub(crate) async fn sample_film(path: &Path) -> Result<(), Error> {
    let unfinished = path.with_extension("part");
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-loglevel", "error", "-y"]);
    command.args(["-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=30"]);
    command.args(["-f", "lavfi", "-i", "sine=frequency=220:beep_factor=4"]);
    command.args([
        "-t",
        "60",
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-crf",
        "28",
    ]);
    command.args([
        "-pix_fmt",
        "yuv420p",
        "-g",
        "60",
        "-keyint_min",
        "60",
        "-sc_threshold",
        "0",
    ]);
    command
        .args(["-c:a", "aac", "-ac", "2", "-f", "mp4"])
        .arg(&unfinished);
    command.stdin(Stdio::null()).kill_on_drop(true);
    let made = command
        .output()
        .await
        .map_err(|error| Error::tool("ffmpeg", error))?;
    if !made.status.success() {
        let complaint = String::from_utf8_lossy(&made.stderr);
        return Err(Error::Ffmpeg(complaint.trim().to_owned()));
    }
    let renamed = tokio::fs::rename(&unfinished, path).await;
    renamed.map_err(|source| Error::Source {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_that_is_there_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let film = folder.path().join("film.mp4");
        std::fs::write(&film, "mine").unwrap();
        let refused = run(Args { film: film.clone() }).await.unwrap_err();
        assert!(refused.summary().ends_with("film.mp4 is there already"));
        assert_eq!(std::fs::read_to_string(film).unwrap(), "mine");
    }
}
