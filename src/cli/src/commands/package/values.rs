//! Values of options, as they are typed.

use std::{path::PathBuf, time::Duration};

use bytesize::ByteSize;
use clap::builder::{OsStringValueParser, TypedValueParser};
use jiff::SignedDuration;
use reelgate_core::key::GameId;
use reelgate_packager::{Encoder, Label, Source};

/// Less room than this is a slip of the pen.
const LEAST_ROOM: u64 = 1024 * 1024;

/// What `--ladder` takes.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(super) enum Rungs {
    /// Up to 1080, 720, 480 and 240 lines, never above the film
    Abr,
}

/// What `--encoder` takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum EncoderName {
    /// The machine's own where one works, else x264
    Auto,
    /// x264, with the same result on every machine
    Software,
    /// Intel and AMD on Linux
    Vaapi,
    /// NVIDIA
    Nvenc,
    /// Intel Quick Sync
    Qsv,
    /// Apple
    Videotoolbox,
}

impl EncoderName {
    /// The encoder of that name; `None` for whichever works.
    pub(super) fn wished(self) -> Option<Encoder> {
        match self {
            Self::Auto => None,
            Self::Software => Some(Encoder::Software),
            Self::Vaapi => Some(Encoder::Vaapi),
            Self::Nvenc => Some(Encoder::Nvenc),
            Self::Qsv => Some(Encoder::Qsv),
            Self::Videotoolbox => Some(Encoder::VideoToolbox),
        }
    }
}

/// A path, or `s3://BUCKET/KEY`.
pub(super) fn source() -> impl TypedValueParser<Value = Source> {
    OsStringValueParser::new().try_map(|text| Source::parse(&text))
}

/// A game's id.
pub(crate) fn game_id(id: &str) -> Result<String, String> {
    GameId::new(id).map(|_| id.to_owned()).map_err(|_| {
        "a game id is 1 to 128 bytes without slashes, backslashes, control characters and escapes".to_owned()
    })
}

/// Captions: `en=film.srt`.
pub(crate) fn captions(text: &str) -> Result<(Label, PathBuf), String> {
    let parts = text.split_once('=').filter(|(_, file)| !file.is_empty());
    let (label, file) = parts.ok_or("write LANGUAGE=FILE: en=film.srt")?;
    let label = Label::parse(label).map_err(|error| error.to_string())?;
    Ok((label, file.into()))
}

/// As [`captions`], or `none`.
pub(super) fn captions_or_none(text: &str) -> Result<Option<(Label, PathBuf)>, String> {
    match text {
        "none" => Ok(None),
        text => captions(text).map(Some),
    }
}

/// Seconds of a segment.
pub(super) fn segment_seconds(text: &str) -> Result<f64, String> {
    let seconds: f64 = text
        .parse()
        .map_err(|_| "that is no number of seconds".to_owned())?;
    if (1.0..=60.0).contains(&seconds) {
        Ok(seconds)
    } else {
        Err("1 to 60 seconds are possible".to_owned())
    }
}

/// Bytes: `20GB`, `1.5TB`, `500MiB`.
pub(super) fn room(text: &str) -> Result<u64, String> {
    let size: ByteSize = text
        .parse()
        .map_err(|_| "that is no size; 20GB and 500MiB are".to_owned())?;
    if size.as_u64() < LEAST_ROOM {
        return Err("at least 1MiB is needed".to_owned());
    }
    Ok(size.as_u64())
}

/// A time: `1h`, `90s`, `1h 30m`.
pub(super) fn time(text: &str) -> Result<Duration, String> {
    let no_time = || "that is no time; 1h, 10m and 90s are".to_owned();
    let time: SignedDuration = text.parse().map_err(|_| no_time())?;
    Duration::try_from(time).map_err(|_| no_time())
}

/// As [`time`], and long enough for a program to begin.
pub(super) fn wait(text: &str) -> Result<Duration, String> {
    match time(text)? {
        long if long >= Duration::from_secs(1) => Ok(long),
        _ => Err("at least 1s is needed".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_times_are_read_as_people_write_them() {
        assert_eq!(room("20GB"), Ok(20_000_000_000));
        assert_eq!(room("1.5 TB"), Ok(1_500_000_000_000));
        assert_eq!(room("512MiB"), Ok(536_870_912));
        assert!(room("20").is_err());
        assert!(room("much").is_err());
        assert_eq!(time("1h"), Ok(Duration::from_secs(3600)));
        assert_eq!(time("1h 30m"), Ok(Duration::from_secs(5400)));
        assert_eq!(time("0s"), Ok(Duration::ZERO));
        assert!(time("-1h").is_err());
        assert!(time("soon").is_err());
        assert_eq!(wait("1s"), Ok(Duration::from_secs(1)));
        assert!(wait("0s").is_err());
    }
}
