//! `reelgate stream`: Cloudflare Stream's side of the Stream path.

mod cloudflare;
mod fake;
mod probe;
mod status;
mod subscribe;

#[cfg(test)]
mod tests;

pub(crate) use fake::failure as fake_failure;

use clap::Subcommand;

use crate::exit::Failure;

/// Arguments of `reelgate stream`.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Have Stream call the gate when a video is through; prints the secret it signs with
    Subscribe(subscribe::Args),
    /// Show who is called and what is on its way
    Status(status::Args),
    /// Serve a Cloudflare Stream for laptops and tests
    Fake(fake::Args),
}

/// Runs the subcommand.
pub(crate) async fn run(args: Args) -> Result<(), Failure> {
    match args.command {
        Command::Subscribe(args) => subscribe::run(args).await,
        Command::Status(args) => status::run(args).await,
        Command::Fake(args) => fake::run(args).await,
    }
}
