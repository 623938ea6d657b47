//! Options of the cache of hot objects.

use crate::exit::{Failure, Kind};
use bytesize::ByteSize;
use clap::Args;
use reelgate_host::Log;
use reelgate_host::cache::{Cache, OpenError, Settings};
use std::path::PathBuf;

/// Memory unless another amount is given: a dozen segments and the playlists of many films. Small beside what a
/// busy host takes for its connections.
const MEMORY: &str = "64MB";

/// Room on disk unless another amount is given: a few films in all their qualities.
const DISK: &str = "10GB";

/// Keeps objects that are asked for again and again, behind the gate and before the bucket.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub(crate) struct CacheArgs {
    /// Memory for objects that are asked for again and again; 0 keeps none.
    #[arg(long, value_name = "SIZE", default_value = MEMORY)]
    cache_memory: ByteSize,
    /// Keeps them on disk as well, in a folder that no other host uses.
    #[arg(long, value_name = "DIR")]
    cache_dir: Option<PathBuf>,
    /// Room in that folder.
    #[arg(long, value_name = "SIZE", default_value = DISK, requires = "cache_dir")]
    cache_size: ByteSize,
}

impl Default for CacheArgs {
    fn default() -> Self {
        Self {
            cache_memory: ByteSize::mb(64),
            cache_dir: None,
            cache_size: ByteSize::gb(10),
        }
    }
}

impl CacheArgs {
    /// The cache, where one is wanted.
    pub(crate) fn open(&self, log: &Log) -> Result<Option<Cache>, Failure> {
        let settings = Settings {
            memory: self.cache_memory.as_u64(),
            disk: self
                .cache_dir
                .clone()
                .map(|folder| (folder, self.cache_size.as_u64())),
        };
        let log = log.clone();
        let report = Box::new(move |message: &str| log.error("cache", message));
        Cache::open(&settings, report).map_err(|error| {
            let help = match &error {
                OpenError::Taken(_) => {
                    "stop the other one, or give each host a folder of its own with --cache-dir"
                }
                OpenError::Unusable { .. } => {
                    "choose a folder that can be written to with --cache-dir"
                }
            };
            Failure::new(Kind::Failed, error).with_help(help)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Command {
        #[command(flatten)]
        cache: CacheArgs,
    }

    fn parse(words: &[&str]) -> Result<CacheArgs, clap::Error> {
        let words = ["serve"].iter().chain(words);
        Command::try_parse_from(words).map(|command| command.cache)
    }

    #[test]
    fn nothing_said_is_the_default() {
        assert_eq!(parse(&[]).unwrap(), CacheArgs::default());
    }

    #[test]
    fn sizes_are_read_as_people_write_them() {
        let words = [
            "--cache-memory",
            "1GiB",
            "--cache-dir",
            "d",
            "--cache-size",
            "0.5TB",
        ];
        let cache = parse(&words).unwrap();
        assert_eq!(cache.cache_memory.as_u64(), 1 << 30);
        assert_eq!(cache.cache_size.as_u64(), 500_000_000_000);
        assert_eq!(
            parse(&["--cache-memory", "0"])
                .unwrap()
                .cache_memory
                .as_u64(),
            0
        );
        assert!(parse(&["--cache-memory", "much"]).is_err());
        assert!(parse(&["--cache-size", "1GB"]).is_err());
    }
}
