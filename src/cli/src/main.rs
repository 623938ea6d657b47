//! The command line of reelgate.

mod aws;
mod bundle;
mod cache;
mod commands;
mod copying;
mod env_file;
mod exit;
mod gate_api;
mod open_files;
mod places;
mod plain;
mod settings;
mod signals;
mod variables;
mod version;

use std::process::ExitCode;

use clap::Parser;

use crate::commands::Command;

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

fn main() -> ExitCode {
    if asks_for_all_of_the_version() {
        let printed = exit::print(version::verbose().trim_end());
        return printed.map_or_else(|failure| failure.report(), |()| ExitCode::SUCCESS);
    }
    let cli = variables::parse::<Cli>(std::env::args_os());
    // Only one that is there already can stand in its way, and that would do as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match cli.command.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
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
