//! The command line of reelgate.

mod env_file;
mod exit;
mod package;
mod s3;
mod sample;
mod settings;
mod signals;
mod token;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use exit::{Failure, Kind};

/// Private video delivery from an S3-compatible bucket
#[derive(Parser)]
#[command(name = "reelgate", version, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Turn a film into HLS and put it into the bucket
    Package(package::Args),
    /// Serve a folder as an S3 bucket, for laptops and tests
    S3(s3::Args),
    /// Make a minute of test film, to try everything with
    Sample(sample::Args),
    /// Mint playback tokens, and look into tokens
    Token(token::Args),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    // Only one that is there already can stand in its way, and that would do as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match run(cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

fn run(command: Command) -> Result<(), Failure> {
    let runtime = tokio::runtime::Runtime::new();
    let runtime = runtime.map_err(|error| Failure::new(Kind::Failed, error))?;
    runtime.block_on(async {
        match command {
            Command::Package(args) => package::run_command(args).await,
            Command::S3(args) => s3::run(args).await,
            Command::Sample(args) => sample::run(args).await,
            Command::Token(args) => token::run(&args),
        }
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
