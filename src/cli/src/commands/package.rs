//! `reelgate package` on the command line.

mod about;
mod batch;
mod bucket;
mod values;

use std::{
    num::{NonZeroU32, NonZeroUsize},
    path::PathBuf,
    time::Duration,
};

use reelgate_core::key::GameId;

use crate::{
    exit::{self, Failure, Kind},
    signals,
};
use reelgate_packager::{
    Encoder, Encoding, Error, Ladder, Options, Outcome, Packaged, Progress, Scratch, Source, Terms,
    Unchanged, Updated, Wishes, run as package,
};

use about::AboutArgs;
pub(crate) use bucket::{BucketArgs, bucket};
pub(crate) use values::{captions, game_id};

/// Arguments of `reelgate package`.
#[derive(clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub(crate) struct Args {
    /// The film: a file, or s3://BUCKET/KEY on the same server
    #[arg(
        value_name = "SRC",
        value_parser = values::source(),
        required_unless_present = "batch",
        requires = "game"
    )]
    source: Option<Source>,
    /// The game it belongs to: its objects lie under games/ID/
    #[arg(long, visible_alias = "film", value_name = "ID", value_parser = values::game_id, requires = "source")]
    game: Option<String>,
    /// Package every film of a CSV file with the columns game_id and source, and segment_seconds,
    /// encode, strict, copy_only, ladder, thumbnails and captions where a film needs its own; title, date,
    /// description and further columns are text for portals
    #[arg(long, value_name = "FILE", conflicts_with_all = ["source", "game"])]
    batch: Option<PathBuf>,
    #[command(flatten)]
    about: AboutArgs,
    /// Films of a batch that are worked on at once
    #[arg(long, value_name = "N", default_value = "2", requires = "batch")]
    jobs: NonZeroUsize,
    #[command(flatten)]
    bucket: BucketArgs,
    /// Length of a segment; a copied film is cut at the key frames it has
    #[arg(long, value_name = "SECONDS", default_value = "6", value_parser = values::segment_seconds)]
    segment_seconds: f64,
    /// Encode the picture even when it could be copied
    #[arg(long)]
    encode: bool,
    /// Encode a picture whose key frames are too far apart for segments of that length
    #[arg(long)]
    strict: bool,
    /// Refuse a film that cannot be copied, instead of encoding it
    #[arg(long, conflicts_with_all = ["encode", "strict"])]
    copy_only: bool,
    /// Package a truncated or damaged film as far as it can be read, and mark it as salvaged
    #[arg(long)]
    salvage: bool,
    /// Qualities beside the film as it is: abr adds up to four for lines of several widths, and the
    /// film alone stays playable as master.v1.m3u8
    #[arg(long, value_name = "LADDER")]
    ladder: Option<values::Rungs>,
    /// Encode with the machine's own encoder, which is found by trying; with x264 where it does not
    /// work. Only x264 makes the same bytes of a film every time
    #[arg(long, value_name = "ENCODER", default_value = "software")]
    encoder: values::EncoderName,
    /// Give x264 so many threads for each quality of a ladder: faster on a machine that has them, and
    /// no two runs make the same bytes [default: 1, which is repeatable]
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroU32>,
    /// Make no poster and no thumbnails
    #[arg(long)]
    no_thumbnails: bool,
    /// Leave the files of earlier packagings of this game for viewers who are watching them; the
    /// next run without this removes them
    #[arg(long)]
    keep_old: bool,
    /// Package a film that the ledger in the bucket says is done
    #[arg(long)]
    force: bool,
    /// Hash the whole of a film before it is taken for one that is done; without this its size and
    /// three samples are compared
    #[arg(long, conflicts_with = "force")]
    verify: bool,
    /// Room for films that come from s3://, all jobs together; what ffmpeg writes takes none
    #[arg(long, value_name = "BYTES", default_value = "20GB", value_parser = values::room)]
    scratch: u64,
    /// Folder for them; what killed runs left in it is removed [default: the system's for temporary
    /// files]
    #[arg(long, value_name = "FOLDER")]
    scratch_dir: Option<PathBuf>,
    /// How long the bucket may be in trouble while one film is packaged, all its outages together
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = values::time)]
    retry_budget: Duration,
    /// How long ffmpeg may do nothing with a film before it is stopped, and the film is a failure;
    /// ffprobe a minute at most
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = values::wait)]
    ffmpeg_timeout: Duration,
    /// Show no progress, only what is amiss and the result
    #[arg(long, short)]
    quiet: bool,
    /// Print the result as one JSON object; in a batch one for each film, and a summary at the end
    #[arg(long)]
    json: bool,
}

const AFTER_HELP: &str = "\
A film that is copied never touches the disk: ffmpeg writes into a pipe, and each segment is uploaded \
while the next is read. Films from s3:// are downloaded first, for ffmpeg has to read them back and forth.

games/ID/package.json in the bucket says what was done. A film is done when it has the same size and \
samples, is wished the same, and all its objects are there; run the same command again at any time.";

/// Packages a film or a whole archive, unless it is interrupted.
pub(crate) async fn run(args: Args) -> Result<(), Failure> {
    match (&args.batch, &args.source, &args.game) {
        (Some(list), _, _) => batch::run(&args, list).await,
        (None, Some(source), Some(game)) => one(&args, source, game).await,
        // clap has seen to it.
        _ => Err(Failure::new(Kind::Usage, "name a film and its game")),
    }
}

async fn one(args: &Args, source: &Source, game: &str) -> Result<(), Failure> {
    let bucket = bucket(&args.bucket)?;
    // clap has checked it already.
    let game = GameId::new(game).map_err(|error| Failure::new(Kind::Usage, error))?;
    let scratch = args.scratch_for([source])?;
    let (encoder, note) = Encoder::find(args.encoder.wished()).await;
    let about = args.about.about();
    let options = Options {
        source,
        game,
        bucket: &bucket,
        wishes: args.wishes(),
        about: &about,
        terms: args.terms(encoder),
        scratch: scratch.as_ref(),
    };
    let progress = if args.quiet {
        Progress::quiet()
    } else {
        Progress::of_stderr()
    };
    if let Some(note) = note {
        progress.say(&note);
    }
    let stop = signals::stop_requested().map_err(|error| Failure::new(Kind::Failed, error))?;
    let outcome = tokio::select! {
        // Ctrl-C ends ffmpeg too, and that must not be taken for a failure of ffmpeg.
        biased;
        () = stop => Err(Error::Interrupted),
        outcome = package(&options, &progress) => outcome,
    };
    progress.clear();
    let outcome = outcome?;
    for warning in outcome.warnings() {
        progress.say(&format!("warning: {warning}"));
    }
    let result = if args.json {
        json(&outcome)?
    } else {
        summary(&outcome)
    };
    exit::print(&result)
}

impl Args {
    fn wishes(&self) -> Wishes {
        Wishes {
            segment_seconds: self.segment_seconds,
            encode: self.encode,
            strict: self.strict,
            ladder: match self.ladder {
                Some(values::Rungs::Abr) => Ladder::Abr,
                None => Ladder::Single,
            },
            thumbnails: !self.no_thumbnails,
            copy_only: self.copy_only,
        }
    }

    fn terms(&self, encoder: Encoder) -> Terms {
        Terms {
            encoding: Encoding {
                encoder,
                threads: self.threads,
            },
            keep_old: self.keep_old,
            verify: self.verify,
            force: self.force,
            salvage: self.salvage,
            retry_budget: self.retry_budget,
            ffmpeg_timeout: self.ffmpeg_timeout,
        }
    }

    /// A folder for downloads, if any of the films has to be downloaded.
    fn scratch_for<'a>(
        &self,
        films: impl IntoIterator<Item = &'a Source>,
    ) -> Result<Option<Scratch>, Error> {
        let mut films = films.into_iter();
        if !films.any(|film| matches!(film, Source::Object { .. })) {
            return Ok(None);
        }
        let folder = self.scratch_dir.clone();
        let folder = folder.unwrap_or_else(std::env::temp_dir);
        Scratch::open(&folder, self.scratch).map(Some)
    }
}

fn json(value: &impl serde::Serialize) -> Result<String, Failure> {
    serde_json::to_string(value).map_err(|error| Failure::new(Kind::Failed, error))
}

fn summary(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Packaged(packaged) => summary_of(packaged),
        Outcome::Updated(Updated {
            source,
            master,
            captions,
            removed,
            ..
        }) => {
            let captions = captions_in_words(captions);
            let removed = removed_in_words(*removed);
            format!(
                "{source} is {master} already; captions and details were brought up to date{captions}{removed}"
            )
        }
        Outcome::Unchanged(Unchanged {
            source,
            master,
            removed,
            ..
        }) => {
            let removed = removed_in_words(*removed);
            format!("{source} is {master} already, nothing was done{removed}")
        }
    }
}

fn summary_of(packaged: &Packaged) -> String {
    let Packaged {
        source,
        master,
        segments,
        duration_seconds,
        bytes,
        captions,
        removed,
        ..
    } = packaged;
    let megabytes = *bytes as f64 / 1e6;
    let captions = captions_in_words(captions);
    let removed = removed_in_words(*removed);
    format!(
        "{source} is {master}: {duration_seconds:.1} s in {segments} segments, {megabytes:.1} MB{captions}{removed}"
    )
}

fn captions_in_words(captions: &[String]) -> String {
    match captions {
        [] => String::new(),
        all => format!(", captions {}", all.join(" ")),
    }
}

fn removed_in_words(removed: usize) -> String {
    match removed {
        0 => String::new(),
        n => format!(", {n} old objects removed"),
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let help = error.help();
        let kind = match error {
            Error::Setting { .. } => Kind::Configuration,
            _ => Kind::Failed,
        };
        let failure = Self::new(kind, error);
        match help {
            Some(help) => failure.with_help(help),
            None => failure,
        }
    }
}
