//! `reelgate package --batch`: what is printed of it, and how it ends.

use std::{cell::RefCell, fmt::Write as _, path::Path, time::Instant};

use reelgate_packager::{
    Encoder, Error, Outcome, Progress,
    batch::{self, BadList, Batch, Board, Failed, Report},
};
use serde::Serialize;

use crate::{
    exit::{self, Failure, Kind},
    signals,
};

use super::{Args, bucket::bucket, json};

/// What came of a batch: the last object that `--json` prints.
#[derive(Debug, Default, Serialize)]
#[serde(tag = "status", rename = "summary")]
struct Summary {
    /// Films in the list.
    films: usize,
    /// Films that were packaged.
    packaged: usize,
    /// Films that were done before, of which captions or details were changed.
    updated: usize,
    /// Films that were done before.
    unchanged: usize,
    /// Films that could not be packaged.
    failed: usize,
    /// Films that it did not come to, for it was interrupted or the bucket refused everything.
    not_reached: usize,
    /// Bytes of all objects of the films that were packaged.
    bytes: u64,
    /// Objects of earlier editions that were removed.
    removed: usize,
    /// How long it took, to the millisecond.
    seconds: f64,
    #[serde(skip)]
    failures: Vec<Failed>,
    #[serde(skip)]
    unprinted: Option<Failure>,
}

#[derive(Debug, thiserror::Error)]
#[error("{failed} of {} could not be packaged", batch::films_in_words(*films))]
struct SomeFailed {
    failed: usize,
    films: usize,
}

/// Packages every film of the list, unless it is interrupted.
pub(super) async fn run(args: &Args, list: &Path) -> Result<(), Failure> {
    let since = Instant::now();
    let films = batch::read(list, args.wishes())?;
    let bucket = bucket(&args.bucket)?;
    let scratch = args.scratch_for(films.iter().map(|film| &film.source))?;
    let (encoder, note) = Encoder::find(args.encoder.wished()).await;
    if let Some(note) = note {
        Progress::quiet().say(&note);
    }
    let batch = Batch {
        films: &films,
        bucket: &bucket,
        terms: args.terms(encoder),
        scratch: scratch.as_ref(),
        jobs: args.jobs,
    };
    let stop = signals::stop_requested().map_err(|error| Failure::new(Kind::Failed, error))?;
    let board = Board::of_stderr(args.quiet);
    let summary = RefCell::new(Summary::default());
    let ended = tokio::select! {
        // Ctrl-C ends ffmpeg too, and that must not be taken for a failure of ffmpeg.
        biased;
        () = stop => Err(Error::Interrupted),
        ended = batch.run(&board, |report| {
            board.suspend(|| summary.borrow_mut().add(report, args.json));
        }) => ended,
    };
    board.clear();
    let summary = summary.into_inner().close(films.len(), since);
    finish(summary, ended, args.json)
}

fn finish(mut summary: Summary, ended: Result<(), Error>, as_json: bool) -> Result<(), Failure> {
    if let Some(failure) = summary.unprinted.take() {
        return Err(failure);
    }
    let told = if as_json {
        json(&summary)?
    } else {
        summary.in_words()
    };
    exit::print(&told)?;
    ended?;
    if summary.failed == 0 {
        return Ok(());
    }
    let Summary { failed, films, .. } = summary;
    let help = "mend what the table names, then run the same command again: what is done is not done again";
    Err(Failure::new(Kind::Failed, SomeFailed { failed, films }).with_help(help))
}

impl Summary {
    /// Counts one film, and prints it as JSON where that is wished.
    fn add(&mut self, report: Report, as_json: bool) {
        if as_json {
            let printed = json(&report).and_then(|line| exit::print(&line));
            self.unprinted = self.unprinted.take().or(printed.err());
        }
        match report {
            Report::Failed(failed) => {
                self.failed += 1;
                self.failures.push(failed);
            }
            Report::Done { outcome, .. } => match outcome {
                Outcome::Packaged(packaged) => {
                    self.packaged += 1;
                    self.bytes += packaged.bytes;
                    self.removed += packaged.removed;
                }
                Outcome::Updated(updated) => {
                    self.updated += 1;
                    self.removed += updated.removed;
                }
                Outcome::Unchanged(unchanged) => {
                    self.unchanged += 1;
                    self.removed += unchanged.removed;
                }
            },
        }
    }

    fn close(mut self, films: usize, since: Instant) -> Self {
        self.films = films;
        let reached = self.packaged + self.updated + self.unchanged + self.failed;
        self.not_reached = films - reached;
        self.seconds = (since.elapsed().as_secs_f64() * 1000.0).round() / 1000.0;
        self.failures.sort_by_key(|failed| failed.line);
        self
    }

    /// Counts in a line, and a table of what failed.
    fn in_words(&self) -> String {
        let Self {
            films,
            packaged,
            updated,
            unchanged,
            failed,
            not_reached,
            ..
        } = self;
        let megabytes = self.bytes as f64 / 1e6;
        let mut told = format!(
            "{}: {packaged} packaged ({megabytes:.1} MB), {unchanged} unchanged, {failed} failed",
            batch::films_in_words(*films)
        );
        // Writing into a string cannot fail.
        if *updated > 0 {
            let _ = write!(told, ", {updated} with new captions or details");
        }
        if *not_reached > 0 {
            let _ = write!(told, ", {not_reached} not reached");
        }
        let games = self.failures.iter();
        let games = games.map(|failed| failed.game.chars().count());
        let width = games.max().unwrap_or(0).clamp(4, 40);
        if !self.failures.is_empty() {
            let _ = write!(told, "\n\n{:>6}  {:width$}  why", "line", "game");
        }
        for failed in &self.failures {
            let Failed {
                line, game, error, ..
            } = failed;
            let _ = write!(told, "\n{line:>6}  {game:width$}  {error}");
            if let Some(help) = &failed.help {
                let _ = write!(told, "\n{:>6}  {:width$}  help: {help}", "", "");
            }
        }
        told
    }
}

impl From<BadList> for Failure {
    fn from(error: BadList) -> Self {
        let help = match error {
            BadList::Unreadable { .. } => "name a file that this user can read",
            BadList::Wrong { .. } => "correct these lines; nothing has been packaged",
        };
        Self::new(Kind::Usage, error).with_help(help)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(line: u64, game: &str) -> Report {
        Report::Failed(Failed {
            line,
            game: game.to_owned(),
            source: "a.mp4".to_owned(),
            error: "a.mp4 is empty".to_owned(),
            help: Some("name a film".to_owned()),
        })
    }

    #[test]
    fn the_table_names_line_game_reason_and_help() {
        let mut summary = Summary::default();
        summary.add(failed(9, "2025-final"), false);
        summary.add(failed(3, "7"), false);
        let told = summary.close(4, Instant::now()).in_words();
        let expected = "\
4 films: 0 packaged (0.0 MB), 0 unchanged, 2 failed, 2 not reached

  line  game        why
     3  7           a.mp4 is empty
                    help: name a film
     9  2025-final  a.mp4 is empty
                    help: name a film";
        assert_eq!(told, expected);
    }

    #[test]
    fn a_failed_film_is_one_object() {
        let Report::Failed(failed) = failed(9, "7") else {
            return;
        };
        assert_eq!(
            serde_json::to_string(&failed).unwrap_or_default(),
            r#"{"status":"failed","line":9,"game":"7","source":"a.mp4","error":"a.mp4 is empty","help":"name a film"}"#
        );
    }
}
