//! One film becomes HLS in the bucket: what `reelgate package` does.
//!
//! Everything of one packaging lies in `games/{id}/{edition}/`, whose name stands for its content;
//! `games/{id}/master.m3u8` points into it and is written last. See `upload` for why.

mod bucket;
mod codecs;
mod cutter;
mod edition;
mod edits;
mod error;
mod fragments;
mod iframes;
mod job;
mod ladder;
mod languages;
mod outlets;
mod plan;
mod playlist;
mod presentation;
mod probe;
mod progress;
mod recipe;
mod remux;
mod stills;
mod thumbnails;
mod upload;

pub use bucket::Config as BucketConfig;
pub use error::Error;
pub use ladder::Ladder;
pub use plan::Wishes;
pub use progress::{Progress, next_tenth};

use std::path::{Path, PathBuf};

use reelgate_core::key::GameId;
use serde::Serialize;
use tokio::try_join;

use bucket::Bucket;
use edition::Fingerprint;
use job::Job;
use plan::{Plan, Treatment};
use probe::Probe;
use upload::Upload;

/// What to package, for whom, and where to.
pub struct Options<'a> {
    /// The film.
    pub source: &'a Path,
    /// Whose film it is.
    pub game: GameId<'a>,
    /// The bucket.
    pub bucket: &'a BucketConfig,
    /// How it is wished.
    pub wishes: Wishes,
    /// Whether the files of earlier editions stay, for those who are watching them.
    pub keep_old: bool,
}

/// What came of it: the object that `--json` prints.
#[derive(Debug, Serialize)]
pub struct Packaged {
    /// The game's id.
    pub game: String,
    /// The film.
    pub source: PathBuf,
    /// Key of the master playlist.
    pub master: String,
    /// The folder of this packaging, below the game's.
    pub edition: String,
    /// How many segments.
    pub segments: usize,
    /// Seconds of film, to the millisecond.
    pub duration_seconds: f64,
    /// Bytes of all objects of this packaging.
    pub bytes: u64,
    /// Bytes among them that an interrupted or earlier run had uploaded.
    pub bytes_already_there: u64,
    /// `copied`, or why it was encoded.
    pub video: String,
    /// The sound to begin with: `copied`, why it was encoded, or null for a silent film.
    pub audio: Option<String>,
    /// CODECS of the film as it is.
    pub codecs: String,
    /// RESOLUTION: width and height.
    pub resolution: (u64, u64),
    /// FRAME-RATE.
    pub frame_rate: f64,
    /// BANDWIDTH, bits a second.
    pub bandwidth: u64,
    /// AVERAGE-BANDWIDTH, bits a second.
    pub average_bandwidth: u64,
    /// The qualities of the ladder, the highest first.
    pub rungs: Vec<PackagedRung>,
    /// How many sounds.
    pub sounds: usize,
    /// Streams of the film that are not packaged.
    pub left_out: Vec<String>,
    /// How many objects of earlier editions were removed.
    pub removed: usize,
    /// What is amiss though the film plays.
    pub warnings: Vec<String>,
}

/// One quality of the ladder, as measured; rates are with the sound that needs most.
#[derive(Debug, Serialize)]
pub struct PackagedRung {
    /// Its folder.
    pub name: String,
    /// Width and height.
    pub resolution: (u64, u64),
    /// BANDWIDTH, bits a second.
    pub bandwidth: u64,
    /// AVERAGE-BANDWIDTH, bits a second.
    pub average_bandwidth: u64,
}

/// Packages the film; it can be dropped at any time, and the bucket then plays what it played before.
///
/// # Errors
/// [`Error`] says what is wrong and, on the way to the terminal, what to do.
pub async fn run(options: &Options<'_>, progress: &Progress) -> Result<Packaged, Error> {
    match attempt(options, progress).await {
        // Somebody else has swept up what an earlier run had uploaded; the second time it is seen.
        Err(Error::Vanished(_)) => attempt(options, progress).await,
        packaged => packaged,
    }
}

async fn attempt(options: &Options<'_>, progress: &Progress) -> Result<Packaged, Error> {
    let Options { source, game, .. } = *options;
    let bytes = check_source(source).await?;
    let film = Fingerprint::start(source);
    let bucket = Bucket::new(options.bucket)?;
    let prefix = upload::prefix(game);
    let (before, (probe, plan)) = try_join!(bucket.list(&prefix), examine(source, options.wishes))?;
    tell_plan(&plan, progress);
    progress.to_upload(bytes);

    let upload = Upload {
        bucket: &bucket,
        game,
        before: &before,
        progress,
    };
    let version = &probe.program_version.version;
    match package(options, &plan, version, upload, film).await {
        // The first minute promised better; nobody has to read a whole film to know before.
        Err(Error::LongSegment(seconds)) => {
            let plan = plan.encoded(seconds);
            tell_plan(&plan, progress);
            package(options, &plan, version, upload, Fingerprint::start(source)).await
        }
        packaged => packaged,
    }
}

async fn package(
    options: &Options<'_>,
    plan: &Plan,
    ffmpeg: &str,
    upload: Upload<'_>,
    film: Fingerprint,
) -> Result<Packaged, Error> {
    let job = Job::new(options, plan, ffmpeg, upload);
    let packaged = match job.cut_and_upload(film).await {
        Ok(film) => job.publish(film).await,
        Err(error) => Err(error),
    };
    if let Err(error) = &packaged {
        job.clean_up_after(error).await;
    }
    packaged
}

/// The film's size in bytes.
async fn check_source(path: &Path) -> Result<u64, Error> {
    let metadata = tokio::fs::metadata(path).await;
    let metadata = metadata.map_err(|source| Error::Source {
        path: path.to_owned(),
        source,
    })?;
    let not_a_film = |what| Error::NotAFile {
        path: path.to_owned(),
        what,
    };
    match metadata.len() {
        _ if !metadata.is_file() => Err(not_a_film("is not a file")),
        0 => Err(not_a_film("is empty")),
        bytes => Ok(bytes),
    }
}

async fn examine(source: &Path, wishes: Wishes) -> Result<(Probe, Plan), Error> {
    let probe = probe::probe(source).await?;
    let no_plan = |reason| Error::NoPlan {
        path: source.to_owned(),
        reason,
    };
    let plan = plan::plan(&probe, wishes).map_err(no_plan)?;
    Ok((probe, plan))
}

fn tell_plan(plan: &Plan, progress: &Progress) {
    let sounds = plan.audio.iter().map(|audio| described(&audio.treatment));
    let sounds = match sounds.collect::<Vec<_>>() {
        sounds if sounds.is_empty() => "none".to_owned(),
        sounds => sounds.join("; "),
    };
    progress.say(&format!(
        "video: {}; audio: {sounds}",
        described(&plan.video.treatment)
    ));
    if !plan.rungs.is_empty() {
        let rungs: Vec<&str> = plan.rungs.iter().map(|rung| rung.name.as_str()).collect();
        progress.say(&format!("ladder: {}", rungs.join(", ")));
    }
    if let Some(gap) = plan.long_gap {
        progress.say(&format!(
            "key frames are up to {gap:.1} s apart, and so long will segments be; --strict encodes such a film"
        ));
    }
    for stream in &plan.left_out {
        progress.say(&format!("left out: {stream}"));
    }
}

/// What happens to a stream, in words.
fn described(treatment: &Treatment) -> String {
    match treatment {
        Treatment::Copy => "copied".to_owned(),
        Treatment::Encode(reason) => format!("encoded, for it {reason}"),
    }
}
