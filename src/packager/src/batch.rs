//! A whole archive, film by film.
//!
//! One bad film is reported and does not stop the rest; what every film would meet does. A batch can be
//! dropped, or killed, at any time: what is done is known by its ledger and not done again.

mod board;
mod columns_of_own;
mod list;
mod mistakes;

pub(crate) use board::Row;
pub use board::{Board, films_in_words};
pub use list::{Entry, read};
pub use mistakes::{BadList, Problems};

use std::{num::NonZeroUsize, time::Instant};

use futures::{StreamExt as _, stream};
use indicatif::{DecimalBytes, HumanDuration};
use reelgate_core::key::GameId;
use serde::Serialize;

use crate::{
    BucketConfig, Error, Options, Outcome, Progress, Scratch, Terms, bucket::Bucket, package,
};
use board::End;

/// What to package, and how.
pub struct Batch<'a> {
    /// The films.
    pub films: &'a [Entry],
    /// The bucket.
    pub bucket: &'a BucketConfig,
    /// How to go about each.
    pub terms: Terms,
    /// Where films that lie in a bucket are put meanwhile.
    pub scratch: Option<&'a Scratch>,
    /// How many films at once.
    pub jobs: NonZeroUsize,
}

/// What became of one film.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Report {
    /// It is in the bucket.
    Done {
        /// Its line in the list.
        line: u64,
        /// Packaged, or unchanged.
        #[serde(flatten)]
        outcome: Outcome,
    },
    /// It is not.
    Failed(Failed),
}

/// A film that was not packaged.
#[derive(Debug, Serialize)]
#[serde(tag = "status", rename = "failed")]
pub struct Failed {
    /// Its line in the list.
    pub line: u64,
    /// The game's id.
    pub game: String,
    /// The film.
    pub source: String,
    /// Why.
    pub error: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl Batch<'_> {
    /// Packages every film; `tell` is told of each as soon as it is through, in no special order.
    ///
    /// # Errors
    /// What every film would meet: a bucket that refuses the key, no ffmpeg.
    pub async fn run(&self, board: &Board, tell: impl Fn(Report)) -> Result<(), Error> {
        board.begin(self.films.len());
        let terms = self.terms;
        let bucket = Bucket::new(self.bucket, terms.retry_budget, Progress::quiet())?;
        let films = self.films.iter();
        let films = films.map(|film| self.film(&bucket, film, board));
        let mut films = stream::iter(films).buffer_unordered(self.jobs.get());
        while let Some(report) = films.next().await {
            tell(report?);
        }
        Ok(())
    }

    /// # Errors
    /// What every film would meet.
    async fn film(&self, bucket: &Bucket, film: &Entry, board: &Board) -> Result<Report, Error> {
        let since = Instant::now();
        let progress = board.film(&film.game);
        let bucket = bucket.for_film(self.terms.retry_budget, progress.clone());
        let outcome = self.package(&bucket, film, &progress).await;
        drop(progress);
        let report = match outcome {
            Err(error) if error.concerns_all() => return Err(error),
            Err(error) => Report::Failed(Failed::of(film, &error)),
            Ok(outcome) => Report::Done {
                line: film.line,
                outcome,
            },
        };
        let (end, line) = report.in_words(since);
        board.ended(&film.game, end, line.as_deref());
        Ok(report)
    }

    async fn package(
        &self,
        bucket: &Bucket,
        film: &Entry,
        progress: &Progress,
    ) -> Result<Outcome, Error> {
        let game = GameId::new(&film.game).map_err(|_| Error::Key(film.game.clone()))?;
        let options = Options {
            source: &film.source,
            game,
            bucket: self.bucket,
            wishes: film.wishes,
            about: &film.about,
            terms: self.terms,
            scratch: self.scratch,
        };
        package::with_bucket(bucket, &options, progress).await
    }
}

impl Failed {
    fn of(film: &Entry, error: &Error) -> Self {
        let mut text = error.to_string();
        let mut cause = std::error::Error::source(error);
        while let Some(error) = cause {
            text = format!("{text}: {error}");
            cause = error.source();
        }
        Self {
            line: film.line,
            game: film.game.clone(),
            source: film.source.to_string(),
            error: text,
            help: error.help(),
        }
    }
}

impl Report {
    /// How it is counted, and what a log says of it; nothing of what was done before.
    fn in_words(&self, since: Instant) -> (End, Option<String>) {
        match self {
            Self::Failed(failed) => (End::Failed, Some(format!("failed: {}", failed.error))),
            Self::Done {
                outcome: Outcome::Unchanged(_),
                ..
            } => (End::Unchanged, None),
            Self::Done {
                outcome: Outcome::Updated(updated),
                ..
            } => {
                let mut line = "captions or details changed".to_owned();
                for warning in &updated.warnings {
                    line.push_str("\n  warning: ");
                    line.push_str(warning);
                }
                (End::Packaged, Some(line))
            }
            Self::Done {
                outcome: Outcome::Packaged(packaged),
                ..
            } => {
                let mut line = format!(
                    "packaged, {} in {}",
                    DecimalBytes(packaged.bytes),
                    HumanDuration(since.elapsed())
                );
                if packaged.video != "copied" {
                    line.push_str("\n  video: ");
                    line.push_str(&packaged.video);
                }
                for stream in &packaged.left_out {
                    line.push_str("\n  left out: ");
                    line.push_str(stream);
                }
                for warning in &packaged.warnings {
                    line.push_str("\n  warning: ");
                    line.push_str(warning);
                }
                (End::Packaged, Some(line))
            }
        }
    }
}
