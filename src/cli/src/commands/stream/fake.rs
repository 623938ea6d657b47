//! `reelgate stream fake`.

use std::{path::PathBuf, time::Duration};

use clap::ValueEnum;
use reelgate_fake_stream::{Encoder, Error, Fake, Mischief, Options};

use crate::{
    exit::{self, Failure, Kind},
    signals,
};

/// Arguments of `reelgate stream fake`.
#[derive(clap::Args)]
pub(super) struct Args {
    /// Address and port to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8789")]
    listen: String,
    /// Folder for films; made when it is not there
    #[arg(long, value_name = "DIR", default_value = ".reelgate/stream")]
    data: PathBuf,
    /// The account's id
    #[arg(long, value_name = "ID", default_value = "fake-account")]
    account_id: String,
    /// Token that clients must show
    #[arg(
        long,
        value_name = "TOKEN",
        env = "REELGATE_FAKE_STREAM_API_TOKEN",
        hide_env_values = true,
        default_value = "fake-api-token"
    )]
    api_token: String,
    /// How long a video stays in each state
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 500)]
    step: u64,
    /// What makes films playable
    #[arg(long, value_enum, default_value_t = EncoderKind::Ffmpeg)]
    encoder: EncoderKind,
    /// Videos that may be on their way before a copy is refused with 429
    #[arg(long, value_name = "N", default_value_t = Options::MOST_IN_FLIGHT)]
    most_in_flight: usize,
    /// What goes wrong from the start; may be given more than once
    #[arg(long, value_name = "WORD", value_parser = mischief, long_help = mischief_help())]
    mischief: Vec<Mischief>,
}

/// What makes films playable.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum EncoderKind {
    /// ffmpeg, which must be installed.
    Ffmpeg,
    /// Nothing: the addresses of a ready video lead nowhere.
    None,
}

/// Serves until the process is asked to stop.
pub(super) async fn run(args: Args) -> Result<(), Failure> {
    let stop = signals::stop_requested().map_err(|error| Failure::new(Kind::Failed, error))?;
    let options = Options {
        listen: args.listen,
        data: args.data,
        account_id: args.account_id,
        api_token: args.api_token,
        step: Duration::from_millis(args.step),
        encoder: match args.encoder {
            EncoderKind::Ffmpeg => Encoder::Ffmpeg,
            EncoderKind::None => Encoder::None,
        },
        most_in_flight: args.most_in_flight,
        mischief: args.mischief,
    };
    let fake = Fake::start(options).await.map_err(failure)?;
    // A script waits for this line; that it has gone away is no reason to stop.
    let _ = exit::print(&format!("listening on {}", fake.url()));
    stop.await;
    Ok(())
}

/// The failure, with what to do about it.
pub(crate) fn failure(error: Error) -> Failure {
    let help = match &error {
        Error::Listen { .. } => {
            "stop the program that listens there, or choose another port; port 0 takes a free one"
        }
        Error::Folder { .. } => "name a folder that you may write to with --data",
        Error::Client(_) => "see to it that the system has root certificates",
    };
    Failure::new(Kind::Failed, error).with_help(help)
}

fn mischief(text: &str) -> Result<Mischief, String> {
    text.parse()
        .map_err(|error: reelgate_fake_stream::NoMischief| error.to_string())
}

fn mischief_help() -> String {
    format!(
        "What goes wrong from the start; may be given more than once: {}. \
         While it runs, rules are set at /control/mischief",
        Mischief::WORDS.join(", ")
    )
}
