//! `reelgate package` on the command line.

use std::path::PathBuf;

use reelgate_core::{config::Lookup as _, key::GameId};

use crate::{
    exit::{self, Failure, Kind},
    settings::{Settings, SettingsArgs},
    signals,
};
use reelgate_packager::{
    BucketConfig, Error, Ladder, Options, Packaged, Progress, Wishes, run as package,
};

/// Region where none is named: what R2 calls itself.
const DEFAULT_REGION: &str = "auto";

/// Arguments of `reelgate package`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The film
    #[arg(value_name = "SRC")]
    source: PathBuf,
    /// The game it belongs to: its objects lie under games/ID/
    #[arg(long, value_name = "ID", value_parser = game_id)]
    game: String,
    /// URL of the S3 server [env: REELGATE_S3_ENDPOINT or SPIN_VARIABLE_S3_ENDPOINT]
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,
    /// Bucket [env: REELGATE_S3_BUCKET or SPIN_VARIABLE_S3_BUCKET]
    #[arg(long, value_name = "NAME")]
    bucket: Option<String>,
    /// Region, auto for R2 [env: REELGATE_S3_REGION or SPIN_VARIABLE_S3_REGION]
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
    /// Access key id; the secret is taken from REELGATE_S3_SECRET_ACCESS_KEY or
    /// SPIN_VARIABLE_S3_SECRET_ACCESS_KEY [env: REELGATE_S3_ACCESS_KEY_ID or
    /// SPIN_VARIABLE_S3_ACCESS_KEY_ID]
    #[arg(long, value_name = "ID")]
    access_key_id: Option<String>,
    #[command(flatten)]
    settings: SettingsArgs,
    /// Length of a segment; a copied film is cut at the key frames it has
    #[arg(long, value_name = "SECONDS", default_value = "6", value_parser = segment_seconds)]
    segment_seconds: f64,
    /// Encode the picture even when it could be copied
    #[arg(long)]
    encode: bool,
    /// Encode a picture whose key frames are too far apart for segments of that length
    #[arg(long)]
    strict: bool,
    /// Qualities beside the film as it is: abr adds up to four for lines of several widths, and the
    /// film alone stays playable as master.v1.m3u8
    #[arg(long, value_name = "LADDER")]
    ladder: Option<Rungs>,
    /// Make no poster and no thumbnails
    #[arg(long)]
    no_thumbnails: bool,
    /// Leave the files of earlier packagings of this game for viewers who are watching them; the
    /// next run without this removes them
    #[arg(long)]
    keep_old: bool,
    /// Print the result as one JSON object
    #[arg(long)]
    json: bool,
}

/// What `--ladder` takes.
#[derive(Clone, Copy, clap::ValueEnum)]
enum Rungs {
    /// Up to 1080, 720, 480 and 240 lines, never above the film
    Abr,
}

/// Packages a film, unless it is interrupted.
pub(crate) async fn run(args: Args) -> Result<(), Failure> {
    let bucket = bucket(&args)?;
    // clap has checked it already.
    let game = GameId::new(&args.game).map_err(|error| Failure::new(Kind::Usage, error))?;
    let wishes = Wishes {
        segment_seconds: args.segment_seconds,
        encode: args.encode,
        strict: args.strict,
        ladder: match args.ladder {
            Some(Rungs::Abr) => Ladder::Abr,
            None => Ladder::Single,
        },
        thumbnails: !args.no_thumbnails,
    };
    let (source, keep_old) = (args.source.as_path(), args.keep_old);
    let options = Options {
        source,
        game,
        bucket: &bucket,
        wishes,
        keep_old,
    };
    let progress = Progress::of_stderr();
    let stop = signals::stop_requested().map_err(|error| Failure::new(Kind::Failed, error))?;
    let packaged = tokio::select! {
        // Ctrl-C ends ffmpeg too, and that must not be taken for a failure of ffmpeg.
        biased;
        () = stop => Err(Error::Interrupted),
        packaged = package(&options, &progress) => packaged,
    };
    progress.clear();
    let packaged = packaged?;
    for warning in &packaged.warnings {
        progress.say(&format!("warning: {warning}"));
    }
    let result = if args.json {
        json(&packaged)?
    } else {
        summary(&packaged)
    };
    exit::print(&result)
}

fn json(packaged: &Packaged) -> Result<String, Failure> {
    serde_json::to_string(packaged).map_err(|error| Failure::new(Kind::Failed, error))
}

fn summary(packaged: &Packaged) -> String {
    let Packaged {
        source,
        master,
        segments,
        duration_seconds,
        bytes,
        removed,
        ..
    } = packaged;
    let megabytes = *bytes as f64 / 1e6;
    let removed = match removed {
        0 => String::new(),
        n => format!(", {n} old objects removed"),
    };
    format!(
        "{} is {master}: {duration_seconds:.1} s in {segments} segments, {megabytes:.1} MB{removed}",
        source.display()
    )
}

/// The bucket from the command line, from our own variables, or from the gate's.
fn bucket(args: &Args) -> Result<BucketConfig, Failure> {
    let settings = Settings::read(&args.settings)?;
    let find = |flag: Option<&String>, name: &str| {
        let own = || settings.named(&own_name(name));
        flag.cloned().or_else(own).or_else(|| settings.get(name))
    };
    let mut missing = Vec::new();
    let mut required = |flag, name| {
        find(flag, name).unwrap_or_else(|| {
            missing.push(own_name(name));
            String::new()
        })
    };
    let config = BucketConfig {
        endpoint: required(args.endpoint.as_ref(), "s3_endpoint"),
        bucket: required(args.bucket.as_ref(), "s3_bucket"),
        access_key_id: required(args.access_key_id.as_ref(), "s3_access_key_id"),
        secret_access_key: required(None, "s3_secret_access_key"),
        region: find(args.region.as_ref(), "s3_region")
            .unwrap_or_else(|| DEFAULT_REGION.to_owned()),
    };
    if missing.is_empty() {
        return Ok(config);
    }
    let error = format!(
        "the bucket is not configured: {} missing",
        missing.join(", ")
    );
    Err(Failure::new(Kind::Configuration, error).with_help(
        "set these variables, or the gate's SPIN_VARIABLE_S3_..., or name a file that does with --env-file; all but the secret can be given as options too",
    ))
}

/// Our variable for the gate's variable `name`.
fn own_name(name: &str) -> String {
    format!("REELGATE_{}", name.to_ascii_uppercase())
}

fn game_id(id: &str) -> Result<String, String> {
    GameId::new(id).map(|_| id.to_owned()).map_err(|_| {
        "a game id is 1 to 128 bytes without slashes, backslashes, control characters and escapes".to_owned()
    })
}

fn segment_seconds(text: &str) -> Result<f64, String> {
    let seconds: f64 = text
        .parse()
        .map_err(|_| "that is no number of seconds".to_owned())?;
    if (1.0..=60.0).contains(&seconds) {
        Ok(seconds)
    } else {
        Err("1 to 60 seconds are possible".to_owned())
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
