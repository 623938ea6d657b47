//! `reelgate package`: one film becomes HLS in the bucket.
//!
//! Everything of one packaging lies in `games/{id}/{edition}/`, whose name stands for its content;
//! `games/{id}/master.m3u8` points into it and is written last. See `upload` for why.

mod args;
mod bucket;
mod codecs;
mod edition;
mod error;
mod plan;
mod playlist;
mod probe;
mod progress;
mod remux;
mod scratch;
mod upload;

pub(crate) use args::{Args, run as run_command};
pub(crate) use bucket::Config as BucketConfig;
pub(crate) use error::Error;
pub(crate) use plan::Wishes;
pub(crate) use progress::Progress;

use std::path::{Path, PathBuf};

use reelgate_core::key::GameId;
use serde::Serialize;
use tokio::{sync::mpsc, try_join};

use bucket::Bucket;
use edition::Edition;
use plan::{Plan, Treatment};
use playlist::Rendition;
use probe::Probe;
use remux::{INIT, PLAYLIST};
use scratch::Scratch;
use upload::{Stored, Upload};

/// What to package, for whom, and where to.
pub(crate) struct Options<'a> {
    /// The film.
    pub(crate) source: &'a Path,
    /// Whose film it is.
    pub(crate) game: GameId<'a>,
    /// The bucket.
    pub(crate) bucket: &'a BucketConfig,
    /// How it is wished.
    pub(crate) wishes: Wishes,
    /// Whether the files of earlier editions stay, for those who are watching them.
    pub(crate) keep_old: bool,
}

/// What came of it: the object that `--json` prints.
#[derive(Debug, Serialize)]
pub(crate) struct Packaged {
    /// The game's id.
    pub(crate) game: String,
    /// The film.
    pub(crate) source: PathBuf,
    /// Key of the master playlist.
    pub(crate) master: String,
    /// The folder of this packaging, below the game's.
    pub(crate) edition: String,
    /// How many segments.
    pub(crate) segments: usize,
    /// Seconds of film.
    pub(crate) duration_seconds: f64,
    /// Bytes of all objects of this edition.
    pub(crate) bytes: u64,
    /// Bytes among them that an interrupted or earlier run had uploaded.
    pub(crate) bytes_already_there: u64,
    /// `copied`, or why it was encoded.
    pub(crate) video: String,
    /// `copied`, why it was encoded, or null for a silent film.
    pub(crate) audio: Option<String>,
    /// CODECS of the master playlist.
    pub(crate) codecs: String,
    /// RESOLUTION: width and height.
    pub(crate) resolution: (u64, u64),
    /// FRAME-RATE, or null.
    pub(crate) frame_rate: Option<f64>,
    /// BANDWIDTH, bits a second.
    pub(crate) bandwidth: u64,
    /// AVERAGE-BANDWIDTH, bits a second.
    pub(crate) average_bandwidth: u64,
    /// Streams of the film that are not packaged.
    pub(crate) left_out: Vec<String>,
    /// How many objects of earlier editions were removed.
    pub(crate) removed: usize,
    /// What is amiss though the film plays.
    pub(crate) warnings: Vec<String>,
}

/// Packages the film; it can be dropped at any time, and the bucket then plays what it played before.
///
/// # Errors
/// [`Error`] says what is wrong and, on the way to the terminal, what to do.
pub(crate) async fn run(options: &Options<'_>, progress: &Progress) -> Result<Packaged, Error> {
    let bytes = check_source(options.source).await?;
    let bucket = Bucket::new(options.bucket)?;
    let prefix = upload::prefix(options.game);
    let (before, (probe, plan)) = try_join!(
        bucket.list(&prefix),
        examine(options.source, options.wishes)
    )?;
    tell_plan(&plan, progress);
    progress.to_upload(bytes);

    let scratch = Scratch::new()?;
    let Options { source, game, .. } = *options;
    let upload = Upload {
        bucket: &bucket,
        scratch: &scratch,
        game,
        before: &before,
        progress,
    };
    let (complete, announced) = mpsc::unbounded_channel();
    let remux = remux::remux(source, &plan, &scratch, progress, complete);
    let segments = async {
        let edition = Edition::of(source, &plan, &probe.program_version.version).await?;
        let segments = upload.segments(&edition, announced).await?;
        Ok((edition, segments))
    };
    let (count, (edition, segments)) = try_join!(remux, segments)?;
    if check_source(source).await? != bytes {
        return Err(Error::Changed(source.to_owned()));
    }
    let finished = Finished {
        options,
        plan,
        upload,
        edition,
        segments,
    };
    finished.publish(count as usize).await
}

/// A film that is cut up, and whose segments are in the bucket.
struct Finished<'a> {
    options: &'a Options<'a>,
    plan: Plan,
    upload: Upload<'a>,
    edition: Edition,
    segments: Vec<Stored>,
}

impl Finished<'_> {
    async fn publish(self, count: usize) -> Result<Packaged, Error> {
        let Self {
            options,
            plan,
            upload,
            edition,
            segments,
        } = self;
        let (media, durations) = playlist::media(&read(&upload, PLAYLIST).await?)?;
        if durations.len() != count || segments.len() != count {
            return Err(Error::Output(format!(
                "{} segments, of which {count} are listed",
                segments.len()
            )));
        }
        let duration_seconds = durations.iter().sum();
        check_duration(options.source, plan.video.duration, duration_seconds)?;
        let codecs = codecs::read(&read(&upload, INIT).await?)?;
        let measured = upload::measured(&durations, &segments);
        let rendition = Rendition::new(codecs, plan.video.frame_rate, &measured);

        let written = tokio::fs::write(upload.scratch.path().join(PLAYLIST), media).await;
        written.map_err(|error| upload.scratch.error(error))?;
        let mut stored = segments;
        stored.push(upload.put(&edition, INIT.to_owned()).await?);
        stored.push(upload.put(&edition, PLAYLIST.to_owned()).await?);
        upload.verify(&edition, &stored).await?;
        let media_uri = format!("{}/{PLAYLIST}", edition.as_str());
        let master = upload
            .publish(playlist::master(&rendition, &media_uri))
            .await?;

        let mut warnings = long_segments(&plan, &durations);
        // The film plays; that old files lie beside it harms nobody.
        let swept = if options.keep_old {
            Ok(0)
        } else {
            upload.sweep(&stored).await
        };
        let removed = swept.unwrap_or_else(|error| {
            warnings.push(format!("old files were left in the bucket: {error}"));
            0
        });
        let was_there = stored.iter().filter(|object| object.was_there);
        Ok(Packaged {
            game: options.game.as_str().to_owned(),
            source: options.source.to_owned(),
            master,
            edition: edition.as_str().to_owned(),
            segments: count,
            duration_seconds,
            bytes: stored.iter().map(|object| object.bytes).sum(),
            bytes_already_there: was_there.map(|object| object.bytes).sum(),
            video: described(&plan.video.treatment),
            audio: plan.audio.map(|audio| described(&audio.treatment)),
            codecs: rendition.codecs.names,
            resolution: (rendition.codecs.width, rendition.codecs.height),
            frame_rate: rendition.frame_rate,
            bandwidth: rendition.bandwidth,
            average_bandwidth: rendition.average_bandwidth,
            left_out: plan.left_out,
            removed,
            warnings,
        })
    }
}

async fn read(upload: &Upload<'_>, name: &str) -> Result<Vec<u8>, Error> {
    let content = tokio::fs::read(upload.scratch.path().join(name)).await;
    content.map_err(|error| upload.scratch.error(error))
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
    let audio = plan.audio.as_ref().map(|audio| described(&audio.treatment));
    let audio = audio.unwrap_or_else(|| "none".to_owned());
    progress.say(&format!(
        "video: {}; audio: {audio}",
        described(&plan.video.treatment)
    ));
    for stream in &plan.left_out {
        progress.say(&format!("left out: {stream}"));
    }
}

fn described(treatment: &Treatment) -> String {
    match treatment {
        Treatment::Copy => "copied".to_owned(),
        Treatment::Encode(reason) => format!("encoded, for it {reason}"),
    }
}

/// A film may end a little before it says, by a frame or by the rest of a second.
fn check_duration(path: &Path, told: Option<f64>, read: f64) -> Result<(), Error> {
    match told {
        Some(told) if told - read > (told * 0.02).max(2.0) => Err(Error::Damaged {
            path: path.to_owned(),
            told,
            read,
        }),
        _ => Ok(()),
    }
}

/// A copy is cut where the film lets it; past the minute that was looked at that may be seldom.
fn long_segments(plan: &Plan, durations: &[f64]) -> Vec<String> {
    let longest = durations
        .iter()
        .copied()
        .max_by(f64::total_cmp)
        .unwrap_or_default();
    let limit = plan.segment_seconds * 2.0 + 0.5;
    let warning = format!(
        "the longest segment lasts {longest:.1} s, for the film has no more key frames there; players start and seek faster after packaging it with --encode"
    );
    if longest > limit {
        vec![warning]
    } else {
        Vec::new()
    }
}
