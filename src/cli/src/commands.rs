//! The commands of `reelgate`, a file each.

mod captions;
mod check;
mod health;
mod manual;
mod package;
mod play;
mod reconcile;
mod s3;
mod sample;
mod serve;
mod store;
mod stream;
mod token;
mod up;
mod videos;

use clap::Subcommand;

use crate::bundle;
use crate::copying;
use crate::exit::{Failure, Kind};

/// The commands of `reelgate`.
#[derive(Subcommand)]
pub(crate) enum Command {
    #[command(hide = true)]
    Bundle(bundle::Args),
    Captions(captions::Args),
    Completions(manual::CompletionsArgs),
    Health(health::Args),
    #[command(hide = true)]
    Man(manual::ManArgs),
    /// Turn a film into HLS and put it into the bucket
    Package(Box<Package>),
    Play(play::Args),
    Reconcile(reconcile::Args),
    /// Serve a folder as an S3 bucket, for laptops and tests
    S3(s3::Args),
    /// Make a minute of test film, to try everything with
    Sample(sample::Args),
    Serve(Box<serve::Serve>),
    /// Look after the file of a key-value store that no host uses just now
    Store(store::Args),
    /// Cloudflare Stream: subscribe to it, look at it, or have a fake of it
    Stream(stream::Args),
    /// Mint playback tokens, and look into tokens
    Token(token::Args),
    Up(up::Args),
    /// Add films to be encoded by Cloudflare Stream, and see how far they are
    Videos(videos::Args),
}

/// `reelgate package`: a film, or a question about one that is packaged.
#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Package {
    #[command(subcommand)]
    question: Option<Question>,
    #[command(flatten)]
    film: package::Args,
}

#[derive(Subcommand)]
enum Question {
    Check(check::Args),
}

impl Package {
    async fn run(self) -> Result<(), Failure> {
        match self.question {
            Some(Question::Check(args)) => check::run(args).await,
            None => package::run(self.film).await,
        }
    }
}

impl Command {
    /// Runs it to its end.
    pub(crate) fn run(self) -> Result<(), Failure> {
        match self {
            Self::Bundle(args) => bundle::run(&args),
            Self::Captions(args) => block_on(captions::run(args)),
            Self::Completions(args) => manual::completions(&args),
            Self::Health(args) => block_on(health::run(args)),
            Self::Man(args) => manual::man(&args),
            Self::Package(args) => block_on(args.run()),
            Self::Play(args) => block_on(play::run(args)),
            Self::Reconcile(args) => block_on(reconcile::run(args)),
            Self::S3(args) => block_on(s3::run(args)),
            Self::Sample(args) => block_on(sample::run(args)),
            Self::Serve(args) => {
                prepare_memory()?;
                // Has a runtime for each of its threads.
                args.run()
            }
            Self::Store(args) => store::run(&args),
            Self::Stream(args) => block_on(stream::run(args)),
            Self::Token(args) => token::run(&args),
            Self::Up(args) => {
                prepare_memory()?;
                block_on(up::run(args))
            }
            Self::Videos(args) => block_on(videos::run(args)),
        }
    }
}

fn block_on(command: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Runtime::new();
    runtime
        .map_err(|error| Failure::new(Kind::Failed, error))?
        .block_on(command)
}

/// For what serves: most of its work is copying, and memory that a crowd took is to go back.
fn prepare_memory() -> Result<(), Failure> {
    copying::by_vectors().map_err(|error| Failure::new(Kind::Failed, error))?;
    #[cfg(target_os = "linux")]
    tikv_jemalloc_ctl::background_thread::write(true)
        .map_err(|error| Failure::new(Kind::Failed, error.to_string()))?;
    Ok(())
}
