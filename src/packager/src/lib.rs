//! One film becomes HLS in the bucket, or a whole archive does: what `reelgate package` does.
//!
//! Everything of one packaging lies in `games/{id}/{edition}/`, whose name stands for its content;
//! `games/{id}/master.m3u8` points into it and is written when all of it is there. See `upload` for why.
//! `games/{id}/package.json` says what was done, and is written last; see `ledger`.

pub mod batch;
mod bucket;
pub mod check;
mod codecs;
mod cutter;
mod edition;
mod edits;
mod error;
mod ffmpeg;
mod fragments;
mod iframes;
mod job;
mod ladder;
mod languages;
mod ledger;
mod measure;
mod outlets;
mod plan;
mod playlist;
mod presentation;
mod probe;
mod progress;
mod recipe;
mod remux;
mod scratch;
mod shelf;
mod small_ffmpeg;
mod source;
mod standing;
mod stills;
mod thumbnails;
mod upload;

pub use bucket::Config as BucketConfig;
pub use error::Error;
pub use ladder::Ladder;
pub use ledger::Ledger;
pub use plan::Wishes;
pub use progress::{Progress, next_tenth};
pub use scratch::Scratch;
pub use shelf::{Packed, Shelf};
pub use source::{BadSource, Source};

use std::{path::Path, time::Duration};

use reelgate_core::key::GameId;
use serde::Serialize;
use tokio::try_join;

use bucket::Bucket;
use edition::Fingerprint;
use job::{Job, Task};
use plan::Plan;
use probe::Probe;
use scratch::Place;
use source::{Film, Found};
use standing::Standing;
use upload::Upload;

/// What to package, for whom, and where to.
pub struct Options<'a> {
    /// The film.
    pub source: &'a Source,
    /// Whose film it is.
    pub game: GameId<'a>,
    /// The bucket.
    pub bucket: &'a BucketConfig,
    /// How it is wished.
    pub wishes: Wishes,
    /// How to go about it.
    pub terms: Terms,
    /// Where films that lie in a bucket are put meanwhile; asked for only when there is one.
    pub scratch: Option<&'a Scratch>,
}

/// How to go about it, whatever the film.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Whether the files of earlier editions stay, for those who are watching them.
    pub keep_old: bool,
    /// Whether to hash the whole film before it is taken for one that is done.
    pub verify: bool,
    /// Whether to package what is done.
    pub force: bool,
    /// How long the bucket may be in trouble, for one film, all its trouble together.
    pub retry_budget: Duration,
    /// How long ffmpeg may do nothing before it is stopped; ffprobe a minute at most.
    pub ffmpeg_timeout: Duration,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            keep_old: false,
            verify: false,
            force: false,
            retry_budget: Duration::from_secs(3600),
            ffmpeg_timeout: Duration::from_secs(600),
        }
    }
}

/// What came of it: the object that `--json` prints.
#[derive(Debug, Serialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Outcome {
    /// It was packaged.
    Packaged(Box<Packaged>),
    /// It had been, just so, and nothing was done.
    Unchanged(Unchanged),
}

/// A film that was packaged.
#[derive(Debug, Serialize)]
pub struct Packaged {
    /// The game's id.
    pub game: String,
    /// The film.
    pub source: String,
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

/// A film that was done already.
#[derive(Debug, Serialize)]
pub struct Unchanged {
    /// The game's id.
    pub game: String,
    /// The film.
    pub source: String,
    /// Key of the master playlist.
    pub master: String,
    /// The folder of the packaging, below the game's.
    pub edition: String,
    /// Bytes of all its objects.
    pub bytes: u64,
    /// How many objects of earlier editions were removed.
    pub removed: usize,
}

impl Outcome {
    /// What is amiss though the film plays.
    pub fn warnings(&self) -> &[String] {
        match self {
            Self::Packaged(packaged) => &packaged.warnings,
            Self::Unchanged(_) => &[],
        }
    }
}

/// Packages the film, unless it is done already; it can be dropped at any time, and the bucket then
/// plays what it played before.
///
/// # Errors
/// [`Error`] says what is wrong and, on the way to the terminal, what to do.
pub async fn run(options: &Options<'_>, progress: &Progress) -> Result<Outcome, Error> {
    let budget = options.terms.retry_budget;
    let bucket = Bucket::new(options.bucket, budget, progress.clone())?;
    package(&bucket, options, progress).await
}

async fn package(
    bucket: &Bucket,
    options: &Options<'_>,
    progress: &Progress,
) -> Result<Outcome, Error> {
    let Options { game, terms, .. } = *options;
    let (standing, (film, found)) = try_join!(
        Standing::of(bucket, game),
        source::look(options.source, options.bucket, bucket)
    )?;
    progress.to_upload(film.bytes);
    let done = if terms.force {
        None
    } else {
        standing.done(bucket, &film, options.wishes).await?
    };
    if let Some(ledger) = done.as_ref().filter(|_| !terms.verify) {
        let unchanged = standing.leave(bucket, ledger, options).await?;
        return Ok(Outcome::Unchanged(unchanged));
    }
    let here = fetch(options, &film, found, progress).await?;
    if let Some(ledger) = done
        && here.hash().await?.to_hex().as_str() == ledger.source.blake3
    {
        let unchanged = standing.leave(bucket, &ledger, options).await?;
        return Ok(Outcome::Unchanged(unchanged));
    }
    let task = Task {
        path: here.path(),
        called: options.source.to_string(),
        film: &film,
        game,
        wishes: options.wishes,
        keep_old: terms.keep_old,
        ffmpeg_timeout: terms.ffmpeg_timeout,
    };
    match attempt(bucket, &task, &here, standing, progress).await {
        // Somebody else has swept up what an earlier run had uploaded; the second time it is seen.
        Err(Error::Vanished(_)) => {
            let standing = Standing::of(bucket, game).await?;
            attempt(bucket, &task, &here, standing, progress).await
        }
        packaged => packaged,
    }
    .map(|packaged| Outcome::Packaged(Box::new(packaged)))
}

/// A film on this machine.
enum Here<'a> {
    /// It was here before.
    File(&'a Path),
    /// It was fetched, and goes with this value.
    Copy(Place<'a>, blake3::Hash),
}

impl Here<'_> {
    fn path(&self) -> &Path {
        match self {
            Self::File(path) => path,
            Self::Copy(place, _) => &place.path,
        }
    }

    fn fingerprint(&self) -> Fingerprint {
        match self {
            Self::File(path) => Fingerprint::start(path),
            Self::Copy(_, hash) => Fingerprint::known(*hash),
        }
    }

    async fn hash(&self) -> Result<blake3::Hash, Error> {
        self.fingerprint().finish().await
    }
}

async fn fetch<'a>(
    options: &Options<'a>,
    film: &Film,
    found: Found,
    progress: &Progress,
) -> Result<Here<'a>, Error> {
    let (bucket, remote) = match (found, options.source) {
        (Found::There(bucket, remote), _) => (bucket, remote),
        (Found::Here, Source::File(path)) => return Ok(Here::File(path)),
        // What was found here is a file.
        (Found::Here, Source::Object { .. }) => return Err(Error::Interrupted),
    };
    let scratch = options.scratch.ok_or(Error::NoScratch)?;
    let place = scratch.place(&film.name, film.bytes).await?;
    let fetched = |bytes| progress.fetched(bytes);
    let hash = bucket.download(&remote, &place.path, &fetched).await?;
    Ok(Here::Copy(place, hash))
}

async fn attempt(
    bucket: &Bucket,
    task: &Task<'_>,
    here: &Here<'_>,
    standing: Standing,
    progress: &Progress,
) -> Result<Packaged, Error> {
    let film = here.fingerprint();
    let (probe, plan) = examine(task).await?;
    tell(&plan, progress);
    let former = standing.former();
    let upload = Upload {
        bucket,
        game: task.game,
        before: &standing.there,
        former: &former,
        progress,
    };
    let version = &probe.program_version.version;
    match cut_up(task, &plan, version, upload, film).await {
        // The first minute promised better; nobody has to read a whole film to know before.
        Err(Error::LongSegment(seconds)) => {
            let plan = plan.encoded(seconds);
            tell(&plan, progress);
            cut_up(task, &plan, version, upload, here.fingerprint()).await
        }
        packaged => packaged,
    }
}

async fn cut_up(
    task: &Task<'_>,
    plan: &Plan,
    ffmpeg: &str,
    upload: Upload<'_>,
    film: Fingerprint,
) -> Result<Packaged, Error> {
    let job = Job::new(task, plan, ffmpeg, upload);
    let packaged = match job.cut_and_upload(film).await {
        Ok(film) => job.publish(film).await,
        Err(error) => Err(error),
    };
    if let Err(error) = &packaged {
        job.clean_up_after(error).await;
    }
    packaged
}

fn tell(plan: &Plan, progress: &Progress) {
    plan.in_words().iter().for_each(|line| progress.note(line));
    if let Some(gap) = plan.long_gap {
        progress.note(&format!(
            "key frames are up to {gap:.1} s apart, and so long will segments be; --strict encodes such a film"
        ));
    }
}

async fn examine(task: &Task<'_>) -> Result<(Probe, Plan), Error> {
    let probe = probe::probe(task.path, task.ffmpeg_timeout).await?;
    let no_plan = |reason| Error::NoPlan {
        path: task.path.to_owned(),
        reason,
    };
    let plan = plan::plan(&probe, task.wishes).map_err(no_plan)?;
    Ok((probe, plan))
}
