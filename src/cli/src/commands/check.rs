//! `reelgate package check` on the command line.

mod in_bucket;

use std::{fmt::Write as _, path::PathBuf};

use reelgate_hls_check::{Depth, Judged, NotChecked, Outcome, Place, Report, check};
use reqwest::Url;

use crate::{
    commands::package::{BucketArgs, bucket},
    exit::{self, Failure, Kind},
};

/// Check a packaged film against Apple's rules for HLS, one by one
///
/// Exit code 0 when every MUST is kept, warnings or not.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The multivariant playlist: s3://BUCKET/games/ID/master.m3u8, an address with a token
    /// (https://GATE/games/ID/master.m3u8?t=TOKEN), or a file
    #[arg(value_name = "PLAYLIST", value_parser = address)]
    playlist: Address,
    #[command(flatten)]
    bucket: BucketArgs,
    /// Read playlists, init sections, and the first and last segment of each playlist only
    #[arg(long)]
    quick: bool,
    /// Print the result as one JSON object
    #[arg(long)]
    json: bool,
}

/// What the command line names.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Address {
    Bucket { bucket: String, key: String },
    Web(Url),
    File(PathBuf),
}

/// Judges a presentation and prints what came of each rule.
pub(crate) async fn run(args: Args) -> Result<(), Failure> {
    let depth = if args.quick {
        Depth::Quick
    } else {
        Depth::Full
    };
    let place = place(&args)?;
    let report = check(place, depth).await?;
    let result = if args.json {
        serde_json::to_string(&report).map_err(|error| Failure::new(Kind::Failed, error))?
    } else {
        text(&report)
    };
    exit::print(&result)?;
    match report.passed {
        true => Ok(()),
        false => Err(broken(&report)),
    }
}

fn place(args: &Args) -> Result<Place, Failure> {
    Ok(match &args.playlist {
        Address::Web(url) => Place::Web(url.clone()),
        Address::File(path) => Place::File(path.clone()),
        Address::Bucket { bucket: name, key } => {
            let config = bucket(&args.bucket.in_bucket(name))?;
            in_bucket::place(&config, key)?
        }
    })
}

fn address(text: &str) -> Result<Address, String> {
    if let Some(rest) = text.strip_prefix("s3://") {
        let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() || key.is_empty() {
            return Err("write s3://BUCKET/games/ID/master.m3u8".to_owned());
        }
        let (bucket, key) = (bucket.to_owned(), key.to_owned());
        return Ok(Address::Bucket { bucket, key });
    }
    if text.starts_with("http://") || text.starts_with("https://") {
        let url = Url::parse(text).map_err(|error| error.to_string())?;
        return Ok(Address::Web(url));
    }
    match text.split_once("://") {
        Some((scheme, _)) => Err(format!("{scheme}:// is not known; s3, http and https are")),
        None => Ok(Address::File(text.into())),
    }
}

fn broken(report: &Report) -> Failure {
    let failed = report.rules.iter().filter(|it| it.outcome == Outcome::Fail);
    let failed: Vec<&str> = failed.map(|it| it.rule).collect();
    let failed = failed.join(", ");
    Failure::new(
        Kind::Failed,
        format!("rules that MUST be kept are not: {failed}"),
    )
}

/// One line for each rule, and one below it for each finding.
fn text(report: &Report) -> String {
    let mut text = String::new();
    for judged in &report.rules {
        rule(&mut text, judged);
    }
    let Report {
        playlist,
        playlists,
        segments,
        bytes,
        ..
    } = report;
    let (passed, warnings) = (report.count(Outcome::Pass), report.count(Outcome::Warning));
    let (failed, unchecked) = (
        report.count(Outcome::Fail),
        report.count(Outcome::NotChecked),
    );
    let inapplicable = report.count(Outcome::NotApplicable);
    let megabytes = *bytes as f64 / 1e6;
    // A string takes all that is written to it.
    let _ = write!(
        text,
        "{playlist}: {playlists} playlists, {segments} segments, {megabytes:.1} MB read; \
         {passed} rules kept, {warnings} warnings, {failed} failed, {unchecked} not checked, \
         {inapplicable} not applicable"
    );
    text
}

fn rule(text: &mut String, judged: &Judged) {
    let Judged { rule, title, .. } = judged;
    let outcome = match judged.outcome {
        Outcome::Pass => "pass",
        Outcome::Warning => "warning",
        Outcome::Fail => "FAIL",
        Outcome::NotChecked => "-",
        Outcome::NotApplicable => "n/a",
    };
    let _ = writeln!(text, "{outcome:<8}{rule:<12}{title}");
    for finding in &judged.findings {
        let _ = match finding.at.as_str() {
            "" => writeln!(text, "{:20}{}", "", finding.what),
            at => writeln!(text, "{:20}{at}: {}", "", finding.what),
        };
    }
    if judged.more_findings > 0 {
        let _ = writeln!(text, "{:20}and {} more", "", judged.more_findings);
    }
}

impl From<NotChecked> for Failure {
    fn from(error: NotChecked) -> Self {
        let help = error.help.clone();
        let failure = Self::new(Kind::Failed, error);
        match help {
            Some(help) => failure.with_help(help),
            None => failure,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_playlist_is_in_a_bucket_on_a_server_or_a_file() {
        let in_bucket = Address::Bucket {
            bucket: "films".to_owned(),
            key: "games/1/master.m3u8".to_owned(),
        };
        assert_eq!(address("s3://films/games/1/master.m3u8"), Ok(in_bucket));
        let url = "https://video.portal.example/games/1/master.m3u8?t=x";
        assert_eq!(address(url), Ok(Address::Web(url.parse().unwrap())));
        let file = "out/master.m3u8";
        assert_eq!(address(file), Ok(Address::File(file.into())));
        for odd in ["s3://films", "s3:///key", "ftp://a/b", "https://"] {
            assert!(address(odd).is_err(), "{odd}");
        }
    }
}
