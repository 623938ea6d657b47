//! The command line of reelgate.

mod aws;
mod bundle;
mod cache;
mod captions;
mod check;
mod env_file;
mod exit;
mod gate_api;
mod health;
mod manual;
mod open_files;
mod package;
mod places;
mod plain;
mod play;
mod reconcile;
mod s3;
mod sample;
mod serve;
mod settings;
mod signals;
mod store;
mod stream;
mod token;
mod up;
mod variables;
mod version;
mod videos;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use exit::{Failure, Kind};

/// Memory that a crowd took goes back within a second, and a request costs less than with glibc's.
#[cfg(target_os = "linux")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Private video delivery from an S3-compatible bucket
#[derive(Parser)]
#[command(name = "reelgate", version, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// `--version --verbose`, in either order; clap's own answer to `--version` takes no notice of other options.
fn asks_for_all_of_the_version() -> bool {
    let words: Vec<_> = std::env::args_os().skip(1).collect();
    let is = |word: &std::ffi::OsStr, names: [&str; 2]| names.iter().any(|name| word == *name);
    words.len() == 2
        && words.iter().any(|word| is(word, ["--version", "-V"]))
        && words.iter().any(|word| is(word, ["--verbose", "-v"]))
}

#[derive(Subcommand)]
enum Command {
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
struct Package {
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

fn main() -> ExitCode {
    if asks_for_all_of_the_version() {
        let printed = exit::print(version::verbose().trim_end());
        return printed.map_or_else(|failure| failure.report(), |()| ExitCode::SUCCESS);
    }
    let cli = variables::parse::<Cli>(std::env::args_os());
    // Only one that is there already can stand in its way, and that would do as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match run(cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Bundle(args) => bundle::run(&args),
        Command::Captions(args) => block_on(captions::run(args)),
        Command::Completions(args) => {
            manual::completions(&args);
            Ok(())
        }
        Command::Health(args) => block_on(health::run(args)),
        Command::Man(args) => manual::man(&args),
        Command::Package(args) => block_on(args.run()),
        Command::Play(args) => block_on(play::run(args)),
        Command::Reconcile(args) => block_on(reconcile::run(args)),
        Command::S3(args) => block_on(s3::run(args)),
        Command::Sample(args) => block_on(sample::run(args)),
        // Has a runtime for each of its threads.
        Command::Serve(args) => args.run(),
        Command::Store(args) => store::run(&args),
        Command::Stream(args) => block_on(stream::run(args)),
        Command::Token(args) => token::run(&args),
        Command::Up(args) => block_on(up::run(args)),
        Command::Videos(args) => block_on(videos::run(args)),
    }
}

fn block_on(command: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Runtime::new();
    runtime
        .map_err(|error| Failure::new(Kind::Failed, error))?
        .block_on(command)
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, Parser as _};

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }

    #[test]
    fn captions_are_named_by_language_and_file() {
        let is_taken = |line: &str| {
            let words = ["reelgate", "captions"].into_iter().chain(line.split(' '));
            super::Cli::try_parse_from(words).is_ok()
        };
        for line in [
            "add --game 7 en=film.srt de.forced=signs.vtt",
            "list --game 7 --json",
            "remove --game 7 en de.forced",
        ] {
            assert!(is_taken(line), "{line}");
        }
        for line in [
            "add en=film.srt",
            "add --game 7 film.srt",
            "add --game 7",
            "remove --game 7",
            "remove --game a/b en",
        ] {
            assert!(!is_taken(line), "{line}");
        }
    }

    #[test]
    fn package_takes_a_film_a_list_or_a_question() {
        let is_taken = |line: &str| {
            let words = ["reelgate", "package"].into_iter().chain(line.split(' '));
            super::Cli::try_parse_from(words).is_ok()
        };
        for line in [
            "film.mp4 --game 7",
            "film.mp4 --game 7 --title Final --captions en=film.srt --captions de=b.vtt",
            "--batch games.csv",
            "check s3://films/games/7/master.m3u8",
        ] {
            assert!(is_taken(line), "{line}");
        }
        for line in [
            "--json",
            "film.mp4",
            "--game 7",
            "film.mp4 --game 7 --batch games.csv",
            "--batch games.csv --title Final",
            "check",
        ] {
            assert!(!is_taken(line), "{line}");
        }
    }
}
